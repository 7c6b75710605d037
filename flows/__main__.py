"""`python -m flows COMMAND`: the half of a `labeler` command that needs Prefect.

Options, help and examples stand in `labeler.cli`, which never imports Prefect and starts this in a
process of its own, with the checked arguments as one JSON object on standard input. Each function
here is a command: it does the work, prints what came of it, and ends in one line where that fails.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any

from labeler.shown import say

from .command import ending_in_one_line

LOCAL_API = "http://127.0.0.1:{port}/api"
"""Where `labeler server` listens; set before Prefect is imported, which reads it once."""

NOTHING = {
    "incremental": "nothing new: {out} is up to date",
    "refresh": "nothing stale: {out} is up to date",
    "publish": "{dry_run}: written",
}
"""What is said where a flow had nothing to do."""


def run(flow: str, arguments: dict[str, Any]) -> None:
    """`labeler run --flow`, `incremental`, `refresh`, `audit` and `publish`."""
    with ending_in_one_line(resumable=flow != "publish"):
        from labeler.audit import Audit
        from labeler.hub import Pushed
        from labeler.terminal import print_summary

        from .audit import rows
        from .schedule import flow_named

        match asyncio.run(flow_named(flow)(**arguments)):
            case None:
                say(NOTHING[flow].format(**arguments))
            case Audit() as found:
                for fact in rows(found):
                    say(f"{fact['what']}: {fact['value']}")
            case Pushed(repository=repository, tag=tag):
                say(f"{repository}@{tag}")
            case summary:
                print_summary(summary)


def server(port: int, pool: str, limit: int, postgres: bool) -> None:
    """`labeler server`."""
    os.environ["PREFECT_API_URL"] = LOCAL_API.format(port=port)
    with ending_in_one_line(resumable=False):
        from .prefect_home import refuse_unwritable_home
        from .server import serve_all

        refuse_unwritable_home()
        serve_all(port, pool, limit, postgres=postgres)


def schedule_add(**given: Any) -> None:
    """`labeler schedule add`; without a pool it serves the schedule until it is stopped."""
    with _on_a_server():
        from .schedule import add_schedule

        asyncio.run(add_schedule(**given))


def schedule_list(as_json: bool) -> None:
    """`labeler schedule list`."""
    with _on_a_server():
        from labeler.terminal import print_wide

        from .schedule_list import listed, schedule_table

        schedules = asyncio.run(listed())
        if as_json:
            print(json.dumps([asdict(schedule) for schedule in schedules]))
        else:
            print_wide(schedule_table(schedules) if schedules else "no schedules")


def schedule_change(name: str, action: str) -> None:
    """`labeler schedule pause`, `resume` and `remove`."""
    with _on_a_server():
        from .schedule import change

        asyncio.run(change(name, action))
        say(f"{name}: {action.rstrip('e')}ed")


def _on_a_server() -> AbstractContextManager[None]:
    """Schedules need a server that stays: that of `labeler server`, unless told otherwise."""
    os.environ.setdefault("PREFECT_API_URL", LOCAL_API.format(port=4200))
    return ending_in_one_line(resumable=False)


COMMANDS: dict[str, Callable[..., None]] = {
    command.__name__: command
    for command in (run, server, schedule_add, schedule_list, schedule_change)
}


if __name__ == "__main__":
    COMMANDS[sys.argv[1]](**json.load(sys.stdin))
