"""Labels that a file has are kept beside ours, decide nothing, and tell how good ours are."""

import json
from pathlib import Path

import pytest

from labeler.consensus.annotated import annotated_first_error
from labeler.consensus.label import recompute_solution
from labeler.consensus.rules import RULES
from labeler.dataset import open_dataset
from labeler.errors import DataError
from labeler.records import Verdict
from labeler.stats import label_statistics
from labeler.wiring import run
from labeler.wiring.consensus import annotated_gold, recompute_labels
from labeler.wiring.solutions_file import SolvedPlace, config_for_file

WRONG, RIGHT = "We get 2 + 3 = 6.", "We get 2 + 3 = 5."
RECORDS = [
    # The file and the tool agree, then they do not; of the last nobody said anything.
    {"id": "a", "problem": "2 + 3?", "steps": [WRONG, "So 6."], "label": 0, "notes": ["Sum.", ""]},
    {"id": "b", "problem": "3 + 2?", "steps": [WRONG, "So 6."], "label": -1},
    {"id": "c", "problem": "2 + 3 =?", "steps": [RIGHT, "Well.", "So 5."], "labels": [1, 0, 1]},
    {"id": "d", "problem": "2+3?", "steps": [WRONG, "So 6."]},
]


def labelled(folder, records=RECORDS):
    (folder / "set.jsonl").write_text("\n".join(map(json.dumps, records)))
    place = SolvedPlace.of(str(folder / "set.jsonl"), "auto", [], "train", None)
    run(config_for_file(place, ["tool_check"], None, []), folder / "out")
    return open_dataset(folder / "out")


def without_labels(record):
    return {key: record[key] for key in ("id", "problem", "steps")}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return labelled(tmp_path_factory.mktemp("annotated"))


def said(row, labeler="annotated"):
    pieces = [[e for e in step.evidence if e.labeler == labeler] for step in row.steps]
    return [(e.verdict, e.rationale, e.reason) for step in pieces for e in step]


def test_every_label_of_the_file_is_evidence_with_its_note(dataset):
    rows = {row.solution.solution_id: row for row in dataset.solutions()}
    neutral = "neutral: neither a help nor an error"
    assert {name: said(row) for name, row in rows.items()} == {
        "a": [(Verdict.WRONG, "Sum.", "")],
        "b": [(Verdict.CORRECT, "", "")] * 2,
        "c": [
            (Verdict.CORRECT, "", ""),
            (Verdict.UNKNOWN, "", neutral),
            (Verdict.CORRECT, "", ""),
        ],
        "d": [],
    }
    assert [annotated_first_error(rows[name]) for name in "abcd"] == [0, -1, -1, None]


def test_labels_are_the_same_with_and_without_those_of_the_file(dataset, tmp_path):
    bare = labelled(tmp_path, [without_labels(record) for record in RECORDS])

    def decided(rows):
        return [(row.first_error, [step.label for step in row.steps]) for row in rows]

    assert decided(dataset.solutions()) == decided(bare.solutions())
    assert decided(dataset.solutions())[1] == (0, [-1, None])


def test_another_label_in_the_file_is_another_run(dataset, tmp_path):
    changed = [RECORDS[0] | {"label": 1, "notes": ["", ""]}, *RECORDS[1:]]
    again = labelled(tmp_path, changed)
    runs = {one.versions()[-1].info.run_id for one in (dataset, again)}
    assert len(runs) == 2


def test_agreement_and_calibration_come_from_them(dataset):
    found = label_statistics(dataset)
    [pair] = [p for p in found.agreement.pairs if {p.a, p.b} == {"annotated", "tool_check"}]
    assert (pair.both_right, pair.both_wrong, pair.only_a_right) == (0, 1, 1)
    assert found.calibration["annotated"].n == 2


def test_fusion_is_calibrated_with_them_when_asked(dataset):
    assert annotated_gold(dataset.path, None) == {"a": 0, "b": -1, "c": -1}
    made = recompute_labels(dataset.path, "fusion", {}, None, Path("annotated"))
    assert made.learned["calibration"]["n_solutions"] == 3
    assert not made.not_installed
    assert next(said(row) for row in open_dataset(dataset.path).solutions()) == [
        (Verdict.WRONG, "Sum.", "")
    ]


def test_a_dataset_without_such_labels_says_so(tmp_path):
    bare = labelled(tmp_path, [without_labels(record) for record in RECORDS])
    with pytest.raises(DataError, match="no label of a file is in it; give --gold a file"):
        recompute_labels(bare.path, "fusion", {}, None, Path("annotated"))


def test_no_rule_is_given_them(dataset):
    """Whoever reads evidence by himself would find agreement where there is none."""

    class Watching:
        def __init__(self, rule):
            self.rule, self.name, self.seen = rule, rule.name, set()

        def decide(self, solution, evidence):
            self.seen |= {piece.labeler for pieces in evidence for piece in pieces}
            return self.rule.decide(solution, evidence)

    for name in RULES:
        rule = Watching(RULES[name].build(RULES[name].settings()))
        for row in dataset.solutions():
            recompute_solution(row, rule)
        assert "annotated" not in rule.seen
