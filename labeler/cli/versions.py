"""Commands about versions: list them, name them, compare them."""

from __future__ import annotations

from typing import Annotated

import typer

from labeler.cli.base import AsJson, DatasetFolder, WhichVersion, app


@app.command(epilog="Example: labeler versions runs/quickstart --json")
def versions(dataset: DatasetFolder, as_json: AsJson = False) -> None:
    """List the versions of a dataset: when, which run, how much, which tags."""
    import json
    from dataclasses import asdict

    from labeler.dataset import open_dataset, tags

    names = tags(dataset)
    entries = open_dataset(dataset).versions()
    if as_json:
        listed = [
            {
                "version": entry.version,
                "committed_at": entry.committed_at.isoformat(timespec="seconds"),
                "operation": entry.operation,
                "tags": [name for name, number in names.items() if number == entry.version],
                "run": asdict(entry.info) if entry.info else None,
            }
            for entry in entries
        ]
        typer.echo(json.dumps({"dataset": str(dataset), "versions": listed}, indent=2))
        return
    for entry in entries:
        held = entry.info.counts if entry.info else {}
        counts = ", ".join(f"{n} {what}" for what, n in held.items())
        marks = "".join(f" [{name}]" for name, number in names.items() if number == entry.version)
        run = f"run {entry.info.run_id}" if entry.info else entry.operation
        when = entry.committed_at.isoformat(sep=" ", timespec="seconds")
        typer.echo(f"{entry.version:>4}  {when}  {run}  {counts}{marks}")


@app.command(epilog="Example: labeler tag runs/quickstart v1.0 --version 0")
def tag(
    dataset: DatasetFolder,
    name: Annotated[str | None, typer.Argument(help="The tag; all are listed without.")] = None,
    version: WhichVersion = None,
    force: Annotated[bool, typer.Option("--force", help="Move a tag that stands.")] = False,
    as_json: AsJson = False,
) -> None:
    """Name a version, or list the names."""
    import json

    from labeler.dataset import open_dataset, set_tag, tags

    if name is not None:
        number = set_tag(dataset, name, version, force)
        typer.echo(json.dumps({name: number}) if as_json else f"{name}: version {number}")
        return
    known = tags(open_dataset(dataset).path)
    if as_json:
        typer.echo(json.dumps(known))
    for each, number in {} if as_json else known.items():
        typer.echo(f"{each}: version {number}")


@app.command(epilog="Example: labeler diff runs/quickstart 0 1")
def diff(
    dataset: DatasetFolder,
    old: Annotated[str, typer.Argument(help="A version or a tag.")],
    new: Annotated[str, typer.Argument(help="A version or a tag.")],
    as_json: AsJson = False,
) -> None:
    """Show what was added, removed, relabelled and dropped between two versions, and why."""
    import json
    from dataclasses import asdict

    from labeler.dataset import resolve
    from labeler.dataset.changes import changes

    older, newer = [
        resolve(dataset, int(which)) if which.isdecimal() else resolve(dataset, tag=which)
        for which in (old, new)
    ]
    found = asdict(changes(older, newer))
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    typer.echo(f"version {found['old_version']} -> {found['new_version']}")
    typer.echo(f"{found['n_same']:,} solutions the same")
    for what in ("added", "removed", "relabelled", "dropped", "kept_again", "labels"):
        causes = found[what]
        unit = "steps" if what == "labels" else "solutions"
        typer.echo(f"{what.replace('_', ' ')}: {sum(causes.values()):,} {unit}")
        for cause, count in causes.items():
            typer.echo(f"    {count:,}  {cause or 'no reason given'}")
