"""Publishes a version on the Hugging Face Hub, in one commit and one tag, or not at all.

Order: files are uploaded first (those that the Hub has already are skipped, so a broken upload goes
on where it was), then one commit names them all, then a tag names the commit. The commit states its
parent; where somebody else committed meanwhile, the head is fetched again and the commit repeated.
A version that is already published under its tag is left alone.

The token is left to `huggingface_hub` (`hf auth login`, HF_TOKEN); it is never read or shown here.
Source: huggingface_hub 2.4, HfApi.preupload_lfs_files, create_commit (parent_commit), create_tag.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeler.errors import DatasetError
from labeler.hub.publication import PROVENANCE

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, HfApi

ATTEMPTS = 5
"""At a commit whose parent is stale."""
STALE = 412
OURS = ("data/", "figures/")
"""Folders in which a version replaces all files of the one before."""
AGAIN = "run the same command again to go on"
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True, slots=True)
class Pushed:
    """Where a version is published. `already_there` tells that nothing was sent."""

    repository: str
    tag: str
    commit: str
    files: int
    already_there: bool


def check_name(repository: str) -> None:
    """Refuses what is no `namespace/name`."""
    if not REPOSITORY.fullmatch(repository):
        raise DatasetError(f"{repository!r}: a repository is namespace/name, such as me/my-steps")


def push(folder: Path, files: list[str], repository: str, tag: str, private: bool) -> Pushed:
    """Publishes the files of a tree (`labeler.hub.publication`) and tags them.

    Creates the repository where it is missing (`private` counts only then). Raises `DatasetError`
    where the Hub is not reached, refuses, or has other content under the tag.
    """
    from huggingface_hub import HfApi

    api = HfApi(library_name="labeler")
    with _one_line(repository):
        _make_repository(api, repository, private)
        tagged = _tags(api, repository).get(tag)
        if tagged is not None:
            return _compared(api, folder, repository, tag, tagged, len(files))
        commit = _commit(api, folder, files, repository, tag)
        api.create_tag(repository, tag=tag, revision=commit, repo_type="dataset")
    return Pushed(repository, tag, commit, len(files), already_there=False)


def _make_repository(api: HfApi, repository: str, private: bool) -> None:
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        api.repo_info(repository, repo_type="dataset")
    except RepositoryNotFoundError:
        api.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)


def _tags(api: HfApi, repository: str) -> dict[str, str]:
    refs = api.list_repo_refs(repository, repo_type="dataset")
    return {tag.name: tag.target_commit for tag in refs.tags}


def _compared(
    api: HfApi, folder: Path, repository: str, tag: str, commit: str, n_files: int
) -> Pushed:
    published = _contents(api, repository, commit).get(PROVENANCE)
    if published != _git_id(folder / PROVENANCE):
        raise DatasetError(
            f"{repository}: its tag {tag} holds something else; choose another with --as"
        )
    return Pushed(repository, tag, commit, n_files, already_there=True)


def _commit(api: HfApi, folder: Path, files: list[str], repository: str, tag: str) -> str:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete
    from huggingface_hub.errors import HfHubHTTPError

    adding = [CommitOperationAdd(path, str(folder / path)) for path in files]
    _upload(api, adding, repository)
    for attempt in range(1, ATTEMPTS + 1):
        head = str(api.repo_info(repository, repo_type="dataset").sha)
        there = _contents(api, repository, head)
        if there.get(PROVENANCE) == _git_id(folder / PROVENANCE):
            return head  # Committed before, and cut off before the tag.
        stale = [p for p in there if p.startswith(OURS) and p not in files]
        try:
            return api.create_commit(
                repository,
                [*adding, *map(CommitOperationDelete, stale)],
                commit_message=f"labeler: {tag}",
                repo_type="dataset",
                parent_commit=head,
            ).oid
        except HfHubHTTPError as error:
            if error.response.status_code != STALE or attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def _upload(api: HfApi, adding: list[CommitOperationAdd], repository: str) -> None:
    try:
        api.preupload_lfs_files(repository, adding, repo_type="dataset")
    except RuntimeError as error:  # How the library reports that one of the uploads failed.
        raise DatasetError(f"{repository}: the upload broke off; {AGAIN}") from error


def _contents(api: HfApi, repository: str, revision: str) -> dict[str, str]:
    """Paths of all files of a commit, with their git ids."""
    from huggingface_hub.hf_api import RepoFile

    entries = api.list_repo_tree(repository, recursive=True, revision=revision, repo_type="dataset")
    return {entry.path: entry.blob_id for entry in entries if isinstance(entry, RepoFile)}


def _git_id(file: Path) -> str:
    content = file.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@contextmanager
def _one_line(repository: str) -> Iterator[None]:
    """What the Hub or the network says, as one line with a remedy, without any header or token."""
    import httpx2  # What huggingface_hub 2 speaks through.
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        yield
    except OfflineModeIsEnabled as error:
        raise DatasetError(
            f"{repository}: offline mode is on (HF_HUB_OFFLINE); unset it, or use --dry-run"
        ) from error
    except HfHubHTTPError as error:
        raise DatasetError(f"{repository}: {_refusal(error)}") from error
    except (httpx2.HTTPError, ConnectionError, TimeoutError) as error:
        raise DatasetError(
            f"{repository}: the Hub cannot be reached ({type(error).__name__}); check the "
            f"network, then {AGAIN}"
        ) from error


def _refusal(error: Any) -> str:
    status = error.response.status_code
    if status == 401:
        return "the Hub knows no such token or repository; log in with `hf auth login`"
    if status == 403:
        return "your token may not write there; take one with write access to this namespace"
    if status == 404:
        return "the Hub has no such namespace or repository, or your token may not see it"
    if status == STALE:
        return f"others keep committing there; {AGAIN}"
    if status >= 500:
        return f"the Hub failed (status {status}); {AGAIN}"
    return f"the Hub refused (status {status}); check the repository's settings"
