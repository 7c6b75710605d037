"""`labeler doctor`: does this machine have what a run needs, and does its sandbox hold?"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from labeler.cli.base import AsJson, app


@app.command(epilog="Example: labeler doctor --sandbox --json")
def doctor(
    config: Annotated[
        Path | None, typer.Option(help="Also look at this run file's sandbox and models.")
    ] = None,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Try to escape from the sandbox, in all known ways.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Versions, room, sandbox and models; exit code 1 where something is missing."""
    from labeler.config import load_config

    loaded = load_config(config) if config else None
    if sandbox:
        raise typer.Exit(_escapes(loaded, as_json))
    from labeler.wiring.doctor import findings

    with _looking("looking"):
        found = findings(loaded, Path.cwd())
    if as_json:
        whole = {one.name: {"found": one.found, "remedy": one.remedy} for one in found}
        typer.echo(json.dumps(whole))
    else:
        for one in found:
            mark = "!" if one.remedy else "+"
            remedy = f"; {one.remedy}" if one.remedy else ""
            typer.echo(f" {mark} {one.name:<14} {one.found}{remedy}")
    raise typer.Exit(1 if any(one.remedy for one in found) else 0)


def _escapes(config: object, as_json: bool) -> int:
    from labeler.config import RunConfig
    from labeler.wiring.doctor import sandbox_escapes

    assert config is None or isinstance(config, RunConfig)

    def show(name: str, contained: bool, detail: str) -> None:
        if not as_json:
            typer.echo(f" {'+' if contained else '!'} {name}: {detail[:100]}")

    with _looking("trying to get out") if as_json else nullcontext():
        result = sandbox_escapes(config, lambda one: show(one.name, one.contained, one.detail))
    n_contained = len(result.attempts) - len(result.escaped)
    if as_json:
        whole: dict[str, object] = {"isolation": result.isolation}
        whole |= {"attempts": len(result.attempts), "contained": n_contained}
        if result.why:
            whole["why"] = result.why
        if result.escaped:
            whole["escaped"] = {one.name: one.detail for one in result.escaped}
        typer.echo(json.dumps(whole))
    else:
        why = f" ({result.why})" if result.why else ""
        typer.echo(f"{result.isolation}{why}: {n_contained} of {len(result.attempts)} contained")
    return 0 if result.holds else 1


def _looking(what: str) -> AbstractContextManager[object]:
    """A sign of life in a terminal while nothing is printed."""
    from labeler.shown import console

    return console(stderr=True).status(what)
