"""`labeler server` and `labeler schedule`: flows at fixed times, kept by a Prefect server."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from labeler.cli.base import AsJson, ConfigFile, OutFolder, Settings, app
from labeler.cli.child import run_in_flows


class _AddIsDefault(TyperGroup):
    """`labeler schedule CONFIG ...` is `labeler schedule add CONFIG ...`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["add", *args]
        return super().parse_args(ctx, args)


schedule_app = typer.Typer(
    cls=_AddIsDefault,
    help="Run flows at fixed times; `labeler server` starts what keeps them.",
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
    models_later: Annotated[
        bool, typer.Option("--models-later", help="Do not look for the models now.")
    ] = False,
    settings: Settings = [],  # noqa: B006
) -> None:
    """Schedule a flow; `--set` takes keys of the run file and parameters of the flow."""
    run_in_flows(
        "schedule_add",
        config=str(config),
        out=out,
        flow=flow,
        cron=cron,
        timezone=timezone,
        pool=pool,
        name=name,
        settings=settings,
        models=not models_later,
    )


@schedule_app.command("list", epilog="Example: labeler schedule list --json")
def schedule_list(as_json: AsJson = False) -> None:
    """Show all schedules: when they run next, how the last run ended."""
    run_in_flows("schedule_list", as_json=as_json)


@schedule_app.command("pause", epilog="Example: labeler schedule pause incremental/quickstart")
def schedule_pause(name: Name) -> None:
    """Let a schedule rest at once; runs that wait are cancelled, runs at work go on."""
    run_in_flows("schedule_change", name=name, action="pause")


@schedule_app.command("resume", epilog="Example: labeler schedule resume incremental/quickstart")
def schedule_resume(name: Name) -> None:
    """Wake a schedule up."""
    run_in_flows("schedule_change", name=name, action="resume")


@schedule_app.command("remove", epilog="Example: labeler schedule remove incremental/quickstart")
def schedule_remove(name: Name) -> None:
    """Forget a schedule; runs that wait are cancelled, the dataset stays."""
    run_in_flows("schedule_change", name=name, action="remove")


@app.command(epilog="Example: labeler server --limit 2")
def server(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where it listens.")] = 4200,
    pool: Annotated[str, typer.Option(help="Work pool to make and work for.")] = "labeler",
    limit: Annotated[int, typer.Option(min=1, help="Flow runs at once.")] = 1,
    postgres: Annotated[
        bool, typer.Option("--postgres", help="Keep its state in Postgres, where SQLite is slow.")
    ] = False,
) -> None:
    """Run a Prefect server and a worker on this machine; Ctrl-C stops both, schedules stay."""
    run_in_flows("server", port=port, pool=pool, limit=limit, postgres=postgres)
