"""Schema versions: what was written under an older one stays readable, a newer one is refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, Field
from deltalake.schema import PrimitiveType

import labeler
from labeler.cli import main
from labeler.consensus.votes import AnyRule, Votes
from labeler.dataset import commit, open_dataset, read_shards, resolve
from labeler.dataset.amend import amend
from labeler.dataset.schema_upgrade import can_be_read
from labeler.errors import DatasetError
from labeler.recompute.version import recompute_version
from labeler.records import (
    Asks,
    Call,
    Evidence,
    Known,
    Observation,
    ProblemSamples,
    Said,
    Trajectory,
    Turn,
    Verdict,
)
from labeler.schema import SCHEMA_VERSION, arrow_schema
from labeler.stats import label_statistics
from tests.stored_table import EMPTY, RUN_1, RUN_2, STORED, WHOLE
from tests.test_dataset import info, shard, solved


@pytest.fixture
def of_version_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy, to be written to: statistics keep their summaries beside the rows."""
    monkeypatch.setenv("LABELER_CACHE", str(tmp_path / "cache"))
    return Path(shutil.copytree(STORED, tmp_path / "d"))


def test_a_dataset_that_version_1_wrote_is_read_in_all_its_parts(of_version_1: Path) -> None:
    opened = open_dataset(of_version_1)
    assert (opened.version, opened.schema_version) == (1, 1)
    assert list(opened.solutions()) == [WHOLE, EMPTY]
    assert [version.info for version in opened.versions()] == [RUN_1, RUN_2]
    assert list(resolve(of_version_1, tag="first").solutions()) == [WHOLE]
    assert opened.scan().collect()["schema_version"].to_list() == [1, 1]
    counted = label_statistics(opened)
    assert (counted.n_solutions, counted.n_steps, counted.n_wrong_steps) == (2, 2, 1)
    assert counted.by_labeler["monte_carlo"].calls == 8


NEXT = """
import json, sys
from pathlib import Path
from labeler.dataset import open_dataset
from labeler.schema import arrow_schema
from labeler.stats import label_statistics

opened = open_dataset(Path(sys.argv[1]))
rows = list(opened.rows())
flats = opened.columns("steps.checked_by", "solution_id")
print(json.dumps({
    "version": opened.schema_version,
    "reviews": [row["reviews"] for row in rows],
    "difficulty": [row["difficulty"] for row in rows],
    "checked_by": [[step["checked_by"] for step in row["steps"]] for row in rows],
    "flat": [x for flat in flats for x in flat.columns["steps.checked_by"].to_pylist()],
    "solutions": [row["solution_id"] for row in rows],
    "evidence": [[len(step["evidence"]) for step in row["steps"]] for row in rows],
    "n_steps": label_statistics(opened).n_steps,
    "scanned": opened.scan().select("difficulty", "solution_id").collect().rows(),
}))
"""


@pytest.fixture
def next_version(tmp_path: Path) -> Path:
    """A copy of this package as its next schema version might be: three columns more."""
    copy = tmp_path / "next"
    shutil.copytree(Path(labeler.__file__).parent, copy / "labeler")
    for file, old, new in [
        ("schema.py", "SCHEMA_VERSION = 4\n", "SCHEMA_VERSION = 5\n"),
        (
            "schema.py",
            "    schema_version: int\n",
            "    schema_version: int\n    difficulty: float | None\n    reviews: tuple[str, ...]\n",
        ),
        (
            "records.py",
            "    evidence: tuple[Evidence, ...]\n",
            "    evidence: tuple[Evidence, ...]\n    checked_by: str | None = None\n",
        ),
    ]:
        text = (copy / "labeler" / file).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (copy / "labeler" / file).write_text(text.replace(old, new), encoding="utf-8")
    return copy


def test_the_next_schema_version_will_read_what_this_one_writes(
    next_version: Path, of_version_1: Path, tmp_path: Path
) -> None:
    # Not in the repository's folder, where Python would find this version first.
    done = subprocess.run(
        [sys.executable, "-c", NEXT, str(of_version_1)],
        cwd=tmp_path,
        env=os.environ
        | {"PYTHONPATH": str(next_version), "LABELER_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "version": 1,
        "reviews": [[], []],
        "difficulty": [None, None],
        "checked_by": [[None, None], []],
        "flat": [None, None],
        "solutions": ["s1", "s2"],
        "evidence": [[0, 2], []],
        "n_steps": 2,
        "scanned": [[None, "s1"], [None, "s2"]],
    }


DRAWN = ProblemSamples(seed=7, n=16, n_decided=15, n_correct=14)


def read(dataset: Path) -> tuple[list[tuple[str, object]], int]:
    """Solutions with what was drawn of their problems, and the schema version."""
    opened = open_dataset(dataset)
    table = opened.scan().collect()
    assert [row["samples"] for row in opened.rows()] == table["samples"].to_list()
    assert (table["solution_id"].to_list(), table.height) == (
        [row.solution.solution_id for row in opened.solutions()],
        DeltaTable(str(dataset)).to_pyarrow_table().num_rows,
    )
    known = [(row.solution.solution_id, row.solution.samples) for row in opened.solutions()]
    return known, opened.schema_version


def test_a_run_is_added_to_a_dataset_of_version_1(of_version_1: Path) -> None:
    new = solved(1)
    new = replace(new, solution=replace(new.solution, samples=DRAWN))
    before = {file.name: file.read_bytes() for file in of_version_1.glob("*.parquet")}
    commit(
        of_version_1, read_shards([shard(of_version_1.parent / "a.parquet", new)]), info("run-3")
    )
    name = new.solution.solution_id
    assert read(of_version_1) == ([("s1", None), ("s2", None), (name, DRAWN)], 4)
    assert {name: (of_version_1 / name).read_bytes() for name in before} == before
    assert list(resolve(of_version_1, tag="first").solutions()) == [WHOLE]
    assert [one.info.run_id for one in open_dataset(of_version_1).versions() if one.info] == [
        RUN_1.run_id,
        RUN_2.run_id,
        "run-3",
    ]
    again = commit(of_version_1, read_shards([of_version_1.parent / "a.parquet"]), info("run-3"))
    assert again == open_dataset(of_version_1).version


def test_evidence_that_is_a_score_is_added_to_a_dataset_of_version_1(of_version_1: Path) -> None:
    said = Evidence(
        "p", "surprise", "1", Asks.CORRECTNESS, Verdict.UNKNOWN, reason="a score", signal=-3.25
    )
    new = solved(1)
    new = replace(new, steps=(replace(new.steps[0], evidence=(said,)), *new.steps[1:]))
    commit(
        of_version_1, read_shards([shard(of_version_1.parent / "a.parquet", new)]), info("run-3")
    )
    opened = open_dataset(of_version_1)
    assert list(opened.solutions()) == [WHOLE, EMPTY, new]
    [whole, _, added] = opened.scan().collect()["steps"].to_list()
    assert [e["signal"] for e in whole[1]["evidence"]] == [None, None]
    assert added[0]["evidence"][0]["signal"] == -3.25


def test_an_agents_trajectory_is_added_to_a_dataset_of_version_1(of_version_1: Path) -> None:
    new = solved(1)
    call = Call("search", '{"query": "x"}')
    turn = Turn("I look.", (call,), (Observation("tool", "nothing", 0, "error"),))
    trajectory = Trajectory((turn,) * len(new.steps), (Said("system", "Use tools."),), "[]")
    new = replace(
        new,
        problem=replace(new.problem, known=Known(("y",), (call,), ("z",))),
        solution=replace(new.solution, trajectory=trajectory),
    )
    commit(
        of_version_1, read_shards([shard(of_version_1.parent / "a.parquet", new)]), info("run-3")
    )
    opened = open_dataset(of_version_1)
    assert (list(opened.solutions()), opened.schema_version) == ([WHOLE, EMPTY, new], 4)
    table = opened.scan().collect()
    assert table["trajectory"].is_null().to_list() == [True, True, False]
    theirs = DeltaTable(str(of_version_1)).to_pyarrow_table().to_pylist()
    assert [row["known"] is None for row in theirs].count(True) == 2


def test_a_run_of_version_1_is_known_and_not_written_again(of_version_1: Path) -> None:
    staged = shard(of_version_1.parent / "a.parquet", solved(1))
    assert commit(of_version_1, read_shards([staged]), info(RUN_2.run_id)) == 1
    assert open_dataset(of_version_1).schema_version == 1


def test_labels_of_version_1_are_made_anew(of_version_1: Path) -> None:
    made = recompute_version(of_version_1, Votes(AnyRule()), {})
    assert made.version == 2
    assert read(of_version_1) == ([("s1", None), ("s2", None)], 4)
    rows = list(open_dataset(of_version_1).solutions())
    assert [row.consensus.policy for row in rows] == ["any", "any"]


def test_a_row_of_version_1_is_amended(of_version_1: Path) -> None:
    [old, _] = open_dataset(of_version_1).rows()
    kept = dict(old) | {"consensus": {"policy": "fusion+human", "kept": True, "reason": ""}}
    amend(of_version_1, [kept], info("review"))
    assert read(of_version_1) == ([("s1", None), ("s2", None)], 4)
    [first, second] = open_dataset(of_version_1).solutions()
    assert (first.consensus.policy, second) == ("fusion+human", EMPTY)


def test_a_table_with_columns_of_another_program_is_not_added_to(of_version_1: Path) -> None:
    table = DeltaTable(str(of_version_1))
    table.alter.add_columns([Field("theirs", PrimitiveType("string"))])
    staged = shard(of_version_1.parent / "a.parquet", solved(1))
    with pytest.raises(DatasetError, match="columns are not those of schema version 4"):
        commit(of_version_1, read_shards([staged]), info("run-3"))


def test_columns_may_be_added_but_not_changed() -> None:
    today = arrow_schema()
    without_shard = pa.schema([field for field in today if field.name != "shard"])
    without_final_answer = pa.schema([field for field in today if field.name != "final_answer"])
    without_context = pa.schema([field for field in today if field.name != "context"])
    other = today.set(today.get_field_index("shard"), pa.field("shard", pa.int64()))
    assert [can_be_read(one) for one in (today, without_final_answer, without_context)] == [
        True
    ] * 3
    for broken in (without_shard, other, pa.schema([])):
        assert not can_be_read(broken)
    assert not can_be_read(today.append(pa.field("theirs", pa.string())))


def test_a_newer_schema_version_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    staged = shard(tmp_path / "a.parquet", solved(1))
    newer = replace(info("run-1"), schema_version=SCHEMA_VERSION + 1)
    commit(tmp_path / "d", read_shards([staged]), newer)
    for words in (["stats"], ["versions"], ["show"], ["export", "-f", "trl", "-o", "x"]):
        monkeypatch.setattr(sys, "argv", ["labeler", words[0], str(tmp_path / "d"), *words[1:]])
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        assert (ended.value.code, shown.out, shown.err) == (
            2,
            "",
            f"labeler: {tmp_path / 'd'}: has schema version {SCHEMA_VERSION + 1}, "
            f"this labeler knows {SCHEMA_VERSION}; upgrade it\n",
        )
