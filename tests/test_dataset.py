"""A dataset: whole shards, one version per run, old versions unchanged, one committer."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from labeler.dataset import CommitInfo, commit, open_dataset, read_shards, tags, write_shard
from labeler.dataset import store as store_module
from labeler.errors import DatasetError
from labeler.records import (
    Asks,
    Consensus,
    Evidence,
    Generator,
    LabeledSolution,
    LabeledStep,
    Problem,
    Sampling,
    Solution,
    Source,
    Verdict,
    prefix_id,
)
from labeler.schema import SCHEMA_VERSION, Provenance, row


def solved(number: int, rationale: str = "") -> LabeledSolution:
    problem = Problem("q1", "math", "1+1?", "2", source=Source(dataset="toy"))
    texts = (f"try {number}. ", "So 2.")
    evidence = Evidence("p", "judge", "1", Asks.CORRECTNESS, Verdict.CORRECT, rationale=rationale)
    steps = tuple(
        LabeledStep(text, prefix_id("q1", texts[: index + 1]), 1, 0.75, (evidence,))
        for index, text in enumerate(texts)
    )
    generator = Generator("tiny", "r1", Sampling(stop=("\n\n",)), 2**62, "sha")
    solution = Solution(f"s{number}", "q1", texts, "2", Verdict.CORRECT, "", generator)
    return LabeledSolution(problem, solution, steps, -1, Consensus("strict", True, ""))


def info(run_id: str, cost: dict[str, int] | None = None) -> CommitInfo:
    return CommitInfo(
        run_id=run_id,
        config_sha="c0ffee",
        code_version="0.1.0",
        model="tiny",
        model_sha="sha",
        seed=2**62,
        counts={"n_problems": 1},
        cost=cost or {},
    )


def shard(path: Path, *solutions: LabeledSolution) -> Path:
    provenance = Provenance("run", "c0ffee", "0.1.0", path.stem)
    write_shard(path, (row(solution, provenance) for solution in solutions))
    return path


def commit_run(dataset: Path, run_id: str, *numbers: int) -> int:
    staged = shard(dataset.parent / f"{run_id}.parquet", *map(solved, numbers))
    return commit(dataset, read_shards([staged]), info(run_id))


def test_a_run_becomes_one_version_and_reads_back_in_order(tmp_path: Path) -> None:
    first = shard(tmp_path / "a.parquet", solved(3), solved(1))
    second = shard(tmp_path / "b.parquet", solved(2))
    dataset = tmp_path / "my data"

    assert commit(dataset, read_shards([first, second]), info("run-1", {"calls": 7})) == 0

    opened = open_dataset(dataset)
    assert list(opened.solutions()) == [solved(3), solved(1), solved(2)]
    assert opened.scan().select("solution_id", "shard").collect().rows() == [
        ("s3", "a"),
        ("s1", "a"),
        ("s2", "b"),
    ]
    assert opened.schema_version == SCHEMA_VERSION
    assert [(v.version, v.info) for v in opened.versions()] == [(0, info("run-1", {"calls": 7}))]


def test_the_next_run_appends_and_the_old_version_stays_readable(tmp_path: Path) -> None:
    dataset = tmp_path / "d"
    assert [commit_run(dataset, "run-1", 1), commit_run(dataset, "run-2", 2)] == [0, 1]
    assert [s.solution.solution_id for s in open_dataset(dataset).solutions()] == ["s1", "s2"]
    assert list(open_dataset(dataset, version=0).solutions()) == [solved(1)]
    assert open_dataset(dataset, version=0).scan().collect().height == 1


def test_a_run_without_any_row_still_makes_its_version(tmp_path: Path) -> None:
    assert commit_run(tmp_path / "d", "run-1") == 0
    assert commit_run(tmp_path / "d", "run-2") == 1
    assert list(open_dataset(tmp_path / "d").solutions()) == []


def test_committing_a_run_again_changes_nothing(tmp_path: Path) -> None:
    dataset = tmp_path / "d"
    commit_run(dataset, "run-1", 1)
    commit_run(dataset, "run-2", 2)
    before = sorted(dataset.rglob("*"))
    assert commit_run(dataset, "run-1", 1, 5) == 0
    assert sorted(dataset.rglob("*")) == before


def test_large_runs_are_cut_into_files_and_keep_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "BYTES_PER_FILE", 1)
    shards = [shard(tmp_path / f"{n}.parquet", *map(solved, range(n * 500, n * 500 + 500)))
              for n in range(5)]  # fmt: skip
    commit(tmp_path / "d", read_shards(shards), info("run-1"))
    files = sorted(file.name for file in (tmp_path / "d").glob("*.parquet"))
    ids = [solution.solution.solution_id for solution in open_dataset(tmp_path / "d").solutions()]
    assert files == [f"part-000000-0000{n}.parquet" for n in range(3)]
    assert ids == [f"s{number}" for number in range(2500)]


def test_a_dataset_compacted_by_another_program_is_still_read(tmp_path: Path) -> None:
    from deltalake import DeltaTable

    dataset = tmp_path / "d"
    for number in range(3):
        commit_run(dataset, f"run-{number}", number)
    DeltaTable(str(dataset)).optimize.compact()
    opened = open_dataset(dataset)
    assert {s.solution.solution_id for s in opened.solutions()} == {"s0", "s1", "s2"}
    runs = [(v.version, v.info.run_id if v.info else v.operation) for v in opened.versions()]
    assert runs == [(0, "run-0"), (1, "run-1"), (2, "run-2"), (3, "OPTIMIZE")]
    assert commit_run(dataset, "run-1", 1) == 1
    assert commit_run(dataset, "run-4", 4) == 4


def test_a_failed_commit_leaves_nothing_and_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "BYTES_PER_FILE", 1)
    good = shard(tmp_path / "good.parquet", *map(solved, range(1000)))
    dataset = tmp_path / "d"
    with pytest.raises(DatasetError, match=r"missing\.parquet: no such file; run again"):
        commit(dataset, read_shards([good, tmp_path / "missing.parquet"]), info("run-1"))
    assert list(dataset.iterdir()) == []
    assert commit(dataset, read_shards([good]), info("run-1")) == 0


def test_a_flipped_bit_in_a_shard_is_noticed_wherever_it_matters(tmp_path: Path) -> None:
    path = shard(tmp_path / "a.parquet", *map(solved, range(50)))
    whole, rows = path.read_bytes(), [batch.to_pylist() for batch in read_shards([path])]
    n_noticed = 0
    for position in range(4, len(whole), 101):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        try:
            assert [batch.to_pylist() for batch in read_shards([path])] == rows
        except DatasetError as error:
            assert str(error).startswith(f"{path}: damaged or not written by")
            n_noticed += 1
    assert n_noticed > 50


def test_parquet_of_another_shape_is_no_shard(tmp_path: Path) -> None:
    import polars as pl

    pl.DataFrame({"text": ["x"]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(
        DatasetError,
        match="not written by this version of labeler; delete it and run again with --resume",
    ):
        list(read_shards([tmp_path / "a.parquet"]))


def test_an_interrupted_shard_leaves_the_old_one(tmp_path: Path) -> None:
    path = shard(tmp_path / "a.parquet", solved(1))

    def stops() -> Iterator[dict[str, object]]:
        yield row(solved(2), Provenance("run", "", "", "a"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_shard(path, stops())
    assert [file.name for file in tmp_path.iterdir()] == ["a.parquet"]
    assert [batch.num_rows for batch in read_shards([path])] == [1]


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 KB, or a skip where this user may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def noise(number: int) -> LabeledSolution:
    return solved(number, rationale=os.urandom(1000).hex())


def test_a_full_disk_is_one_clear_line_and_no_half_written_shard(full_disk: Path) -> None:
    path = full_disk / "a.parquet"
    with pytest.raises(DatasetError) as caught:
        shard(path, *map(noise, range(500)))
    assert str(caught.value) == (
        f"no space left writing {path}; free space and run again with --resume"
    )
    assert list(full_disk.iterdir()) == []


def test_a_full_disk_at_the_commit_leaves_the_dataset_as_it_was(
    full_disk: Path, tmp_path: Path
) -> None:
    dataset = full_disk / "d"
    commit_staged = shard(tmp_path / "small.parquet", solved(1))
    commit(dataset, read_shards([commit_staged]), info("run-1"))
    large = shard(tmp_path / "large.parquet", *map(noise, range(500)))
    with pytest.raises(DatasetError, match=r"no space left writing .*part-000001-00000\.parquet"):
        commit(dataset, read_shards([large]), info("run-2"))
    assert list(open_dataset(dataset).solutions()) == [solved(1)]
    assert [file.name for file in dataset.glob("*.parquet")] == ["part-000000-00000.parquet"]


def hold_the_lock(dataset: Path, held: object, done: object) -> None:
    def waits() -> Iterator[object]:
        held.set()
        done.wait(20)
        yield from ()

    commit(dataset, waits(), info("run-long"))


def test_a_second_committer_is_told_who_holds_the_dataset(tmp_path: Path) -> None:
    dataset = tmp_path / "d"
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    other = context.Process(target=hold_the_lock, args=(dataset, held, done))
    other.start()
    try:
        assert held.wait(20)
        with pytest.raises(
            DatasetError, match=f"run run-long, process {other.pid} on .* is commit"
        ):
            commit_run(dataset, "run-2", 2)
    finally:
        done.set()
        other.join(20)
    assert commit_run(dataset, "run-2", 2) == 1


def test_what_is_no_dataset_is_refused_in_one_line(tmp_path: Path) -> None:
    import polars as pl

    pl.DataFrame({"text": ["x"]}).write_delta(str(tmp_path / "foreign"))
    commit_run(tmp_path / "d", "run-1", 1)
    for path, version, complaint in [
        (tmp_path / "nothing", None, "no labelled dataset is there; `labeler run` writes one"),
        (tmp_path / "foreign", None, "a Delta table, but not one that labeler wrote"),
        (tmp_path / "d", 3, "has no version 3; latest is 0"),
    ]:
        with pytest.raises(DatasetError) as caught:
            open_dataset(path, version)
        assert str(caught.value) == f"{path}: {complaint}"
    with pytest.raises(DatasetError, match="columns are not those of schema version 4"):
        commit_run(tmp_path / "foreign", "run-1", 1)


def test_a_file_in_the_place_of_a_dataset_is_named(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    for read in (open_dataset, lambda path: commit_run(path, "run-1", 1)):
        with pytest.raises(DatasetError) as caught:
            read(tmp_path / "f")
        assert str(caught.value) == f"{tmp_path}/f: is a file; name the dataset's folder"


NOBODY = 65534


@pytest.fixture
def readable_by_all() -> Iterator[Path]:
    """A dataset below folders that everybody may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        commit_run(Path(folder) / "d", "run-1", 1)
        yield Path(folder) / "d"


@contextmanager
def forbidden(path: Path) -> Iterator[None]:
    """Nobody may read it, and we are nobody: permissions do not bind root."""
    mode, user = path.stat().st_mode, os.geteuid()
    path.chmod(0)
    os.seteuid(user or NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
        path.chmod(mode)


@pytest.mark.parametrize(
    "closed",
    [".", "_delta_log", "_delta_log/00000000000000000000.json", "part-000000-00000.parquet"],
)
def test_what_may_not_be_read_is_named_and_nobody_is_sent_for_a_copy(
    readable_by_all: Path, closed: str
) -> None:
    path = readable_by_all
    for read in (
        lambda: list(open_dataset(path).rows()),
        lambda: list(open_dataset(path).columns("solution_id")),
    ):
        with forbidden(path / closed), pytest.raises(DatasetError) as caught:
            read()
        assert str(caught.value) == f"{path / closed}: may not be read; check its permissions"


def test_tags_that_may_not_be_read_are_told_as_well(readable_by_all: Path) -> None:
    with forbidden(readable_by_all), pytest.raises(DatasetError) as caught:
        tags(readable_by_all)
    assert str(caught.value) == f"{readable_by_all}: may not be read; check its permissions"


def test_a_query_says_that_a_file_may_not_be_read(readable_by_all: Path) -> None:
    dataset = open_dataset(readable_by_all)
    [file] = dataset.files()
    with forbidden(file), pytest.raises(DatasetError) as caught:
        dataset.collect(dataset.scan())
    assert str(caught.value) == f"{readable_by_all}: a file may not be read; check its permissions"


def test_a_newer_schema_than_we_know_is_refused(tmp_path: Path) -> None:
    staged = shard(tmp_path / "a.parquet", solved(1))
    newer = CommitInfo("run-1", "", "9.0", "tiny", "sha", 0, schema_version=SCHEMA_VERSION + 1)
    commit(tmp_path / "d", read_shards([staged]), newer)
    with pytest.raises(DatasetError, match="has schema version 5, this labeler knows 4; upgrade"):
        open_dataset(tmp_path / "d")
