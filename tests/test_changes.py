"""What changed between two versions: counted by cause, in full."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from labeler.dataset import commit, open_dataset, read_shards
from labeler.dataset.changes import Changes, changes
from labeler.dataset.withdraw import withdraw
from labeler.errors import DatasetError
from labeler.records import Asks, Consensus, Evidence, LabeledSolution, Verdict
from tests.test_dataset import commit_run, info, shard, solved

HUMAN = Evidence("p", "human", "1", Asks.CORRECTNESS, Verdict.WRONG)
NOTHING = Changes(0, 1, 0, {}, {}, {}, {}, {}, {})


def labelled(solution: LabeledSolution, *labels: int | None) -> LabeledSolution:
    steps = tuple(replace(s, label=label) for s, label in zip(solution.steps, labels, strict=True))
    return replace(solution, steps=steps)


def decided(solution: LabeledSolution, policy: str, kept: bool, reason: str) -> LabeledSolution:
    return replace(solution, consensus=Consensus(policy, kept, reason))


def reviewed(solution: LabeledSolution) -> LabeledSolution:
    """A person finds the last step wrong."""
    steps = (*solution.steps[:-1], replace(solution.steps[-1], evidence=(HUMAN,), label=-1))
    return replace(solution, steps=steps, first_error=1)


def replaced(folder: Path, old: list[LabeledSolution], new: list[LabeledSolution]) -> Changes:
    dataset = folder / "d"
    commit(dataset, read_shards([shard(folder / "old.parquet", *old)]), info("run-1"))
    withdraw(dataset, lambda row: True)
    commit(dataset, read_shards([shard(folder / "new.parquet", *new)]), info("run-2"))
    return changes(open_dataset(dataset, 0), open_dataset(dataset, 2))


def test_an_append_adds_and_leaves_the_rest(tmp_path: Path) -> None:
    dataset = tmp_path / "d"
    commit_run(dataset, "run-1", 1, 2)
    commit_run(dataset, "run-2", 3)
    old, new = open_dataset(dataset, 0), open_dataset(dataset, 1)
    assert changes(old, new) == replace(NOTHING, n_same=2, added={"run": 1})
    assert changes(new, old) == Changes(1, 0, 2, {}, {"run": 1}, {}, {}, {}, {})
    assert changes(new, new) == Changes(1, 1, 3, {}, {}, {}, {}, {}, {})


def test_every_kind_of_change_is_counted_by_its_cause(tmp_path: Path) -> None:
    one, two, three, four, five, six = map(solved, range(1, 7))
    found = replaced(
        tmp_path,
        [one, two, decided(three, "strict", False, "P = 0.4"), labelled(four, 1, None), five],
        [
            one,
            reviewed(two),
            decided(three, "strict", True, ""),
            decided(labelled(four, 0, None), "loose", False, "P = 0.46"),
            six,
        ],
    )
    assert found == Changes(
        old_version=0,
        new_version=2,
        n_same=1,
        added={"run": 1},
        removed={"run": 1},
        relabelled={"evidence of human and evidence of judge": 1, "policy strict -> loose": 1},
        dropped={"P = #": 1},
        kept_again={"other settings of the same policy": 1},
        labels={"right -> neutral": 1, "right -> wrong": 1},
    )


def test_evidence_that_moved_to_another_step_is_a_cause(tmp_path: Path) -> None:
    first, last = solved(1).steps
    before = replace(solved(1), steps=(first, replace(last, evidence=())))
    after = replace(solved(1), steps=(replace(first, label=-1, evidence=()), last))
    assert replaced(tmp_path, [before], [after]).relabelled == {"evidence of judge": 1}


def test_a_solution_that_two_runs_wrote_is_compared_row_by_row(tmp_path: Path) -> None:
    twice = [solved(1), labelled(solved(1), 1, None)]
    assert replaced(tmp_path, twice, twice) == Changes(0, 2, 2, {}, {}, {}, {}, {}, {})


def test_rows_in_another_order_are_the_same_rows(tmp_path: Path) -> None:
    rows = [reviewed(solved(n)) for n in range(5)]
    assert replaced(tmp_path, rows, rows[::-1]) == Changes(0, 2, 5, {}, {}, {}, {}, {}, {})


def test_versions_of_two_datasets_are_not_compared(tmp_path: Path) -> None:
    commit_run(tmp_path / "a", "run-1", 1)
    commit_run(tmp_path / "b", "run-2", 1)
    with pytest.raises(DatasetError, match=r"a and .*b: compare versions of one dataset"):
        changes(open_dataset(tmp_path / "a"), open_dataset(tmp_path / "b"))
