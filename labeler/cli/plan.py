"""`labeler plan`: what a run will take, before it is run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from labeler.cli.base import AsJson, ConfigFile, Settings, app, fail

if TYPE_CHECKING:
    from labeler.config import RunConfig

SAMPLE = 30
OF_BUDGET = 128


@app.command(epilog="Example: labeler plan data/quickstart.yaml --sample 30 --out runs/quickstart")
def plan(
    config: ConfigFile,
    sample: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="How many of the run's problems are tried; left out, 30, and 128 for a budget.",
        ),
    ] = None,
    tokens_per_second: Annotated[
        float | None,
        typer.Option(min=0.001, help="Generated tokens/s of the engines; measured if left out."),
    ] = None,
    out: Annotated[
        str | None, typer.Option(help="The run's folder: `labeler stats` compares afterwards.")
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Of a run with `acquire:`: what it keeps for tokens=N (calls=N, usd=N) and others."
        ),
    ] = None,
    settings: Settings = [],  # noqa: B006, typer reads the default
    as_json: AsJson = False,
) -> None:
    """Predict calls, tokens, hours and disk of a run by labelling a sample of its problems."""
    from labeler.config import load_config
    from labeler.planning.tables import show_plan
    from labeler.shown import console
    from labeler.terminal import progress_bar
    from labeler.wiring.plan import make_plan

    loaded = load_config(config, settings)
    if budget is not None:
        _plan_budget(loaded, sample or OF_BUDGET, budget, as_json)
        return
    try:
        with progress_bar("trying a sample") as show:
            made = make_plan(
                loaded, sample or SAMPLE, show, tokens_per_s=tokens_per_second, out=out
            )
    except KeyboardInterrupt:
        fail("interrupted; no plan was made", 130)
    if as_json:
        typer.echo(made.to_json())
    else:
        console().print(show_plan(made))


def _plan_budget(config: RunConfig, sample: int, budget: str, as_json: bool) -> None:
    import json

    from labeler.planning.tables import show_budget_plan
    from labeler.shown import console
    from labeler.wiring.plan import make_budget_plan

    try:
        made = make_budget_plan(config, sample, budget)
    except KeyboardInterrupt:
        fail("interrupted; no plan was made", 130)
    if as_json:
        typer.echo(json.dumps(made.to_json()))
    else:
        console().print(show_budget_plan(made))
