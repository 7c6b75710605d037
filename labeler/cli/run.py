"""`labeler run`: a labelling run, plainly or as a Prefect flow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from labeler.cli.base import ConfigFile, OutFolder, Settings, app, fail
from labeler.cli.child import run_flow


@app.command(epilog="Example: labeler run data/quickstart.yaml --out runs/quickstart")
def run(
    config: ConfigFile,
    out: OutFolder,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with this run if it was cut off.")
    ] = False,
    flow: Annotated[
        bool, typer.Option("--flow", help="Run it as a Prefect flow (a task per shard).")
    ] = False,
    settings: Settings = [],  # noqa: B006, typer reads the default
) -> None:
    """Label the problems of a run and commit one version of step labels."""
    from labeler.config import load_config

    loaded = load_config(config, settings)
    if flow:
        run_flow("label", config=loaded.model_dump(mode="json"), out=out, resume=resume)
    from labeler.terminal import print_summary, progress_bar
    from labeler.wiring import run as run_config

    with keeping_what_was_done(), progress_bar("labelling") as show:
        summary = run_config(loaded, out, resume=resume, on_progress=show)
    print_summary(summary)


@contextmanager
def keeping_what_was_done() -> Iterator[None]:
    """Ctrl-C ends a run quietly: every reply is in the journal already."""
    try:
        yield
    except KeyboardInterrupt:
        fail("interrupted; what was sampled is kept, add --resume to go on", 130)
