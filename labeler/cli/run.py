"""`labeler run`: a labelling run, plainly or as a Prefect flow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from labeler.cli.base import AsJson, ConfigFile, OutFolder, Settings, app, fail
from labeler.cli.child import run_flow
from labeler.errors import UserError

if TYPE_CHECKING:
    from labeler.config import RunConfig


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
    dry: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done; nothing is asked.")
    ] = False,
    as_json: AsJson = False,
    settings: Settings = [],  # noqa: B006, typer reads the default
) -> None:
    """Label the problems of a run and commit one version of step labels."""
    from labeler.config import load_config

    loaded = load_config(config, settings)
    if dry:
        _tell(loaded, out, as_json)
        return
    if flow and as_json:
        raise UserError(
            "--json: a flow tells what it did on Prefect's pages; leave out one of them"
        )
    if flow:
        run_flow("label", config=loaded.model_dump(mode="json"), out=out, resume=resume)
    from labeler.terminal import print_summary, progress_bar
    from labeler.wiring import run as run_config

    with keeping_what_was_done(), progress_bar("labelling") as show:
        summary = run_config(loaded, out, resume=resume, on_progress=show)
    if as_json:
        typer.echo(json.dumps(asdict(summary), default=str))
    else:
        print_summary(summary)


def _tell(config: RunConfig, out: str, as_json: bool) -> None:
    """What a run would do, a line each."""
    from labeler.shown import line
    from labeler.wiring.dry_run import dry_run

    found = dry_run(config, out)
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    rejected = ", ".join(f"{n:,} {why}" for why, n in found.rejected.items())
    asked = [
        f"{name} ({', '.join(asks)})" if asks else name for name, asks in found.labelers.items()
    ]
    more = ", and those that searches write" if found.searches else ""
    for name, said in {
        "problems": f"{found.problems:,}; rejected: {rejected or 'none'}",
        "solutions": f"{found.solutions:,}{more}",
        "labelers": ", ".join(asked),
        "consensus": found.rule,
        "models": ", ".join(f"{model}: {what}" for model, what in found.models.items()) or "none",
        "sandbox": "needed" if found.needs_sandbox else "not needed",
        "shards": f"{found.shards:,}",
        "would write": f"{found.out}, version {found.next_version}",
    }.items():
        typer.echo(line(f"{name:<12} {said}"))


@contextmanager
def keeping_what_was_done() -> Iterator[None]:
    """Ctrl-C ends a run quietly: every reply is in the journal already."""
    try:
        yield
    except KeyboardInterrupt:
        fail("interrupted; what was sampled is kept, add --resume to go on", 130)
