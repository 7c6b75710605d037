"""An agent's solution as a chat in OpenAI's form, for the formats that train on its turns.

Every message has the same fields, for `datasets` gives a column one type; those that a message does
not need are empty, which chat templates read as absent. Arguments are JSON text, as the API has
them. Ids of calls are made anew: `call_2_0` is the first call of turn 2.
"""

from __future__ import annotations

from typing import Any

from labeler.export.base import View
from labeler.records import Observation, Turn
from labeler.turns.rendered import TOOL

Message = dict[str, Any]
MESSAGE_TYPE = """
  - {name: role, dtype: string}
  - {name: content, dtype: string}
  - name: tool_calls
    list:
    - {name: id, dtype: string}
    - {name: type, dtype: string}
    - name: function
      struct:
      - {name: name, dtype: string}
      - {name: arguments, dtype: string}
  - {name: tool_call_id, dtype: string}
  - {name: name, dtype: string}
"""
"""The type of a message in a dataset card: rows without any call do not show it."""


def opening_of(view: View) -> list[Message]:
    """What was said before the first turn; the problem, where nobody kept it."""
    trajectory = view.labeled.solution.trajectory
    said = trajectory.opening if trajectory else ()
    messages = [_message(one.role, one.text) for one in said]
    return messages or [_message("user", view.problem)]


def turns_of(view: View) -> list[tuple[Message, list[Message]]]:
    """Each turn's message of the assistant, and what was answered to it."""
    trajectory = view.labeled.solution.trajectory
    turns = trajectory.turns if trajectory else ()
    return [(spoken(turn, t), answered(turn, t)) for t, turn in enumerate(turns)]


def tools_of(view: View) -> str:
    """The tools as JSON text, an empty list where nobody says."""
    trajectory = view.labeled.solution.trajectory
    return (trajectory.tools if trajectory else "") or "[]"


def spoken(turn: Turn, number: int) -> Message:
    """The policy's own message."""
    calls = [
        {
            "id": _id(number, i),
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for i, call in enumerate(turn.calls)
    ]
    return _message("assistant", turn.thought) | {"tool_calls": calls}


def answered(turn: Turn, number: int) -> list[Message]:
    """What tools, or the user, said next."""
    return [_observed(one, turn, number) for one in turn.observations]


def _observed(one: Observation, turn: Turn, number: int) -> Message:
    message = _message(one.role, one.text)
    if one.role == TOOL and one.call is not None:
        message |= {"tool_call_id": _id(number, one.call), "name": turn.calls[one.call].name}
    return message


def _message(role: str, text: str) -> Message:
    return {"role": role, "content": text, "tool_calls": [], "tool_call_id": "", "name": ""}


def _id(turn: int, call: int) -> str:
    return f"call_{turn}_{call}"
