"""`labeler schedule`: flows at fixed times, kept by a Prefect server."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from labeler.cli.base import AsJson, ConfigFile, OutFolder, Settings, app
from labeler.cli.child import run_module


class _AddIsDefault(TyperGroup):
    """`labeler schedule CONFIG ...` is `labeler schedule add CONFIG ...`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["add", *args]
        return super().parse_args(ctx, args)


schedule_app = typer.Typer(
    cls=_AddIsDefault,
    help="Run flows at fixed times; `make server` starts what keeps them.",
    epilog="Example: labeler schedule my.yaml --flow incremental --cron '0 2 * * *' --out runs/my",
    no_args_is_help=True,
)
app.add_typer(schedule_app, name="schedule")
Name = Annotated[str, typer.Argument(help="As `labeler schedule list` shows it.")]


@schedule_app.command(
    "add",
    epilog="Example: labeler schedule add my.yaml --flow incremental --cron '0 2 * * *' "
    "--out runs/my --pool labeler",
)
def schedule_add(
    config: ConfigFile,
    flow: Annotated[str, typer.Option(help="label, incremental, refresh, publish or audit.")],
    cron: Annotated[str, typer.Option(help="When: minute hour day month weekday.")],
    out: OutFolder,
    timezone: Annotated[str, typer.Option(help="Whose clock, e.g. Europe/Berlin.")] = "UTC",
    pool: Annotated[
        str | None, typer.Option(help="Work pool whose workers run it; this process if left out.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The run file's name if left out.")] = None,
    settings: Settings = [],  # noqa: B006
) -> None:
    """Schedule a flow; `--set` takes keys of the run file and parameters of the flow."""
    words = ["--flow", flow, "--cron", cron, "--timezone", timezone, "--out", out]
    for option, value in (("--pool", pool), ("--name", name)):
        words += [option, value] if value else []
    words += [word for setting in settings for word in ("--set", setting)]
    _in_flows("add", str(config), *words)


@schedule_app.command("list", epilog="Example: labeler schedule list --json")
def schedule_list(as_json: AsJson = False) -> None:
    """Show all schedules: when they run next, how the last run ended."""
    _in_flows("list", *["--json"] * as_json)


@schedule_app.command("pause", epilog="Example: labeler schedule pause incremental/quickstart")
def schedule_pause(name: Name) -> None:
    """Let a schedule rest; runs at work go on."""
    _in_flows("pause", name)


@schedule_app.command("resume", epilog="Example: labeler schedule resume incremental/quickstart")
def schedule_resume(name: Name) -> None:
    """Wake a schedule up."""
    _in_flows("resume", name)


@schedule_app.command("remove", epilog="Example: labeler schedule remove incremental/quickstart")
def schedule_remove(name: Name) -> None:
    """Forget a schedule; the dataset stays."""
    _in_flows("remove", name)


def _in_flows(*words: str) -> None:
    raise typer.Exit(run_module("flows.schedule", *words))
