"""The page of commands, from the command line itself: usage, arguments, options, example."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

import labeler.cli  # noqa: F401, registers the commands
from labeler.cli.base import app


def commands_page() -> list[str]:
    """All commands, one heading each, in alphabetical order."""
    found = sorted(commands(typer.main.get_command(app)), key=lambda one: one[0])
    return [line for words, command in found for line in _section(words, command)]


def commands(group: Any, *names: str) -> Iterator[tuple[str, Any]]:
    """Every command with its words; a group that is a command by itself, too."""
    for name, one in group.commands.items():
        words = (*names, name)
        if not hasattr(one, "commands"):
            yield " ".join(words), one
            continue
        if one.epilog:
            yield " ".join(words), one
        yield from commands(one, *words)


def _section(words: str, command: Any) -> list[str]:
    context = command.context_class(command, info_name=f"labeler {words}")
    usage = _one_line(command.get_usage(context)).removeprefix("Usage: ")
    lines = [f"## labeler {words}", "", _one_line(command.help), "", f"    {usage}", ""]
    rows = [one.get_help_record(context) for one in command.params if not one.hidden]
    lines += ["| | |", "|---|---|"]
    lines += [f"| `{_cell(name)}` | {_cell(told)} |" for name, told in rows]
    if command.epilog:
        lines += ["", _example(command.epilog)]
    return [*lines, ""]


def _cell(text: str) -> str:
    return _one_line(text).replace("|", "\\|")


def _example(epilog: str) -> str:
    return f"Example: `{_one_line(epilog).removeprefix('Example: ')}`"


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
