"""Publishing with the real `huggingface_hub` client against a local Hub."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from labeler.dataset import Dataset
from labeler.errors import DatasetError
from labeler.hub import Publication, publish, write_dry
from labeler.hub.push import push

from ..export.datasets import ALL, RIGHT, WRONG, dataset_of
from .server import READER, WRITER, Hub, Repo, serving

pytestmark = [
    # Said by huggingface_hub about itself, when it uploads.
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
]

ME = "me/my-steps"
FILES = ["README.md", "data/train-00000-of-00001.parquet", "provenance.json"]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    from huggingface_hub import constants

    with serving() as running:
        monkeypatch.setattr(constants, "ENDPOINT", running.url)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setenv("HF_TOKEN", WRITER)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield running


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return dataset_of(tmp_path, *ALL)


def published(hub: Hub) -> dict[str, bytes]:
    files = dict(hub.repos[ME].head.files)
    del files[".gitattributes"]
    return files


def not_drawn(files: list[str]) -> list[str]:
    return [file for file in files if not file.startswith("figures/")]


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def refused(dataset: Dataset, publication: Publication | None = None) -> str:
    with pytest.raises(DatasetError) as caught:
        publish(dataset, publication or Publication(ME), private=True)
    line = str(caught.value)
    assert "\n" not in line
    assert WRITER not in line
    return line


def test_files_first_then_one_commit_then_a_tag(hub: Hub, dataset: Dataset, tmp_path: Path) -> None:
    pushed = publish(dataset, Publication(ME), private=True)
    repo = hub.repos[ME]
    assert repo.private
    assert hub.log == ["upload 1", "commit labeler: v0", "tag v0"]
    assert repo.tags == {"v0": repo.head.oid}
    assert (pushed.repository, pushed.tag, pushed.commit, pushed.files, pushed.already_there) == (
        ME, "v0", repo.head.oid, len(published(hub)), False,
    )  # fmt: skip
    assert not_drawn(write_dry(dataset, Publication(ME), tmp_path / "dry")) == FILES
    assert published(hub) == tree(tmp_path / "dry")


def test_a_new_repository_is_private_unless_told_otherwise(hub: Hub, dataset: Dataset) -> None:
    publish(dataset, Publication(ME), private=False)
    assert not hub.repos[ME].private


def test_pushing_again_does_nothing(hub: Hub, dataset: Dataset) -> None:
    first = publish(dataset, Publication(ME), private=True)
    before = list(hub.log)
    again = publish(dataset, Publication(ME), private=True)
    assert hub.log == before
    assert (again.commit, again.already_there) == (first.commit, True)


def test_a_tag_that_holds_something_else_is_not_moved(
    hub: Hub, dataset: Dataset, tmp_path: Path
) -> None:
    publish(dataset, Publication(ME), private=True)
    newer = dataset_of(tmp_path, RIGHT, run="run-2")
    line = refused(newer, Publication(ME, tag="v0"))
    assert line == "me/my-steps: its tag v0 holds something else; choose another with --as"
    assert len(hub.repos[ME].commits) == 2


def test_the_next_version_replaces_the_files_of_the_last(
    hub: Hub, dataset: Dataset, tmp_path: Path
) -> None:
    publish(dataset, Publication(ME, bytes_per_shard=1), private=True)
    assert "data/train-00000-of-00001.parquet" in published(hub)
    hub.repos[ME].add("stale", hub.repos[ME].head.files | {"data/train-7-of-9.parquet": b"x"})
    newer = dataset_of(tmp_path, RIGHT, run="run-2")
    publish(newer, Publication(ME), private=True)
    assert not_drawn(sorted(published(hub))) == FILES
    assert sorted(hub.repos[ME].tags) == ["v0", "v1"]


def test_a_stale_parent_is_fetched_again(hub: Hub, dataset: Dataset) -> None:
    publish(dataset, Publication(ME, tag="first", licence="apache-2.0"), private=True)

    def somebody_else(repo: Repo) -> None:
        repo.add("theirs", repo.head.files | {"NOTES.md": b"hi"})

    hub.before_commit = [somebody_else, somebody_else]
    publish(dataset, Publication(ME, tag="second"), private=True)
    assert hub.log[-4:] == ["stale", "stale", "commit labeler: second", "tag second"]
    assert published(hub)["NOTES.md"] == b"hi"


def test_somebody_who_never_stops_committing_ends_it(hub: Hub, dataset: Dataset) -> None:
    hub.before_commit = [lambda repo: repo.add("theirs", repo.head.files) and None] * 99
    assert refused(dataset) == (
        "me/my-steps: others keep committing there; run the same command again to go on"
    )
    assert hub.log.count("stale") == 5
    assert hub.repos[ME].tags == {}


def test_a_broken_upload_goes_on_where_it_was(hub: Hub, tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, *ALL)
    halves = Publication(ME, splits={"train": 0.5, "test": 0.5}, seed=1)
    hub.uploads_until_failure = 1
    assert refused(dataset, halves) == (
        "me/my-steps: the upload broke off; run the same command again to go on"
    )
    assert [commit.message for commit in hub.repos[ME].commits] == ["initial"]
    assert len(hub.objects) == 1
    hub.uploads_until_failure = None
    publish(dataset, halves, private=True)
    assert hub.log == ["upload 1", "upload 2", "commit labeler: v0", "tag v0"]


def test_cut_off_between_commit_and_tag(hub: Hub, dataset: Dataset) -> None:
    hub.fail_tag = True
    refused(dataset)
    hub.fail_tag = False
    publish(dataset, Publication(ME), private=True)
    assert [commit.message for commit in hub.repos[ME].commits] == ["initial", "labeler: v0"]
    assert hub.repos[ME].tags == {"v0": hub.repos[ME].head.oid}


def test_cut_off_at_any_request_and_pushed_again_it_is_published_once(
    hub: Hub, dataset: Dataset, tmp_path: Path
) -> None:
    """Before the Hub does what it is asked for, and after it did."""
    files = write_dry(dataset, Publication(ME), tmp_path / "dry")

    def once() -> None:
        push(tmp_path / "dry", files, ME, "v0", private=True)

    once()
    n_requests, whole = hub.n_requests, published(hub)
    assert n_requests > 8
    told = 0
    for cut_at in range(1, n_requests + 1):
        for done in (False, True):
            hub.repos, hub.objects, hub.log = {}, {}, []
            hub.n_requests, hub.cut_at, hub.cut_is_done = 0, cut_at, done
            try:
                once()
            except DatasetError as error:
                told += 1
                assert "\n" not in str(error)
                assert "run the same command again to go on" in str(error)
            hub.cut_at = None
            once()
            messages = [commit.message for commit in hub.repos[ME].commits]
            assert messages == ["initial", "labeler: v0"], (cut_at, done)
            assert hub.repos[ME].tags == {"v0": hub.repos[ME].head.oid}
            assert published(hub) == whole
    assert told > n_requests


def test_no_token_and_no_permission(
    hub: Hub, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    assert "log in with `hf auth login`" in refused(dataset)
    monkeypatch.setenv("HF_TOKEN", READER)
    assert "your token may not write there" in refused(dataset)
    hub.repos[ME] = Repo(private=False)
    assert "your token may not write there" in refused(dataset)
    assert hub.log == []


def test_a_hub_that_is_not_there(
    hub: Hub, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert "the Hub cannot be reached (ConnectError)" in refused(dataset)


@pytest.mark.parametrize("name", ["steps", "a/b/c", "a b/c", ""])
def test_a_name_that_is_no_repository(name: str, dataset: Dataset) -> None:
    assert refused(dataset, Publication(name)).endswith(
        "a repository is namespace/name, such as me/my-steps"
    )


def command(hub: Hub, *words: object, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "labeler.cli", *map(str, words)],
        env=os.environ | {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1"} | env,
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_the_command_publishes_and_never_shows_the_token(hub: Hub, dataset: Dataset) -> None:
    done = command(hub, "push", dataset.path, ME)
    assert done.returncode == 0, done.stderr
    oid = hub.repos[ME].head.oid
    assert (
        done.stdout
        == f"me/my-steps@v0: published, {len(published(hub))} files; commit {oid[:12]}\n"
    )
    assert WRITER not in done.stdout + done.stderr
    again = command(hub, "push", dataset.path, ME)
    assert again.stdout == f"me/my-steps@v0: is there already; commit {oid[:12]}\n"


def test_the_command_offline_is_one_line(hub: Hub, dataset: Dataset) -> None:
    done = command(hub, "push", dataset.path, ME, HF_HUB_OFFLINE="1")
    assert done.returncode == 2
    assert done.stderr == (
        "labeler: me/my-steps: offline mode is on (HF_HUB_OFFLINE); unset it, or use --dry-run\n"
    )


def test_wrong_solutions_are_published_too(hub: Hub, tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, RIGHT, WRONG)
    publish(dataset, Publication(ME), private=True)
    import polars as pl

    file = tmp_path / "pulled.parquet"
    file.write_bytes(published(hub)["data/train-00000-of-00001.parquet"])
    assert pl.read_parquet(file).equals(dataset.scan().collect())
