"""A dataset may lie at any path, or is refused there in one line, before anything is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labeler.dataset import open_dataset
from labeler.dataset.lock import refuse_if_locked_out
from labeler.dataset.storage import located
from labeler.dataset.store import version_of_run
from labeler.errors import DataError, DatasetError
from labeler.problems.folder import read_place
from labeler.problems.plain import read_plain
from labeler.wiring import open_run
from tests.test_dataset import commit_run

GOOD = (
    "my data", "100%", "50%off", "a[b]c", "x[/b]y", "{a}", "a|b", "a^b", "it's \"q\"", "a;b&c=d",
    "~me", "$HOME", "*", "-x", "c:d", "ünï", "日本", "a\u0301", "\u202egnp", " x ", "...",
)  # fmt: skip
BAD = (
    "a%20b", "%2e%2e", "%25", "c#d", "why?", "two\nlines", "tab\t", "\x1b[31mred", "\x7f", "a\\b",
    "\udcff",
)  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("below", ["", "inner"])
def test_a_dataset_works_at_any_path_that_is_not_refused(
    tmp_path: Path, name: str, below: str
) -> None:
    dataset = tmp_path / name / below
    dataset.parent.mkdir(parents=True, exist_ok=True)
    beside = sorted(entry.name for entry in tmp_path.iterdir())
    versions = [commit_run(dataset, f"run-{n}", n) for n in (1, 2, 1)]
    opened = open_dataset(dataset)
    assert versions == [0, 1, 0]
    assert version_of_run(dataset, "run-2") == 1
    assert [one.solution.solution_id for one in opened.solutions()] == ["s1", "s2"]
    assert opened.scan().collect().height == 2
    if below:
        assert sorted(entry.name for entry in tmp_path.iterdir()) == beside


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("below", ["", "inner"])
def test_a_path_that_delta_would_misread_is_refused_in_one_line(
    tmp_path: Path, name: str, below: str
) -> None:
    with pytest.raises(DatasetError) as caught:
        located(tmp_path / name / below)
    assert "no dataset can lie there, because of '" in str(caught.value)
    assert str(caught.value).isprintable()
    assert list(tmp_path.iterdir()) == []


def test_where_a_link_leads_and_the_current_folder_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "c#d").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "c#d")
    reason = f"no dataset can lie there, because of '#' in {tmp_path}/c#d"
    with pytest.raises(DatasetError, match=reason):
        located(tmp_path / "link")
    monkeypatch.chdir(tmp_path / "c#d")
    with pytest.raises(DatasetError, match=reason):
        located("d")


@pytest.mark.parametrize("address", ["s3://b/a#b", "s3://b/a?b", "s3://b/a%20b", "s3://b/a\nb"])
def test_an_address_that_would_be_cut_is_refused(address: str) -> None:
    with pytest.raises(DatasetError) as caught:
        located(address)
    assert "no dataset can lie there" in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_run_is_refused_before_its_problems_are_read(tmp_path: Path) -> None:
    from labeler.config import load_config

    (tmp_path / "run.yaml").write_text(
        "problems: {kind: plain, path: gone.jsonl}\nlabelers: [{kind: tool_check}]\n"
        "policy: {engine: transformers, model: gone}\n"
    )
    with pytest.raises(DatasetError, match="no dataset can lie there"):
        open_run(load_config(tmp_path / "run.yaml"), tmp_path / "a%20b")


def test_a_table_of_problems_at_such_a_path_is_not_another_folders(tmp_path: Path) -> None:
    (tmp_path / "a%20b" / "_delta_log").mkdir(parents=True)
    with pytest.raises(DataError, match="cannot be read, because of '%20' in "):
        list(read_place(tmp_path / "a%20b", read_plain))


def test_a_name_with_no_room_for_its_lock_is_refused_before_the_work(tmp_path: Path) -> None:
    refuse_if_locked_out(tmp_path / ("x" * 250))
    with pytest.raises(DatasetError, match=r"cannot write .*: File name too long"):
        refuse_if_locked_out(tmp_path / ("x" * 252))


def test_a_closed_folder_above_is_refused_before_the_work() -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "d").mkdir()
        (Path(folder) / "d").chmod(0o777)
        user = os.geteuid()
        os.seteuid(user or 65534)
        try:
            if user:
                Path(folder).chmod(0o555)
            with pytest.raises(DatasetError, match=r"d\.lock: Permission denied"):
                refuse_if_locked_out(Path(folder) / "d")
        finally:
            os.seteuid(user)
            Path(folder).chmod(0o755)
