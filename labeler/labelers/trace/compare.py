"""A predicted trace, line by line, against the real one: questions with exact answers.

A line `4: out.append(n)  # out = [1]; n = 1` answers which statement runs next, and what each
variable is once it is done. The statement is right if its line number is, and its text, stripped,
is one of the statement's own lines; a value is right if type and value are, as literals.
`Answer: [1]` answers what the call returns. Any other line answers nothing.

Lines are read with Python's own tokenizer and parser. After a line that names another statement
than the one that ran, positions mean nothing any more: later lines are not judged. Values that are
no literals are not asked.
Source: ExecVerify (its public code): the questions, how they are compared, and the reward.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass, field

from labeler.checking.python_value import NoLiteral, literal, same_value
from labeler.labelers.trace.run import Event, Trace

STEP = re.compile(r"^\s*(\d+)\s*:(.*)$")
ANSWER = re.compile(r"^\s*Answer:(.*)$")
RETURNED = "what is returned"


@dataclass(slots=True)
class TraceVerdict:
    """One step: how many questions it was to answer, which answers are right, wrong, missing."""

    right: int = 0
    right_asked: int = 0
    """Of these, what had to be said; a line may also name variables that did not change."""
    wrong: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    answers: bool = False
    """Whether it holds the value that the call returns."""
    after: str = ""
    """Why it cannot be judged, although it is a part of a trace."""

    @property
    def n(self) -> int:
        return self.right + len(self.wrong) + len(self.missing)


@dataclass(slots=True)
class Comparison:
    """All steps, with ExecVerify's reward in [0, 2]: 0 unless what is returned is right."""

    steps: list[TraceVerdict]
    reward: float


def compare(steps: Sequence[str], trace: Trace) -> Comparison:
    """Judges each step of a predicted trace."""
    judged: list[TraceVerdict] = []
    at, lost = 0, False
    for step in steps:
        found = TraceVerdict()
        for line in step.splitlines():
            if answer := ANSWER.match(line):
                found.answers = True
                _compare_value(RETURNED, answer[1], trace.value, found)
            elif claim := STEP.match(line):
                event = trace.events[at] if at < len(trace.events) else None
                at += 1
                if lost:
                    found.after = "the trace left the real one before"
                else:
                    lost = _compare_line(int(claim[1]), claim[2], event, found)
        judged.append(found)
    return Comparison(judged, _reward(judged, at, trace))


def _reward(judged: Sequence[TraceVerdict], n_lines: int, trace: Trace) -> float:
    """0 for a wrong or missing answer, 1 for another number of lines, else 1 + share right."""
    last = judged[-1] if judged else TraceVerdict()
    if not last.answers or any(text.startswith(RETURNED) for text in last.wrong + last.missing):
        return 0.0
    if n_lines != len(trace.events):
        return 1.0
    asked = sum(1 + len(_asked(event)) for event in trace.events)
    right = sum(step.right_asked for step in judged)
    return 2 * (0.5 + 0.5 * right / asked) if asked else 2.0


def _compare_line(number: int, rest: str, event: Event | None, found: TraceVerdict) -> bool:
    """Whether the line names another statement than the one that ran."""
    statement, comment = _split(rest)
    if event is None:
        found.wrong.append(f"nothing runs after the return, not line {number}")
        return True
    if number != event.line or statement not in event.lines:
        found.wrong.append(f"line {event.line} runs next: {event.lines[0]}")
        return True
    found.right += 1
    found.right_asked += 1
    claimed = _values(comment)
    if claimed is None:
        found.missing.append("values that cannot be read")
        return False
    asked = _asked(event)
    for name in dict.fromkeys([*asked, *claimed]):
        if name not in claimed:
            found.missing.append(f"says nothing of {name}")
        elif name not in event.values:
            found.wrong.append(f"{name} has no value here")
        else:
            is_right = _compare_value(name, claimed[name], event.values[name], found)
            found.right_asked += is_right and name in asked
    return False


def _compare_value(name: str, claimed: str, real: str, found: TraceVerdict) -> bool:
    """Whether a value is certainly right."""
    try:
        truth = literal(real)
    except NoLiteral:
        found.missing.append(f"{name} is {real[:60]}, which is no literal")
        return False
    try:
        right = same_value(literal(claimed), truth)
    except NoLiteral:
        found.missing.append(f"{name} is given as no literal")
        return False
    if right:
        found.right += 1
    else:
        found.wrong.append(f"{name} is {real}, not {claimed.strip()}")
    return right


def _asked(event: Event) -> list[str]:
    """The changed variables whose values can be compared."""
    asked = []
    for name in event.changed:
        try:
            literal(event.values[name])
        except NoLiteral:
            continue
        asked.append(name)
    return asked


def _split(text: str) -> tuple[str, str]:
    """The statement and what stands after #, which may also occur in strings of the statement."""
    text = text.strip()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                return text[: token.start[1]].strip(), token.string.lstrip("#").strip()
    except (tokenize.TokenError, SyntaxError):
        pass
    return text, ""


def _values(comment: str) -> dict[str, str] | None:
    """The texts of values by name; None where the comment is no list of assignments."""
    try:
        body = ast.parse(comment).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    values: dict[str, str] = {}
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                values[name] = ast.get_source_segment(comment, value) or ""
            case _:
                return None
    return values
