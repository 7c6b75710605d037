"""A dataset in a bucket: all that a folder does, and two committers that share nothing but it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import S3Store

from labeler.cli import main
from labeler.dataset import commit, open_dataset, read_shards, resolve, set_tag, tags
from labeler.dataset.amend import amend
from labeler.dataset.bucket import Bucket
from labeler.dataset.changes import changes
from labeler.dataset.ledger import labelled
from labeler.dataset.storage import located, storage_of
from labeler.dataset.withdraw import withdraw
from labeler.errors import DatasetError
from labeler.labelling.run import LabellingRun, run_plainly
from labeler.wiring.consensus import recompute_labels
from tests.noisy_policy import parts
from tests.object_store import n_requests, serving
from tests.test_dataset import info, shard, solved

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    with serving() as environment:
        yield environment


@pytest.fixture(autouse=True)
def machine(
    server: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Puts us on a machine: each has its own cache, and so its own locks."""
    for name, value in server.items():
        monkeypatch.setenv(name, value)

    def enter(name: str) -> None:
        monkeypatch.setenv("LABELER_CACHE", str(tmp_path / name))

    enter("here")
    return enter


@pytest.fixture
def bucket(request: pytest.FixtureRequest) -> Bucket:
    """A new prefix, with a space in it."""
    return Bucket(f"s3://steps/of {request.node.name}/d")


@pytest.fixture
def labeler(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["labeler", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    return run


def commit_run(where: Path | Bucket, folder: Path, run_id: str, *numbers: int) -> int:
    staged = shard(folder / f"{run_id}.parquet", *map(solved, numbers))
    return commit(where, read_shards([staged]), info(run_id))


def objects(where: Bucket) -> list[str]:
    pages = obstore.list(S3Store.from_url(where.uri))
    return sorted(one["path"] for page in pages for one in page)


def ids(where: Path | Bucket, version: int | None = None) -> list[str]:
    return [row["solution_id"] for row in open_dataset(where, version).rows()]


def test_a_bucket_holds_versions_as_a_folder_does(bucket: Bucket, tmp_path: Path) -> None:
    for where in (bucket, tmp_path / "d"):
        assert commit_run(where, tmp_path, "run-1", 3, 1) == 0
        assert commit_run(where, tmp_path, "run-2", 2) == 1
        assert commit_run(where, tmp_path, "run-1", 3, 1) == 0, "a run is committed once"
        assert (ids(where), ids(where, 0)) == (["s3", "s1", "s2"], ["s3", "s1"])
        assert [v.info for v in open_dataset(where).versions()] == [info("run-1"), info("run-2")]
    there, here = open_dataset(bucket), open_dataset(tmp_path / "d")
    assert list(there.solutions()) == list(here.solutions())
    assert there.scan().collect().equals(here.scan().collect())
    found = [changes(open_dataset(where, 0), open_dataset(where)) for where in (bucket, here.path)]
    assert found[0] == found[1]
    assert found[0].added == {"run": 1}


def test_requests_do_not_grow_with_the_number_of_versions(
    bucket: Bucket, tmp_path: Path, labeler: Command, server: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("labeler.dataset.log.CHECKPOINT_EVERY", 4)

    def asked(work: Callable[[], object]) -> int:
        before = n_requests(server)
        work()
        return n_requests(server) - before

    def night(n: int) -> int:
        return commit_run(bucket, tmp_path, f"run-{n}", n)

    by_version = {}
    for n in range(14):
        by_version[n] = (
            asked(lambda n=n: night(n)), asked(lambda: labeler("stats", bucket, "--json"))
        )  # fmt: skip
    # Two entries behind a checkpoint, both times.
    assert by_version[13] == by_version[9]
    assert by_version[13][1] < 20


def test_another_machine_sees_the_same(
    bucket: Bucket, tmp_path: Path, machine: Callable[[str], None]
) -> None:
    commit_run(bucket, tmp_path, "run-1", 1)
    machine("elsewhere")
    assert not (tmp_path / "elsewhere").exists()
    assert list(open_dataset(bucket).solutions()) == [solved(1)]
    assert commit_run(bucket, tmp_path, "run-1", 1) == 0


def test_every_command_that_reads_takes_an_address(
    bucket: Bucket, tmp_path: Path, labeler: Command
) -> None:
    for where in (bucket, tmp_path / "d"):
        commit_run(where, tmp_path, "run-1", 1, 2)
        commit_run(where, tmp_path, "run-2", 3)
    both: list[list[Any]] = []
    for where in (bucket, tmp_path / "d"):
        assert labeler("tag", where, "v1", "--version", 0) == (0, "v1: version 0\n", "")
        code, out, _ = labeler("versions", where, "--json")
        listed = [(v["version"], v["tags"], v["run"]) for v in json.loads(out)["versions"]]
        exported = tmp_path / f"trl-{len(both)}"
        assert labeler("export", where, "-f", "trl", "-o", exported)[0] == code == 0
        both.append(
            [
                listed,
                labeler("stats", where, "--tag", "v1", "--json"),
                labeler("diff", where, "v1", "1", "--json"),
                labeler("show", where),
                {file.name: file.read_bytes() for file in exported.glob("*.jsonl")},
            ]
        )
    assert both[0] == both[1]
    assert [version[1] for version in both[0][0]] == [["v1"], []]


def test_labels_are_recomputed_and_rows_withdrawn_in_a_bucket(
    bucket: Bucket, tmp_path: Path
) -> None:
    commit_run(bucket, tmp_path, "run-1", 1, 2)
    made = recompute_labels(str(bucket), "majority", {})
    assert (made.version, made.made_from, made.path) == (1, 0, bucket)
    assert {one.consensus.policy for one in open_dataset(bucket).solutions()} == {"majority"}
    assert withdraw(bucket, lambda row: row["run_id"] == "run") == 2
    assert (ids(bucket), ids(bucket, 1), ids(bucket, 0)) == ([], ["s1", "s2"], ["s1", "s2"])


def test_a_tag_is_set_once_whoever_sets_it(
    bucket: Bucket, tmp_path: Path, machine: Callable[[str], None]
) -> None:
    commit_run(bucket, tmp_path, "run-1", 1)
    commit_run(bucket, tmp_path, "run-2", 2)
    assert set_tag(bucket, "v1", 0) == 0
    machine("elsewhere")
    with pytest.raises(DatasetError, match=f"{bucket}: tag v1 is on version 0; --force moves it"):
        set_tag(bucket, "v1", 1)
    assert tags(bucket) == {"v1": 0}
    assert set_tag(bucket, "v1", 1, force=True) == 1
    assert resolve(str(bucket), tag="v1").version == 1


def test_of_two_machines_that_commit_at_once_one_is_told_to_do_it_again(
    bucket: Bucket, tmp_path: Path, machine: Callable[[str], None]
) -> None:
    """Both began behind version 0; the other one is done before this one is."""
    commit_run(bucket, tmp_path, "run-1", 1)
    slow = shard(tmp_path / "slow.parquet", solved(2))

    def overtaken() -> Iterator[Any]:
        yield from read_shards([slow])
        machine("elsewhere")
        assert commit_run(bucket, tmp_path, "run-fast", 3) == 1
        machine("here")

    with pytest.raises(DatasetError, match=rf"{bucket}: commit failed \(.*\); .* --resume"):
        commit(bucket, overtaken(), info("run-slow"))
    assert ids(bucket) == ["s1", "s3"]
    data = [name for name in objects(bucket) if name.endswith(".parquet")]
    assert len(data) == 2, "nothing is left of the commit that failed"
    assert commit(bucket, read_shards([slow]), info("run-slow")) == 2
    assert ids(bucket) == ["s1", "s3", "s2"]


def test_of_two_first_commits_one_is_told_to_do_it_again(
    bucket: Bucket, tmp_path: Path, machine: Callable[[str], None]
) -> None:
    slow = shard(tmp_path / "slow.parquet", solved(2))

    def overtaken() -> Iterator[Any]:
        yield from read_shards([slow])
        machine("elsewhere")
        assert commit_run(bucket, tmp_path, "run-fast", 3) == 0
        machine("here")

    with pytest.raises(DatasetError, match="commit failed"):
        commit(bucket, overtaken(), info("run-slow"))
    assert ids(bucket) == ["s3"]


def test_amended_rows_take_the_place_of_the_old_ones(bucket: Bucket, tmp_path: Path) -> None:
    commit_run(bucket, tmp_path, "run-1", 1, 2)
    rows = list(open_dataset(bucket).rows())
    better = rows[1] | {"first_error": 0}
    assert amend(bucket, [better], info("review-1")) == 1
    assert list(open_dataset(bucket).rows()) == [rows[0], better]
    assert list(open_dataset(bucket, 0).rows()) == rows
    assert amend(bucket, [rows[1]], info("review-1")) == 1, "a review is committed once"


def test_a_review_that_was_overtaken_is_told_to_be_committed_again(
    bucket: Bucket, tmp_path: Path, machine: Callable[[str], None]
) -> None:
    commit_run(bucket, tmp_path, "run-1", 1)
    [row] = open_dataset(bucket).rows()

    def overtaken() -> Iterator[dict[str, Any]]:
        machine("elsewhere")
        assert commit_run(bucket, tmp_path, "run-fast", 2) == 1
        machine("here")
        yield row | {"first_error": 0}

    with pytest.raises(DatasetError, match="another program committed version 1 meanwhile; do it"):
        amend(bucket, overtaken(), info("review-1"))
    assert ids(bucket) == ["s1", "s2"]
    assert len([name for name in objects(bucket) if name.endswith(".parquet")]) == 2


def test_a_committer_on_the_same_machine_is_told_who_holds_the_lock(
    bucket: Bucket, tmp_path: Path
) -> None:
    staged = shard(tmp_path / "a.parquet", solved(1))

    def meanwhile() -> Iterator[Any]:
        with pytest.raises(DatasetError, match=f"{bucket}: run run-1, process .* is committing"):
            commit_run(bucket, tmp_path, "run-2", 2)
        yield from read_shards([staged])

    assert commit(bucket, meanwhile(), info("run-1")) == 0


def test_a_whole_run_commits_to_a_bucket_and_keeps_its_work_here(
    bucket: Bucket, tmp_path: Path
) -> None:
    def label(out: Path | Bucket) -> list[dict[str, Any]]:
        run = LabellingRun(replace(parts(), problems=parts().problems[:2]), out, False, print)
        asyncio.run(run_plainly(run))
        return list(open_dataset(out).rows())

    assert label(bucket) == label(tmp_path / "d")
    run_id = open_dataset(bucket).versions()[0].info.run_id  # type: ignore[union-attr]
    documents = [name for name in objects(bucket) if not name.endswith(".parquet")]
    summaries = [name for name in documents if name.startswith("_summaries/")]
    assert [Path(name).suffix for name in summaries] == [".npz", ".json"]
    assert [name for name in documents if name not in summaries] == [
        f"_delta_log/{0:020d}.json",
        f"_rejections/{run_id}.jsonl",
    ]
    assert (storage_of(bucket).local / "_work" / "journal.sqlite").is_file()
    assert [made.made_by for made in labelled(bucket).values()] == [{}, {}]


def test_what_is_not_there_is_told_in_one_line(
    bucket: Bucket, labeler: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    hint = "check the address, the AWS_ variables and your rights"
    for address, complaint in [
        (bucket, f"{bucket}: no labelled dataset is there; `labeler run` writes one"),
        ("s3://steps", "s3://steps: a dataset is a local folder, or s3://bucket/prefix"),
        ("gs://steps/d", "gs://steps/d: a dataset is a local folder, or s3://bucket/prefix"),
    ]:
        assert labeler("stats", address) == (2, "", f"labeler: {complaint}\n")
    code, out, error = labeler("versions", "s3://no-such-bucket/d")
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert error.startswith("labeler: s3://no-such-bucket/d: the object store does not give it (")
    assert "404 Not Found" in error
    assert error.endswith(f"; {hint}\n")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    code, out, error = labeler("versions", bucket)
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert error.startswith(f"labeler: {bucket}: the object store does not give it (")


def test_an_object_that_was_cut_short_is_noticed(
    bucket: Bucket, tmp_path: Path, machine: Callable[[str], None]
) -> None:
    commit_run(bucket, tmp_path, "run-1", 1)
    store = S3Store.from_url(bucket.uri)
    [name] = [name for name in objects(bucket) if name.endswith(".parquet")]
    whole = bytes(obstore.get(store, name).bytes())
    obstore.put(store, name, whole[: len(whole) // 2])
    machine("elsewhere")
    with pytest.raises(DatasetError, match="damaged or not written by this version of labeler"):
        list(open_dataset(bucket).rows())
    obstore.delete(store, name)
    machine("a third one")
    with pytest.raises(DatasetError, match=f"{bucket}: the object store does not give it"):
        list(open_dataset(bucket).rows())


def test_an_address_stays_one_when_it_passes_through_a_path() -> None:
    assert located("s3://b/x/y/") == Bucket("s3://b/x/y")
    assert located(Path("s3://b/x/y")) == Bucket("s3://b/x/y")
    assert located(Bucket("s3://b/x") / "_audit") == Bucket("s3://b/x/_audit")
    assert located("runs/s3") == Path("runs/s3")
