"""`labeler label`: step labels for solutions that exist already."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from labeler.cli.base import Columns, Form, OutFolder, Settings, Split, app
from labeler.cli.run import keeping_what_was_done


@app.command(
    epilog="Example: labeler label solutions.jsonl --labeler tool_check --out labels/ "
    "(add --config RUN.yaml for labelers that ask a model)"
)
def label(
    file: Annotated[
        str,
        typer.Argument(
            help="JSON, JSONL, Parquet or CSV with problem and steps, or in a form that is known, "
            "or a data set's id on the Hub."
        ),
    ],
    labelers: Annotated[list[str], typer.Option("--labeler", help="May be repeated.")],
    out: OutFolder,
    config: Annotated[
        Path | None, typer.Option(help="Models, settings and consensus come from this run file.")
    ] = None,
    form: Form = "auto",
    columns: Columns = [],  # noqa: B006, typer reads the default
    split: Split = "train",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the file's first solutions.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with this run if it was cut off.")
    ] = False,
    settings: Settings = [],  # noqa: B006, typer reads the default
) -> None:
    """Label the steps of given solutions, without sampling any, and commit one version."""
    from labeler.terminal import print_summary, progress_bar
    from labeler.wiring import run
    from labeler.wiring.solutions_file import SolvedPlace, config_for_file

    place = SolvedPlace.of(file, form, columns, split, limit)
    whole = config_for_file(place, labelers, config, settings)
    with keeping_what_was_done(), progress_bar("labelling") as show:
        summary = run(whole, out, resume=resume, on_progress=show)
    print_summary(summary)
