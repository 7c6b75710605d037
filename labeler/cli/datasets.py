"""Commands that look into a dataset."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from labeler.cli.base import AsJson, DatasetFolder, WhichTag, WhichVersion, app


@app.command(epilog="Example: labeler stats runs/quickstart --json")
def stats(
    dataset: DatasetFolder,
    version: WhichVersion = None,
    tag: WhichTag = None,
    against: Annotated[
        int | None, typer.Option(help="An older version: show what moved since then.")
    ] = None,
    usd_prompt: Annotated[
        float | None, typer.Option(min=0, help="Dollars per million prompt tokens.")
    ] = None,
    usd_completion: Annotated[
        float | None, typer.Option(min=0, help="Dollars per million generated tokens.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a dataset holds: labels, first errors, agreement, calibration, cost."""
    from dataclasses import asdict

    from labeler.dataset import resolve
    from labeler.errors import UserError
    from labeler.planning import compared
    from labeler.planning.tables import show_compared
    from labeler.shown import console
    from labeler.stats import Prices, drift, label_statistics
    from labeler.stats.tables import show_drift, show_statistics

    if (usd_prompt is None) != (usd_completion is None):
        raise UserError("--usd-prompt and --usd-completion: give both prices or none")
    prices = None
    if usd_prompt is not None and usd_completion is not None:
        prices = Prices(usd_prompt, usd_completion)
    opened = resolve(dataset, version, tag)
    older = None if against is None else resolve(dataset, against)
    statistics = label_statistics(opened, prices)
    if older is not None:
        moved = drift(label_statistics(older), statistics)
        content = json.dumps(asdict(moved), indent=2, allow_nan=False)
        typer.echo(content) if as_json else console().print(show_drift(moved))
    elif as_json:
        content = statistics.to_json()
        if planned := compared(opened, dataset):
            whole = {"plan": {name: asdict(one) for name, one in planned.items()}}
            content = json.dumps(json.loads(content) | whole, indent=2)
        typer.echo(content)
    else:
        console().print(show_statistics(statistics))
        if planned := compared(opened, dataset):
            console().print(show_compared(planned))


@app.command(epilog="Example: labeler show runs/quickstart --n 3")
def show(
    dataset: DatasetFolder,
    n: Annotated[int, typer.Option(min=1, help="How many solutions.")] = 3,
    errors: Annotated[bool, typer.Option("--errors", help="Only solutions with an error.")] = False,
    version: WhichVersion = None,
    tag: WhichTag = None,
    as_json: AsJson = False,
) -> None:
    """Print labelled solutions: right steps green, the wrong step red, undecided ones grey."""
    from itertools import islice

    from labeler.dataset import resolve
    from labeler.shown import console
    from labeler.terminal import render

    rows = (
        row
        for row in resolve(dataset, version, tag).solutions()
        # A rule of single steps may label one as wrong and leave the first error undecided.
        if not errors or any(step.label == -1 for step in row.steps)
    )
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in islice(rows, n)]))
        return
    out = console()
    for row in islice(rows, n):
        out.print(render(row))
