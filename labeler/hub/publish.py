"""From a version of a dataset to a published one, or to the same tree in a folder."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from labeler.export.staging import whole_folder
from labeler.files import write_error
from labeler.hub.publication import Publication, tag_of, write_tree
from labeler.hub.push import Pushed, check_name, push

if TYPE_CHECKING:
    from labeler.dataset import Dataset


def write_dry(dataset: Dataset, publication: Publication, folder: Path) -> list[str]:
    """Writes exactly what would be published to a new folder; the paths of its files."""
    check_name(publication.repository)
    with whole_folder(folder) as staged:
        return write_tree(dataset, publication, staged)


def publish(dataset: Dataset, publication: Publication, private: bool) -> Pushed:
    """Publishes one version under a tag; doing it again changes nothing. See `labeler.hub.push`."""
    check_name(publication.repository)
    with tempfile.TemporaryDirectory(prefix="labeler-push-") as scratch:
        folder = Path(scratch)
        try:
            files = write_tree(dataset, publication, folder)
        except OSError as error:
            raise write_error(folder, error) from error
        return push(folder, files, publication.repository, tag_of(dataset, publication), private)
