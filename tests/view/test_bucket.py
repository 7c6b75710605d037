"""A dataset in a bucket is looked at like one in a folder; statistics fetch none of its files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from labeler.dataset import commit, open_dataset, read_shards, write_shard
from labeler.dataset.bucket import Bucket
from labeler.schema import Provenance, row
from labeler.stats import label_statistics
from labeler.view.app import create_app
from labeler.view.viewer import Viewer
from tests.object_store import serving
from tests.view.made import ALL, info


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    with serving() as environment:
        yield environment


def test_a_bucket_is_looked_at_like_a_folder(
    server: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in server.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LABELER_CACHE", str(tmp_path / "writer"))
    origin = Provenance("run-1", "c0ffee", "0.1.0", "a")
    write_shard(tmp_path / "rows.parquet", (row(one, origin) for one in ALL))
    bucket = Bucket("s3://steps/looked at/d")
    for place in (bucket, tmp_path / "d"):
        commit(place, read_shards([tmp_path / "rows.parquet"]), info("run-1"))

    # Another machine, where nothing of it is known.
    monkeypatch.setenv("LABELER_CACHE", str(tmp_path / "reader"))
    viewer = Viewer(open_dataset(bucket))
    client = TestClient(create_app(viewer), base_url="http://localhost")
    assert client.get("/").status_code == 200
    assert label_statistics(open_dataset(bucket)) == label_statistics(open_dataset(tmp_path / "d"))
    assert list((tmp_path / "reader").rglob("*.parquet")) == []

    assert "3 solutions" in client.get("/v0/").text
    viewer.review(0, 1, {1: 1})
    assert viewer.commit() == 1
    assert "Version 1 in numbers" in client.get("/").text
    assert client.get("/v1/solution/1").status_code == 200
    viewer.close()
