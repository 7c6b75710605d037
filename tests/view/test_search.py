"""Text search: words and their beginnings, in problems and steps; built file by file."""

from __future__ import annotations

from pathlib import Path

import pytest

from labeler.dataset import open_dataset
from labeler.view.index import open_index
from labeler.view.search import Search
from tests.view.made import RIGHT, commit_solutions, made, many


def index_of(dataset: Path):
    return open_index(open_dataset(dataset), dataset / "_view")


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("beads", [(0, 0), (0, 1)]),
        ("IDA buy", [(0, 0), (0, 1)]),
        ('"answer: 6"', [(0, 1)]),
        ('"has beads"', []),
        ("5 + 1", [(0, 1)]),
        ("onerror", [(1, 0)]),
        ("nowhere", []),
        # Whatever is typed is words, never a query language.
        ('"Ida" AND (judge', []), ("text: NEAR(", []), ("*", []), ("-", []),
        ("beads OR nowhere", []),
    ],
)  # fmt: skip
def test_what_is_found(tmp_path: Path, query: str, hits: list[tuple[int, int]]) -> None:
    names = index_of(made(tmp_path)).names
    search = Search(tmp_path / "words.sqlite")
    search.index(names)
    assert search.find(query, [*names]) == hits


def test_a_row_is_found_once_it_is_indexed_and_versions_share_files(tmp_path: Path) -> None:
    dataset = made(tmp_path)
    before = index_of(dataset).names
    search = Search(tmp_path / "words.sqlite")
    assert (search.find("beads", [*before]), search.n_done([*before])) == ([], 0)
    search.index(before)
    commit_solutions(dataset, "run-3", RIGHT)
    after = index_of(dataset).names
    assert (search.n_done([*before]), search.n_done([*after])) == (3, 3)
    search.index(after)
    assert search.find("beads", [*after]) == [(0, 0), (0, 1), (2, 0)]
    assert search.find("beads", [*before]) == [(0, 0), (0, 1)]


def test_an_interrupted_index_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labeler.view.search.ROWS_AT_ONCE", 10)
    many(tmp_path / "d", "run-1", 35)
    names = index_of(tmp_path / "d").names
    search = Search(tmp_path / "words.sqlite")
    from labeler.view import search as module

    real, calls = module._add, []

    def stops(*arguments: object) -> None:
        real(*arguments)
        calls.append(arguments)
        if len(calls) == 2:
            search._stop.set()

    monkeypatch.setattr(module, "_add", stops)
    search.index(names)
    assert search.n_done([*names]) == 20
    search.start(names)
    search.wait()
    assert search.n_done([*names]) == 35
    assert search.find("beads", [*names]) == [(0, row) for row in range(35)]
