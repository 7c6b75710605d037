"""Step labels for process reward models.

`labeler.run(config)` runs a labelling run, `labeler.open(path)` reads a labelled dataset, as the
command line does. Importing this package loads no heavy library.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from labeler.version import __version__ as __version__

if TYPE_CHECKING:
    from labeler.config import RunConfig
    from labeler.dataset.reader import Dataset
    from labeler.labelling.parts import RunSummary


def run(config: RunConfig | str | Path, out: str | Path, *, resume: bool = False) -> RunSummary:
    """Labels the problems of a run and commits one version of the dataset at `out`.

    `config` is a RunConfig or the path of its YAML file. Raises a `LabelerError` with one clear
    line; what was sampled until then is kept and `resume=True` goes on from there.
    """
    from labeler.wiring import run as run_config

    return run_config(config, Path(out), resume=resume)


def open(path: str | Path, version: int | None = None, tag: str | None = None) -> Dataset:
    """The labelled dataset at `path`, at its newest version unless told otherwise."""
    from labeler.dataset import resolve

    return resolve(path, version, tag)
