"""The index: one line per solution, built once per file; lists are filtered and sorted by it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from labeler.consensus.human import human_evidence
from labeler.dataset import open_dataset
from labeler.errors import DatasetError
from labeler.records import LabeledSolution
from labeler.view import rows as rows_module
from labeler.view.accuracy import Stratum
from labeler.view.filters import Filters
from labeler.view.index import open_index
from labeler.view.rows import read_rows
from tests.view.made import DOUBTED, RIGHT, commit_solutions, made, many


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return made(tmp_path)


def index_of(dataset: Path, version: int | None = None):
    return open_index(open_dataset(dataset, version), dataset / "_view")


def test_a_line_tells_what_lists_are_filtered_by(dataset: Path) -> None:
    lines = index_of(dataset).table.with_columns(pl.col(pl.Categorical).cast(pl.String))
    assert lines.rows() == [
        (0, "beads", "right", "run-1", "math", "correct", -1, True, "", 2, "++",
         pytest.approx(0.99), pytest.approx(0.02), False, False, pytest.approx(1.0), 0.0,
         "monte_carlo\tcorrect\noutcome\tcorrect", "", "monte_carlo\t7/8"),
        (1, "beads", "doubted", "run-1", "math", "wrong", 1, True, "", 3, "+x?",
         pytest.approx(0.4), pytest.approx(0.8), True, False, None, 0.0,
         "judge\tcorrect\nmonte_carlo\tcorrect\nmonte_carlo\twrong\noutcome\twrong",
         "judge\tmonte_carlo", "monte_carlo\t0/8\nmonte_carlo\t7/8"),
        (2, "evil", "open", "run-2", "code", "unknown", None, False, "first error undecided", 1,
         "?", pytest.approx(0.7), pytest.approx(0.6), False, False, pytest.approx(0.7),
         0.25, "judge\tcorrect", "", ""),
    ]  # fmt: skip


def test_labels_are_summed_by_what_they_claim(dataset: Path) -> None:
    assert index_of(dataset).strata == (
        Stratum(0, 0.0),
        Stratum(0, 0.0), Stratum(0, 0.0), Stratum(3, pytest.approx(2.98)),
        Stratum(1, pytest.approx(0.6)), Stratum(0, 0.0),
        Stratum(0, 0.0), Stratum(0, 0.0),
    )  # fmt: skip


def with_evidence(labeled: LabeledSolution, step: int, label: int) -> LabeledSolution:
    from dataclasses import replace

    steps = list(labeled.steps)
    piece = human_evidence(steps[step].prefix_id, label)
    steps[step] = replace(steps[step], evidence=(*steps[step].evidence, piece))
    return replace(labeled, steps=tuple(steps))


def test_where_a_person_judged_nothing_is_uncertain_or_disputed(tmp_path: Path) -> None:
    commit_solutions(tmp_path / "d", "run-1", with_evidence(DOUBTED, 1, -1))
    index = index_of(tmp_path / "d")
    line = index.table.select("human", "disagree", "uncertainty").row(0)
    # The last step has no label and no probability; one source called it wrong.
    assert line == (True, False, pytest.approx(2 / 3))
    assert index.strata[0] == Stratum(1, pytest.approx(0.6))


def test_without_a_probability_the_verdicts_tell_how_uncertain_a_step_is(tmp_path: Path) -> None:
    from dataclasses import replace

    steps = tuple(replace(step, probability=None) for step in DOUBTED.steps)
    commit_solutions(tmp_path / "d", "run-1", replace(DOUBTED, steps=steps))
    # One for, one against: nobody knows.
    assert index_of(tmp_path / "d").table["uncertainty"][0] == 1.0


def test_a_review_decides_more_the_longer_it_is_right_for_one_reading_of_the_problem(
    tmp_path: Path,
) -> None:
    from dataclasses import replace

    dropped = replace(DOUBTED, consensus=replace(DOUBTED.consensus, kept=False))
    steps = tuple(
        replace(step, probability=p) for step, p in zip(dropped.steps, (0.9, 0.5, 0.8), strict=True)
    )
    commit_solutions(tmp_path / "d", "run-1", replace(dropped, steps=steps))
    # Step 1 is read for certain, step 2 if the first is right, step 3 if both are: 0.5 at most.
    assert index_of(tmp_path / "d").table["decides"][0] == pytest.approx(2.4 / (3 + 2.4))


def test_a_file_is_indexed_once_and_versions_share_it(dataset: Path) -> None:
    index_of(dataset)
    before = {file: file.stat().st_mtime_ns for file in (dataset / "_view").iterdir()}
    commit_solutions(dataset, "run-3", RIGHT)
    built = []
    open_index(open_dataset(dataset), dataset / "_view", lambda file, *_: built.append(file.name))
    assert built == ["part-000002-00000.parquet"]
    assert {file: file.stat().st_mtime_ns for file in before} == before
    assert len(index_of(dataset, 0)) == 2


def test_the_index_is_the_same_however_rows_are_batched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(tmp_path / "d", "run-1", 25)
    whole = open_index(open_dataset(tmp_path / "d"), tmp_path / "a")
    monkeypatch.setattr("labeler.view.index.ROWS_AT_ONCE", 7)
    in_parts = open_index(open_dataset(tmp_path / "d"), tmp_path / "b")
    assert in_parts.table.equals(whole.table)
    assert in_parts.strata == whole.strata


def test_an_empty_version_has_an_empty_index(tmp_path: Path) -> None:
    commit_solutions(tmp_path / "d", "run-1")
    assert len(index_of(tmp_path / "d")) == 0


def test_rows_are_read_by_number_from_their_row_groups(tmp_path: Path) -> None:
    many(tmp_path / "d", "run-1", 2500)
    many(tmp_path / "d", "run-2", 10)
    index = index_of(tmp_path / "d")
    numbers = [2505, 0, 999, 1000, 2499]
    rows = read_rows(index.files, index.starts, numbers, ("solution_id", "run_id"))
    assert rows == [
        {"solution_id": name, "run_id": run}
        for name, run in [("s5", "run-2"), ("s0", "run-1"), ("s999", "run-1"),
                          ("s1000", "run-1"), ("s2499", "run-1")]
    ]  # fmt: skip


def test_a_damaged_file_is_named(dataset: Path) -> None:
    file = dataset / "part-000001-00000.parquet"
    file.write_bytes(file.read_bytes()[:-50])
    with pytest.raises(DatasetError, match=r"part-000001-00000.parquet: damaged; restore"):
        index_of(dataset)
    rows_module._metadata.cache_clear()
    with pytest.raises(DatasetError, match=r"part-000001-00000.parquet: damaged; restore"):
        read_rows([file], [0], [0])


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ({}, [0, 1, 2]),
        ({"domain": "code"}, [2]),
        ({"outcome": "wrong"}, [1]),
        ({"error": "none"}, [0]),
        ({"error": "some"}, [1]),
        ({"error": "undecided"}, [2]),
        ({"disagree": "yes"}, [1]),
        ({"disagree": "no"}, [0, 2]),
        ({"kept": "no"}, [2]),
        ({"labeler": "judge"}, [1, 2]),
        ({"labeler": "jud"}, []),
        ({"p_to": "0.7"}, [1, 2]),
        ({"p_to": "0.69"}, [1]),
        ({"p_from": "0.5", "p_to": "0.8"}, [2]),
        ({"human": "yes"}, [0]),
        ({"human": "no"}, [1, 2]),
        ({"sort": "uncertain"}, [1, 2, 0]),
        ({"sort": "review"}, [2, 1, 0]),
        ({"sort": "p"}, [1, 2, 0]),
        ({"domain": "math", "outcome": "wrong", "kept": "yes"}, [1]),
        # What is no filter is none.
        ({"outcome": "maybe", "p_from": "x", "p_to": "7", "sort": "?"}, [0, 1, 2]),
    ],
)
def test_filters(dataset: Path, query: dict[str, str], rows: list[int]) -> None:
    table = index_of(dataset).table
    assert Filters.read(query).matching(table, None, pending=[0]).to_list() == rows


def test_text_hits_and_names_narrow_a_list(dataset: Path) -> None:
    table = index_of(dataset).table
    assert Filters(q="x").matching(table, [2, 0], []).to_list() == [0, 2]
    assert Filters(q="doubted").matching(table, [], []).to_list() == [1]
    assert Filters(q="beads").matching(table, [], []).to_list() == [0, 1]


def test_filters_survive_their_address() -> None:
    from urllib.parse import parse_qsl

    filters = Filters(
        'a & "b"', "math", "wrong", "some", "judge", "yes", "no", "no", 0.25, 1.0, "p"
    )
    assert Filters.read(dict(parse_qsl(filters.to_query()))) == filters
    assert Filters().to_query() == ""
