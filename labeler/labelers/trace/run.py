"""The run that records a call's trace, and the trace in its reply.

The recorder (`trace_recorder`) runs in the same process as the program: a program that sets out to
forge its own trace can. Traces are of reference programs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labeler.driver.requests import Failed, Limits, Reply, Run, RunResult
from labeler.programs.statements import LINE, statements


@dataclass(frozen=True, slots=True)
class Event:
    """A statement that ran: its first line (from 1), and the variables once it was done.

    `lines` are the statement's own lines of text, stripped; `changed` names the variables that it
    set or changed; `values` are all of its function's, as `repr` shows them ("" where too long).
    """

    line: int
    lines: tuple[str, ...]
    changed: tuple[str, ...]
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Trace:
    """What a call executed, in order, and `repr` of what it returned."""

    events: tuple[Event, ...]
    value: str


def trace_run(program: str, call: str, most: int, limits: Limits, requester: str) -> Run:
    """Raises `SyntaxError` for a program that is none."""
    starts = {line: s.lines.start for s in statements(program) for line in s.lines}
    source = f"{_recorder()}\n\nrecord({program!r}, {call!r}, {starts!r}, {most})\n"
    return Run(source, limits=limits, requester=requester)


def trace_in(reply: Reply, program: str) -> Trace | str:
    """The trace, or why there is none."""
    if not isinstance(reply, RunResult):
        return reply.reason if isinstance(reply, Failed) else "no run"
    try:
        found = json.loads(reply.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        return f"the call was not traced: {reply.ended}"
    if "cut" in found:
        return f"the call runs more than {found['cut']} statements"
    if "raised" in found:
        return f"the call raises {found['raised']}"
    text = LINE.findall(program)
    own: dict[int, Sequence[int]] = {s.lines.start: s.lines for s in statements(program)}
    variables: list[dict[str, str]] = found["frames"]
    events = []
    for frame, line, changes in found["events"]:
        variables[frame] = variables[frame] | changes
        # An `except` is no statement, and yet a line that runs.
        lines = tuple(text[n - 1].strip() for n in own.get(line, [line]))
        events.append(Event(line, lines, tuple(changes), variables[frame]))
    return Trace(tuple(events), found["value"])


@cache
def _recorder() -> str:
    return Path(__file__).with_name("recorder.py").read_text(encoding="utf-8")
