"""Text in ReAct's lines (Thought, Action, Action Input, Observation), cut into turns.

The pieces joined give the text. Lines may be numbered ("Thought 2:"), and an action may hold its
input itself, as the paper writes it (`Search[Paris]`). An input that is no JSON object is the one
argument `input`. A turn begins with a thought, or with an action behind another; what stands before
the first mark belongs to the first turn's thought.
Source: ReAct (arXiv 2210.03629), appendix; the layout with "Action Input" is LangChain's.
"""

from __future__ import annotations

import json
import re

from labeler.records import Call, Observation, Turn
from labeler.turns.failure import failure_of
from labeler.turns.rendered import TOOL

_MARK = re.compile(
    r"^[ \t]*(Thought|Action Input|Action|Observation|Final Answer)[ \t]*\d*[ \t]*:",
    re.MULTILINE | re.IGNORECASE,
)
_BRACKETS = re.compile(r"\s*([\w .-]+?)\s*\[(.*)\]\s*", re.DOTALL)
ENDS = ("finish", "final answer")
"""Actions that call no tool: they give the answer."""


def has_actions(text: str) -> bool:
    """Whether a text has a line with an action."""
    return any(mark[1].lower() == "action" for mark in _MARK.finditer(text))


def react_turns(text: str) -> list[tuple[str, Turn]]:
    """The turns of a text, each with the piece of text that it is."""
    marks = list(_MARK.finditer(text))
    groups: list[list[int]] = []
    for number, mark in enumerate(marks):
        kind = mark[1].lower()
        there = [marks[i][1].lower() for i in groups[-1]] if groups else []
        begins = (
            not groups
            or (kind == "thought" and there != [])
            or (kind in ("action", "final answer") and "observation" in there)
            or (kind == "action" and "action" in there)
        )
        if begins:
            groups.append([])
        groups[-1].append(number)
    starts = [0, *(marks[group[0]].start() for group in groups[1:])]
    ends = [*starts[1:], len(text)]
    parts = [_parts(text, marks, group) for group in groups] or [[("thought", text)]]
    if groups and (before := text[: marks[0].start()].strip()):
        parts[0] = [("thought", before), *parts[0]]
    return [(text[a:b], _turn(p)) for a, b, p in zip(starts, ends, parts, strict=True)]


def final_answer_of(turns: list[tuple[str, Turn]]) -> str | None:
    """What stands behind the last "Final Answer:", or in a finishing action."""
    if not turns:
        return None
    found = [m for m in _MARK.finditer(turns[-1][0]) if m[1].lower() == "final answer"]
    if found:
        return turns[-1][0][found[-1].end() :].strip() or None
    last = [m for m in _MARK.finditer(turns[-1][0]) if m[1].lower() == "action"]
    inside = _BRACKETS.match(turns[-1][0][last[-1].end() :]) if last else None
    return inside[2].strip() or None if inside and inside[1].lower() in ENDS else None


def _parts(text: str, marks: list[re.Match[str]], group: list[int]) -> list[tuple[str, str]]:
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return [(marks[i][1].lower(), text[marks[i].end() : ends[i]].strip()) for i in group]


def _turn(parts: list[tuple[str, str]]) -> Turn:
    thoughts: list[str] = []
    calls: list[Call] = []
    observations: list[Observation] = []
    for kind, said in parts:
        if kind == "action":
            inside = _BRACKETS.fullmatch(said)
            name, given = (inside[1], inside[2]) if inside else (said, "")
            if name.lower() in ENDS:
                thoughts.append(given)
            elif name:
                calls.append(Call(name, _arguments(given)))
        elif kind == "action input" and calls:
            calls[-1] = Call(calls[-1].name, _arguments(said))
        elif kind == "observation":
            place = len(observations) if len(observations) < len(calls) else None
            observations.append(Observation(TOOL, said, place, failure_of({}, said)))
        else:
            thoughts.append(said)
    return Turn("\n".join(filter(None, thoughts)), tuple(calls), tuple(observations))


def _arguments(said: str) -> str:
    """JSON text of an object; anything else is the argument `input`, nothing is none."""
    if not said:
        return "{}"
    try:
        value = json.loads(said)
    except (ValueError, RecursionError):
        value = None
    return said if isinstance(value, dict) else json.dumps({"input": said}, ensure_ascii=False)
