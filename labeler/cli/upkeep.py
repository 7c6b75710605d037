"""Commands that keep a dataset up to date as Prefect flows: `incremental`, `refresh`, `audit`."""

from __future__ import annotations

from typing import Annotated

import typer

from labeler.cli.base import ConfigFile, OutFolder, Settings, app
from labeler.cli.child import run_flow


@app.command(epilog="Example: labeler incremental my.yaml --out runs/my")
def incremental(
    config: ConfigFile,
    out: OutFolder,
    settings: Settings = [],  # noqa: B006, typer reads the default
) -> None:
    """Label only the problems that the dataset was not labelled for; append a version."""
    from labeler.config import load_config

    run_flow("incremental", config=load_config(config, settings).model_dump(mode="json"), out=out)


@app.command(epilog="Example: labeler refresh my.yaml --out runs/my --dry-run")
def refresh(
    config: ConfigFile,
    out: OutFolder,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what is stale, why, and what it may cost.")
    ] = False,
    settings: Settings = [],  # noqa: B006
) -> None:
    """Label again what a changed labeler, prompt or policy made stale, and nothing else."""
    from labeler.config import load_config

    loaded = load_config(config, settings)
    if not dry_run:
        run_flow("refresh", config=loaded.model_dump(mode="json"), out=out)
    from labeler.dataset.storage import located
    from labeler.wiring.refresh import stale_labels

    for fact in stale_labels(loaded, located(out)).rows():
        typer.echo(f"{fact['what']}: {fact['value']}")


@app.command(epilog="Example: labeler audit my.yaml --out runs/my --sample 200 --min-accuracy 0.9")
def audit(
    config: ConfigFile,
    out: OutFolder,
    sample: Annotated[int, typer.Option(min=1, help="How many kept solutions are drawn.")] = 50,
    more: Annotated[
        int, typer.Option(min=1, help="Rollouts, as a multiple of the run file's.")
    ] = 4,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the sample; the date if left out.")
    ] = None,
    min_accuracy: Annotated[
        float, typer.Option(help="Alarm where the accuracy of first errors is surely lower.")
    ] = 0.8,
    max_drift: Annotated[
        float, typer.Option(help="Alarm where the share of wrong steps surely moved by more.")
    ] = 0.1,
    settings: Settings = [],  # noqa: B006
) -> None:
    """Check stored labels: label a random sample again with fresh rollouts, and compare."""
    from labeler.config import load_config

    run_flow(
        "audit",
        config=load_config(config, settings).model_dump(mode="json"),
        out=out,
        sample=sample,
        more=more,
        seed=seed,
        min_accuracy=min_accuracy,
        max_drift=max_drift,
    )
