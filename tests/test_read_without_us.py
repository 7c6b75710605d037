"""A version of a dataset is read by the tools people have, without this package."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_dataset import commit_run

EXPECTED = [("s1", "1+1?", "try 1. ", 1), ("s2", "1+1?", "try 2. ", 1)]
"""Solution, problem, text and label of its first step."""


@pytest.fixture
def dataset(tmp_path: Path) -> str:
    """Two versions, and the leavings of a commit that did not end: only the log tells them."""
    path = tmp_path / "d"
    commit_run(path, "run-1", 1, 2)
    commit_run(path, "run-2", 3)
    (path / "part-000002-00000.parquet").write_bytes(
        (path / "part-000001-00000.parquet").read_bytes()
    )
    return str(path)


def test_polars(dataset: str) -> None:
    import polars as pl

    first = pl.col("steps").list.first().struct
    table = pl.scan_delta(dataset, version=0).select(
        "solution_id", "text", first.field("text").alias("step"), first.field("label")
    )
    assert table.collect().rows() == EXPECTED
    assert pl.scan_delta(dataset).select(pl.len()).collect().item() == 3


def test_pyarrow_through_deltalake(dataset: str) -> None:
    from deltalake import DeltaTable

    rows = DeltaTable(dataset, version=0).to_pyarrow_table().to_pylist()
    steps = [row["steps"][0] for row in rows]
    found = [
        (row["solution_id"], row["text"], step["text"], step["label"])
        for row, step in zip(rows, steps, strict=True)
    ]
    assert found == EXPECTED


def test_duckdb(dataset: str) -> None:
    import duckdb
    from deltalake import DeltaTable

    files = DeltaTable(dataset, version=0).file_uris()
    query = "SELECT solution_id, text, steps[1].text, steps[1].label FROM read_parquet(?)"
    assert duckdb.execute(query, [files]).fetchall() == EXPECTED
    table = DeltaTable(dataset).to_pyarrow_dataset()
    count = duckdb.from_arrow(table).aggregate("count(*)").fetchall()
    assert count == [(3,)]


def test_hugging_face_datasets(dataset: str, tmp_path: Path) -> None:
    from datasets import load_dataset
    from deltalake import DeltaTable

    files = DeltaTable(dataset, version=0).file_uris()
    rows = load_dataset(
        "parquet", data_files=files, split="train", cache_dir=str(tmp_path / "cache")
    )
    found = [
        (row["solution_id"], row["text"], row["steps"][0]["text"], row["steps"][0]["label"])
        for row in rows
    ]
    assert found == EXPECTED
