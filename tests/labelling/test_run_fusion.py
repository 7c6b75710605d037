"""A rule that learns is a stage of a run: it sees all shards, then decides all of them."""

import asyncio
from dataclasses import replace

import pytest

from labeler.consensus.fusion import Fusion, FusionRule
from labeler.consensus.label import recompute_solution
from labeler.dataset.reader import open_dataset
from labeler.labelling.run import LabellingRun, run_plainly
from labeler.labelling.together import newest_rows
from tests.noisy_policy import parts


def label(out, shards):
    given = parts(
        consensus={"rule": "fusion", "min_confidence": 0.9},
        run={"shards": shards, "max_active": 6},
    )
    run = LabellingRun(given, out, False, lambda progress: None)
    asyncio.run(run_plainly(run))
    return open_dataset(out)


def test_shards_do_not_matter_and_the_log_says_what_was_learned(tmp_path):
    one, many = (label(tmp_path / str(shards), shards) for shards in (1, 5))
    rows = list(one.solutions())
    assert rows == list(many.solutions())

    fitted = Fusion(FusionRule(min_confidence=0.9)).fit(rows)
    assert [recompute_solution(row, fitted).first_error for row in rows] == [
        row.first_error for row in rows
    ]

    for dataset in (one, many):
        noted = dataset.versions()[-1].info.cost["consensus"]
        assert noted["learned"] == fitted.report()
        assert {source["labeler"] for source in noted["learned"]["sources"]} == {
            "monte_carlo", "omegaprm", "outcome",
        }  # fmt: skip


def grown(out, earlier_labels, half=12):
    """A dataset of two runs: half of the problems, then the others."""
    given = parts(consensus={"rule": "fusion", "min_confidence": 0.9})
    for some in (given.problems[:half], given.problems[half:]):
        run = LabellingRun(
            replace(parts(consensus={"rule": "fusion", "min_confidence": 0.9}), problems=some),
            out,
            False,
            lambda progress: None,
            earlier_labels=earlier_labels,
        )
        asyncio.run(run_plainly(run))
    return open_dataset(out)


def test_earlier_labels_may_be_kept_and_new_ones_are_as_if_all_were_decided(tmp_path):
    anew, kept = grown(tmp_path / "anew", "anew"), grown(tmp_path / "kept", "kept")
    first = list(open_dataset(kept.path, 0).solutions())
    assert list(kept.solutions()) == first + list(anew.solutions())[len(first) :]
    assert kept.data_files()[0] == open_dataset(kept.path, 0).data_files()[0]
    noted = [entry.info.cost["consensus"]["learned"] for entry in kept.versions()]
    assert noted[1] == anew.versions()[1].info.cost["consensus"]["learned"] != noted[0]


@pytest.mark.parametrize("n", [0, 3, 1000])
def test_what_teaches_is_the_newest_solutions(tmp_path, n):
    dataset = grown(tmp_path, "kept")
    rows = [name for batch in newest_rows(tmp_path, [], n)() for name in _names(batch)]
    everything = [row.solution.solution_id for row in dataset.solutions()]
    assert rows == everything[max(0, len(everything) - n) :]


def _names(batch):
    return batch["solution_id"].to_pylist()
