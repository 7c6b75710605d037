"""`labeler consensus`: another consensus on a stored dataset, without any model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labeler.cli.base import AsJson, DatasetFolder, WhichVersion, app

if TYPE_CHECKING:
    from labeler.recompute.version import Recomputed


@app.command(epilog="Example: labeler consensus runs/quickstart --policy fusion")
def consensus(
    dataset: DatasetFolder,
    policy: Annotated[
        str,
        typer.Option(
            help="first_zero, posterior, scan, relative_progress, lessons, genprm, weak_strong, "
            "all, any, majority, each_step, fusion."
        ),
    ],
    min_confidence: Annotated[
        float | None, typer.Option(help="posterior, fusion: how sure a label must be.")
    ] = None,
    version: WhichVersion = None,
    gold: Annotated[
        Path | None,
        typer.Option(
            help='fusion: JSONL lines {"solution_id", "first_error"} to calibrate with, or '
            '"annotated": the labels that the solutions came with.'
        ),
    ] = None,
    settings: Annotated[
        list[str], typer.Option("--set", help="A setting of the rule, e.g. --set lenient=true.")
    ] = [],  # noqa: B006, typer reads the default
    as_json: AsJson = False,
) -> None:
    """Label a dataset anew by another rule, as its next version; the evidence stays."""
    import json

    from labeler.config.load import setting
    from labeler.wiring.consensus import recompute_labels

    given = dict(setting(one, "lenient=true") for one in settings)
    if min_confidence is not None:
        given["min_confidence"] = min_confidence
    made = recompute_labels(dataset, policy, given, version, gold)
    for name in made.not_installed:
        typer.echo(
            f"labeler: method {name} is not installed: its evidence counts as that of any judge; "
            "install its package for what it meant",
            err=True,
        )
    if as_json:
        typer.echo(json.dumps(_plain(made)))
    elif made.already_there:
        typer.echo(f"{made.path}: version {made.version} holds these labels; nothing to do")
    else:
        _print(made)


def _plain(made: Recomputed) -> dict[str, Any]:
    from dataclasses import asdict

    content = asdict(made)
    return {**content, "path": str(made.path)}


def _print(made: Recomputed) -> None:
    from rich.table import Table

    from labeler.shown import console

    n = made.changes
    typer.echo(
        f"{made.path}, version {made.version}: {made.policy} on version {made.made_from}; "
        f"{n.n_kept:,} of {n.n_solutions:,} solutions kept ({n.n_kept_before:,} before), "
        f"labels of {n.n_relabelled:,} changed"
    )
    if "sources" not in made.learned:
        return
    table = Table("source", "asks", "on right steps", "on the first error", "after it")
    for source in made.learned["sources"]:
        said = [
            f"{100 * votes['says_right'] / max(1e-9, sum(votes.values())):.1f}% right"
            if sum(votes.values()) >= 1
            else "-"
            for votes in source["confusion"].values()
        ]
        table.add_row(source["labeler"], source["asks"], *said)
    typer.echo("what each source says, as learned:")
    console().print(table)
