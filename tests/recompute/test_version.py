"""Another consensus on a stored dataset: a new version, once, and nothing else changes."""

import json
from dataclasses import replace

import pytest

from labeler.cli import main
from labeler.consensus.first_zero import FirstZero
from labeler.consensus.human import apply_human_reviews, human_evidence
from labeler.dataset import CommitInfo, commit, open_dataset, read_shards, write_shard
from labeler.errors import ConfigError, DataError, DatasetError
from labeler.recompute.version import recompute_version
from labeler.schema import Provenance, row
from labeler.wiring.consensus import recompute_labels
from tests.consensus.simulation import simulate

DATA = simulate(60, seed=3)
INFO = CommitInfo("run-1", "c0ffee", "0.1.0", "tiny", "sha", 7, {"solutions": 60}, {"calls": 9})


@pytest.fixture
def dataset(tmp_path):
    """Labelled by first_zero, in two shards."""
    files = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for file, part in zip(files, (DATA[:40], DATA[40:]), strict=True):
        provenance = Provenance("run-1", "c0ffee", "0.1.0", file.stem)
        write_shard(file, (row(labeled, provenance) for labeled, _ in part))
    commit(tmp_path / "data", read_shards(files), INFO)
    return tmp_path / "data"


def without_labels(rows):
    for one in rows:
        del one["first_error"], one["consensus"]
        for step in one["steps"]:
            del step["label"], step["probability"]
        yield one


def test_the_new_version_holds_the_same_solutions_with_new_labels(dataset):
    before = open_dataset(dataset)
    made = recompute_labels(dataset, "fusion", {})
    after = open_dataset(dataset)
    assert (made.version, made.made_from, made.already_there) == (1, 0, False)
    assert after.version == 1
    assert list(without_labels(after.rows())) == list(without_labels(before.rows()))
    assert {r.consensus.policy for r in after.solutions()} == {"fusion"}
    assert {r.consensus.policy for r in before.solutions()} == {"first_zero"}
    assert list(before.solutions()) == [labeled for labeled, _ in DATA]
    kept = sum(r.consensus.kept for r in after.solutions())
    assert made.changes.n_kept == kept > made.changes.n_kept_before
    assert made.changes.n_solutions == 60


def test_the_log_tells_where_the_labels_come_from(dataset):
    made = recompute_labels(dataset, "fusion", {"min_confidence": 0.9})
    info = open_dataset(dataset).versions()[-1].info
    assert info.counts == {"solutions": 60, "kept": made.changes.n_kept}
    assert (info.model, info.config_sha, info.seed) == ("tiny", "c0ffee", 7)
    assert (info.cost["calls"], info.cost["prompt_tokens"], info.cost["completion_tokens"]) == (
        0, 0, 0,
    )  # fmt: skip
    noted = info.cost["consensus"]
    assert (noted["made_from"], noted["evidence_of"]) == (0, 0)
    assert noted["settings"] == {"rule": "fusion", "min_confidence": 0.9, "family_voices": 4.0}
    assert [source["labeler"] for source in noted["learned"]["sources"]] == [
        "judge", "spare", "monte_carlo", "outcome",
    ]  # fmt: skip
    json.dumps(noted, allow_nan=False)


def test_the_same_again_does_nothing(dataset):
    recompute_labels(dataset, "fusion", {})
    files = sorted(dataset.glob("*.parquet"))
    for version in (None, 0, 1):
        again = recompute_labels(dataset, "fusion", {}, version)
        assert (again.version, again.already_there) == (1, True)
    assert open_dataset(dataset).version == 1
    assert sorted(dataset.glob("*.parquet")) == files


def test_labels_that_come_out_as_they_are_make_no_version(dataset):
    made = recompute_labels(dataset, "first_zero", {})
    assert (made.version, made.already_there) == (0, True)
    assert open_dataset(dataset).version == 0
    assert len(list(dataset.glob("*.parquet"))) == 1


def test_a_rule_may_come_back(dataset):
    recompute_labels(dataset, "fusion", {})
    first = list(open_dataset(dataset).solutions())
    assert recompute_labels(dataset, "majority", {}).version == 2
    noted = open_dataset(dataset).versions()[-1].info.cost["consensus"]
    assert (noted["made_from"], noted["evidence_of"]) == (1, 0)
    assert recompute_labels(dataset, "fusion", {}).version == 3
    assert list(open_dataset(dataset).solutions()) == first


def test_an_old_version_may_be_taken_up(dataset):
    recompute_labels(dataset, "lessons", {})
    made = recompute_labels(dataset, "first_zero", {}, version=0)
    assert (made.version, made.made_from) == (2, 0)
    assert list(open_dataset(dataset).solutions()) == [labeled for labeled, _ in DATA]


def test_what_a_person_said_stays_in_force(tmp_path):
    right = next(labeled for labeled, truth in DATA if truth == -1)
    said = human_evidence(right.steps[0].prefix_id, -1, "the units are wrong", "ada")
    first = replace(right.steps[0], evidence=(*right.steps[0].evidence, said))
    reviewed = apply_human_reviews(replace(right, steps=(first, *right.steps[1:])))
    file = tmp_path / "a.parquet"
    write_shard(file, [row(reviewed, Provenance("run-1", "c0ffee", "0.1.0", "a"))])
    commit(tmp_path / "data", read_shards([file]), INFO)
    recompute_labels(tmp_path / "data", "all", {})
    [anew] = open_dataset(tmp_path / "data").solutions()
    assert (anew.consensus.policy, anew.first_error) == ("all+human", 0)
    assert [step.label for step in anew.steps] == [-1] + [None] * (len(anew.steps) - 1)


def test_gold_calibrates_and_is_part_of_what_decides(dataset, tmp_path):
    gold = tmp_path / "gold.jsonl"
    lines = [{"solution_id": r.solution.solution_id, "first_error": t} for r, t in DATA[:40]]
    gold.write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    assert recompute_labels(dataset, "fusion", {}).version == 1
    made = recompute_labels(dataset, "fusion", {}, gold_file=gold)
    assert (made.version, made.made_from) == (2, 1)
    assert made.learned["calibration"]["n_solutions"] == 40
    assert recompute_labels(dataset, "fusion", {}, gold_file=gold).already_there


@pytest.mark.parametrize(
    ("policy", "settings", "gold", "error", "message"),
    [
        ("votes", {}, None, ConfigError, "policy 'votes': choose among first_zero, "),
        ("lessons", {"min_confidence": 0.5}, None, ConfigError,
         "policy lessons has no setting 'min_confidence'; leave it out"),
        ("fusion", {"min_confidence": 2}, None, ConfigError,
         "policy fusion: min_confidence: Input should be less than 1, got 2"),
        ("majority", {}, '{"solution_id": "p0", "first_error": 0}', ConfigError,
         "policy majority cannot be calibrated; leave --gold out"),
        ("fusion", {}, '{"solution_id": "p0", "first_error": 40}', DataError,
         "gold: p0 has no step 40; the first step is 0"),
        ("fusion", {}, '{"solution_id": "x", "first_error": 0}', DataError,
         "gold: none of its 1 solutions is in this dataset"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line_and_change_nothing(
    dataset, tmp_path, policy, settings, gold, error, message
):
    file = tmp_path / "gold.jsonl"
    if gold:
        file.write_text(gold + "\n")
    with pytest.raises(error, match="^" + message.replace("(", r"\(")):
        recompute_labels(dataset, policy, settings, gold_file=file if gold else None)
    assert open_dataset(dataset).version == 0


def test_no_such_dataset_or_version(dataset, tmp_path):
    with pytest.raises(DatasetError, match="no labelled dataset is there"):
        recompute_version(tmp_path / "nowhere", FirstZero(), {})
    with pytest.raises(DatasetError, match="has no version 5; latest is 0"):
        recompute_version(dataset, FirstZero(), {}, 5)


def test_a_commit_in_between_is_not_overwritten(dataset):
    """Another run adds rows while a rule learns: a version without them would lose them."""

    class Meddling(FirstZero):
        def fit(self, rows):
            file = dataset.parent / "c.parquet"
            write_shard(file, [row(DATA[0][0], Provenance("run-2", "", "", "c"))])
            commit(dataset, read_shards([file]), replace(INFO, run_id="run-2"))
            return self

        def report(self):
            return {}

    with pytest.raises(DatasetError, match="version 1 was committed meanwhile; run again"):
        recompute_version(dataset, Meddling(), {"rule": "meddling"})
    assert open_dataset(dataset).version == 1
    assert len(list(dataset.glob("*.parquet"))) == 2


def test_a_failed_commit_leaves_everything_as_it_was(dataset):
    class Broken(FirstZero):
        def decide(self, solution, evidence):
            if solution.solution_id == "p50":
                raise DatasetError("no more")
            return super().decide(solution, evidence)

    with pytest.raises(DatasetError, match="no more"):
        recompute_version(dataset, Broken(), {"rule": "broken"})
    assert open_dataset(dataset).version == 0
    assert len(list(dataset.glob("*.parquet"))) == 1


def test_the_command(dataset, capsys, monkeypatch):
    def labeler(*words):
        monkeypatch.setattr("sys.argv", ["labeler", "consensus", str(dataset), *words])
        with pytest.raises(SystemExit):
            main()
        return capsys.readouterr().out

    said = labeler("--policy", "fusion")
    assert said.startswith(f"{dataset}, version 1: fusion on version 0; ")
    assert "what each source says, as learned:" in said
    assert labeler("--policy", "fusion") == (
        f"{dataset}: version 1 holds these labels; nothing to do\n"
    )
    found = json.loads(labeler("--policy", "genprm", "--set", "lenient=true", "--json"))
    assert (found["version"], found["policy"], found["already_there"]) == (2, "genprm", False)
    assert found["changes"]["n_solutions"] == 60


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        (
            "lenient=[",
            "--set lenient: not YAML (expected the node content, but found '<stream end>'); "
            "mend it, or quote what is text",
        ),
        (
            "min_confidence=2024-01-01",
            "policy fusion: min_confidence: Input should be a valid number, got '2024-01-01'",
        ),
        ("lenient", "--set lenient: write key=value, for example --set lenient=true"),
    ],
)
def test_a_mistake_in_a_setting_is_one_line(dataset, capsys, monkeypatch, setting, line):
    command = ["labeler", "consensus", str(dataset), "--policy", "fusion", "--set", setting]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().err == f"labeler: {line}\n"
