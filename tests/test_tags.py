"""Tags: a name for a version that nobody moves by accident, and what a command was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from labeler.dataset import open_dataset, resolve, set_tag, tags
from labeler.errors import DatasetError
from tests.test_dataset import commit_run


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    commit_run(tmp_path / "d", "run-1", 1)
    commit_run(tmp_path / "d", "run-2", 2)
    return tmp_path / "d"


def refusal(work: object, *arguments: object, **named: object) -> str:
    with pytest.raises(DatasetError) as caught:
        work(*arguments, **named)
    return str(caught.value)


def test_a_tag_names_a_version_and_commands_find_it(dataset: Path) -> None:
    assert set_tag(dataset, "v1.0", 0) == 0
    assert set_tag(dataset, "best") == 1
    assert tags(dataset) == {"best": 1, "v1.0": 0}
    assert resolve(dataset, tag="v1.0") == open_dataset(dataset, 0)
    assert resolve(dataset, version=0) == open_dataset(dataset, 0)
    assert resolve(dataset) == open_dataset(dataset, 1)


def test_a_tag_moves_only_by_force(dataset: Path) -> None:
    set_tag(dataset, "v1", 0)
    assert set_tag(dataset, "v1", 0) == 0
    assert refusal(set_tag, dataset, "v1", 1) == (
        f"{dataset}: tag v1 is on version 0; --force moves it to 1"
    )
    assert tags(dataset) == {"v1": 0}
    assert set_tag(dataset, "v1", 1, force=True) == 1
    assert tags(dataset) == {"v1": 1}
    assert [file.name for file in (dataset / "_tags").iterdir()] == ["v1.json"]


@pytest.mark.parametrize("name", ["", "1", "../v1", "a/b", "a b", ".v1", "ä", "v" * 101, "v1\n"])
def test_what_is_no_name_is_refused(dataset: Path, name: str) -> None:
    assert "is no tag: a letter, then" in refusal(set_tag, dataset, name)
    assert not (dataset / "_tags").exists()


def test_what_does_not_exist_is_named(dataset: Path) -> None:
    assert refusal(set_tag, dataset, "v1", 9) == f"{dataset}: has no version 9; latest is 1"
    assert refusal(resolve, dataset, tag="v1") == (
        f"{dataset}: has no tag 'v1'; tags: none yet; `labeler tag` makes one"
    )
    set_tag(dataset, "v1")
    assert refusal(resolve, dataset, tag="v2") == f"{dataset}: has no tag 'v2'; tags: v1"
    assert refusal(resolve, dataset, 0, "v1") == (
        f"{dataset}: --version 0 and --tag v1: give one of them"
    )


def test_a_broken_tag_is_named(dataset: Path) -> None:
    set_tag(dataset, "v1")
    (dataset / "_tags" / "v1.json").write_text('{"version": ')
    assert refusal(resolve, dataset, tag="v1") == (
        f"{dataset}/_tags/v1.json: is no tag; delete it and tag the version again"
    )
