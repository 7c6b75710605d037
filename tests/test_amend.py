"""A few rows replaced: one new version, the others and their order as they were."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from labeler.dataset import amend as amend_module
from labeler.dataset import open_dataset
from labeler.dataset.amend import amend
from labeler.errors import DatasetError
from labeler.records import Consensus, LabeledSolution
from labeler.schema import Provenance, row
from tests.test_dataset import commit_run, info, solved

DROPPED = Consensus("strict", False, "looked at")


def other(number: int, run_id: str = "run") -> dict[str, object]:
    relabelled = replace(solved(number), consensus=DROPPED)
    return row(relabelled, Provenance(run_id, "c0ffee", "0.1.0", "x"))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    for number in range(3):
        commit_run(tmp_path / "d", f"run-{number}", number, number + 10)
    return tmp_path / "d"


def shown(dataset: Path, version: int | None = None) -> list[LabeledSolution]:
    return list(open_dataset(dataset, version).solutions())


def test_the_new_version_has_the_other_rows_in_the_same_place(dataset: Path) -> None:
    before = shown(dataset)
    assert amend(dataset, [other(11), other(0)], info("again")) == 3
    assert shown(dataset) == [
        replace(one, consensus=DROPPED) if one.solution.solution_id in ("s11", "s0") else one
        for one in before
    ]
    assert shown(dataset, 2) == before
    assert [(v.version, v.info and v.info.run_id) for v in open_dataset(dataset).versions()] == [
        (0, "run-0"), (1, "run-1"), (2, "run-2"), (3, "again"),
    ]  # fmt: skip


def test_only_files_that_hold_such_a_row_are_written_anew_and_again(dataset: Path) -> None:
    amend(dataset, [other(1)], info("a"))
    amend(dataset, [other(11)], info("b"))
    assert [file.name for file in open_dataset(dataset).files()] == [
        "part-000000-00000.parquet", "part-000001-00000-v000004.parquet",
        "part-000002-00000.parquet",
    ]  # fmt: skip


def test_other_programs_read_it(dataset: Path) -> None:
    amend(dataset, [other(1)], info("a"))
    kept = pl.read_delta(str(dataset)).select(pl.col("consensus").struct.field("kept"))
    assert sorted(kept.to_series()) == [False] + [True] * 5
    assert commit_run(dataset, "run-9", 9) == 4


def test_the_same_commit_twice_is_one(dataset: Path) -> None:
    assert amend(dataset, [other(1)], info("a")) == 3
    before = sorted(dataset.rglob("*"))
    assert amend(dataset, [other(2)], info("a")) == 3
    assert sorted(dataset.rglob("*")) == before


def test_a_row_without_a_place_changes_nothing(dataset: Path) -> None:
    before = sorted(dataset.rglob("*"))
    with pytest.raises(DatasetError) as caught:
        amend(dataset, [other(1), other(99)], info("a"))
    assert str(caught.value) == (
        f"{dataset}: holds no solution s99 of run run; nothing was changed"
    )
    assert sorted(dataset.rglob("*")) == before


def test_a_commit_of_another_program_meanwhile_is_noticed(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = amend_module.write_parquet

    def meanwhile(path: Path, batches: object) -> int:
        log = dataset / "_delta_log"
        (log / f"{3:020d}.json").write_bytes((log / f"{2:020d}.json").read_bytes())
        return real(path, batches)

    monkeypatch.setattr(amend_module, "write_parquet", meanwhile)
    with pytest.raises(DatasetError, match=re.escape("another program committed version 3")):
        amend(dataset, [other(1)], info("a"))
    assert not list(dataset.glob("*-v*.parquet"))
    assert not list((dataset / "_delta_log").glob(".*.draft"))
