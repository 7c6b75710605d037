"""Records what a call executes; this source is what runs in the sandbox, with nothing of ours.

`record` prints one JSON object: {events, frames, value} or {raised} or {cut}. An event is [frame,
line, {name: repr}] for a statement that ran: the variables it set or changed once it was done. A
frame is the variables that a function began with. Functions of the program only: the module's own
statements, comprehensions and lambdas are part of the statement that they stand in.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from types import CodeType, FrameType, ModuleType
from typing import Any

SOURCE = "<program>"
MOST_REPR = 1000


class TooLong(BaseException):
    """More statements ran than are recorded."""


class Recorder:
    """`starts` tells for each line of a statement its first one; `most` events are recorded."""

    def __init__(self, starts: dict[int, int], most: int) -> None:
        self._starts = starts
        self._most = most
        self._seen: dict[FrameType, dict[str, str]] = {}
        self._open: dict[FrameType, list[Any]] = {}
        self._last_line: dict[FrameType, int] = {}
        self._numbers: dict[FrameType, int] = {}
        self.is_cut = False
        self.events: list[list[Any]] = []
        self.frames: list[dict[str, str]] = []

    def __call__(self, frame: FrameType, event: str, _argument: object) -> Any:
        code: CodeType = frame.f_code
        if code.co_filename != SOURCE or code.co_name.startswith("<"):
            return None
        if event == "call":
            if frame not in self._numbers:  # a generator is called again whenever it goes on
                self._numbers[frame] = len(self.frames)
                self._seen[frame] = shown(frame.f_locals)
                self.frames.append(self._seen[frame])
        elif event == "line":
            self._line(frame)
        elif event == "return":
            self._close(frame)
        return self

    def _line(self, frame: FrameType) -> None:
        line = frame.f_lineno
        first = self._starts.get(line, line)
        before, self._last_line[frame] = self._last_line.get(frame), line
        running = self._open.get(frame)
        if running is not None and running[1] == first and (line != first or before != first):
            return  # another line of the statement that is running
        self._close(frame)
        if len(self.events) == self._most:
            self.is_cut = True  # for a program that catches everything
            raise TooLong
        self._open[frame] = [self._numbers[frame], first, {}]
        self.events.append(self._open[frame])

    def _close(self, frame: FrameType) -> None:
        now = shown(frame.f_locals)
        before, self._seen[frame] = self._seen[frame], now
        if frame in self._open:
            changes = {name: text for name, text in now.items() if before.get(name) != text}
            self._open[frame][2].update(changes)


def shown(variables: dict[str, Any]) -> dict[str, str]:
    """Each variable's value as text; "" where it has none that is short enough."""
    texts = {}
    for name, value in variables.items():
        if name.startswith("."):
            continue
        try:
            text = repr(value)
        except Exception:
            text = ""
        texts[name] = text if len(text) <= MOST_REPR else ""
    return texts


def record(program: str, call: str, starts: dict[int, int], most: int) -> None:
    """Runs the program, then the call under the recorder; prints what came of it."""
    module = sys.modules["program"] = ModuleType("program")  # where dataclasses look for it
    names = module.__dict__
    recorder = Recorder(starts, most)
    result: dict[str, Any]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            exec(compile(program, SOURCE, "exec", dont_inherit=True), names)
            code = compile(call, "<call>", "eval", dont_inherit=True)
            sys.settrace(recorder)
            try:
                value = eval(code, names)
            finally:
                sys.settrace(None)
            result = {"value": repr(value), "events": recorder.events, "frames": recorder.frames}
        except BaseException as error:
            result = {"raised": type(error).__name__}
    print(json.dumps({"cut": most} if recorder.is_cut else result))
