"""ToolComp's rows: two next steps (or two plans) after one history, one of which people preferred.

Each row gives two solutions on one shared prefix; the last step of the preferred one is right, that
of the other wrong, and nobody said anything of the history. Components (plan, thought, action,
action_input) in which the two differ stand in the note of that step, for people corrected the one
component that was wrong. Tools are a list that Python printed; the date belongs to the context.

Source: vaskar-open-source-research/toolcomp, prompts/llm_as_judge.py and its reader of rows
(arXiv 2501.01290). The set itself was not at hand: rows of its shape are what this was tried on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from labeler.problems.forms.base import Form, Record, listed
from labeler.problems.forms.messages import TRAJECTORY
from labeler.problems.known import json_text
from labeler.problems.written import Unfit, json_value, text_of
from labeler.records import Call, Observation, Trajectory, Turn
from labeler.turns.failure import failure_of
from labeler.turns.rendered import TOOL
from labeler.turns.rendered import text_of as text_of_turn

PLAN = ("action plan", "action_plan", "plan")
PARTS = ("thought", "action", "action_input")


def _read(record: Record) -> Sequence[Record]:
    history = [_turn(one) for one in _listed(record, "history")]
    sides = {name: _object(record, name) for name in ("preferred", "dispreferred")}
    differ = _differing(*sides.values())
    if not differ:
        raise Unfit("preferred and dispreferred say the same")
    tools = listed(record, "tools") if record.get("tools") else []
    date = text_of(record, "historical_date")
    return [
        _solution(record, (*history, _turn(step)), differ, name, json_text(tools), date)
        for name, step in sides.items()
    ]


def _solution(
    record: Record, turns: tuple[Turn, ...], differ: list[str], side: str, tools: str, date: str
) -> Record:
    is_right = side == "preferred"
    before = [None] * (len(turns) - 1)
    name = text_of(record, "id")
    return {
        "problem": text_of(record, "prompt"),
        "steps": [text_of_turn(turn) for turn in turns],
        "labels": [*before, 1 if is_right else -1],
        "notes": [*("" for _ in before), f"{side}: {', '.join(differ)}"],
        "context": [f"Date: {date}"] if date else [],
        "id": f"{name}-{side}" if name else "",
        "domain": "qa",
        TRAJECTORY: Trajectory(turns, tools=tools if tools != "[]" else ""),
    }


def _turn(step: Any) -> Turn:
    """A plan is a turn of words alone."""
    if not isinstance(step, Mapping):
        raise Unfit("a step of the history is no object")
    plan = _plan(step)
    if plan:
        return Turn(plan)
    thought, action, given = (_text(step, part) for part in PARTS)
    if not thought and not action:
        raise Unfit("a step has neither thought nor action")
    calls = (Call(action, _arguments(given)),) if action else ()
    seen = _text(step, "observation")
    observed = (Observation(TOOL, seen, 0 if calls else None, failure_of({}, seen)),)
    return Turn(thought, calls, observed if seen else ())


def _arguments(given: str) -> str:
    """An input that is no JSON object is the one argument `input`, as in ReAct's lines."""
    try:
        value = json.loads(given)
    except (ValueError, RecursionError):
        value = None
    return given if isinstance(value, dict) else json.dumps({"input": given}, ensure_ascii=False)


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    found = ["plan"] if _plan(one) != _plan(other) else []
    return found + [part for part in PARTS if _text(one, part) != _text(other, part)]


def _plan(step: Mapping[str, Any]) -> str:
    return next((text for name in PLAN if (text := _text(step, name))), "")


def _text(step: Mapping[str, Any], name: str) -> str:
    """A component is {"text": ...} or, in some copies, a text."""
    value = step.get(name)
    return text_of(value if isinstance(value, Mapping) else {"text": value}, "text").strip()


def _object(record: Record, name: str) -> Mapping[str, Any]:
    value = record[name]
    if isinstance(value, str):
        try:
            value = json_value(value)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, Mapping):
        raise Unfit(f"{name} is no object")
    return value


def _listed(record: Record, name: str) -> list[Any]:
    """A list, maybe as text; nothing is an empty one (a pair of plans)."""
    return [] if record.get(name) in (None, "") else listed(record, name)


TOOLCOMP = Form(
    name="toolcomp",
    of="ToolComp: pairs of next steps of agents, with people's preference",
    fields=("prompt", "preferred", "dispreferred"),
    read=_read,
)
