"""Trajectories that are one text: with Hermes' tags, or in ReAct's lines.

A step is a turn, and joined the steps are the text. A final answer behind "Final Answer:" (or in
`Finish[...]`) is the solution's. What has neither tags nor an action is no record of these forms.
"""

from __future__ import annotations

from collections.abc import Sequence

from labeler.problems.forms.base import Form, Record
from labeler.problems.forms.messages import TRAJECTORY, tools_of
from labeler.problems.written import Unfit, text_of
from labeler.records import Trajectory, Turn
from labeler.turns.react import final_answer_of, has_actions, react_turns
from labeler.turns.tagged import has_tags, tagged_turns


def _tagged(record: Record) -> Sequence[Record]:
    text = text_of(record, "trajectory")
    if not has_tags(text):
        raise Unfit("trajectory has no <tool_call>")
    try:
        turns = tagged_turns(text)
    except ValueError as error:
        raise Unfit(f"trajectory: {error}") from error
    return [_whole(record, turns)]


def _react(record: Record) -> Sequence[Record]:
    text = text_of(record, "trajectory")
    if not has_actions(text):
        raise Unfit("trajectory has no line that begins with Action:")
    turns = react_turns(text)
    answer = text_of(record, "final_answer") or final_answer_of(turns)
    return [{**_whole(record, turns), "final_answer": answer}]


def _whole(record: Record, turns: list[tuple[str, Turn]]) -> Record:
    rest = {k: v for k, v in record.items() if k not in ("trajectory", "tools")}
    return {
        **rest,
        "steps": [text for text, _ in turns],
        "domain": text_of(record, "domain") or "qa",
        TRAJECTORY: Trajectory(tuple(turn for _, turn in turns), tools=tools_of(record)),
    }


def _is_tagged(record: Record) -> bool:
    return isinstance(record["trajectory"], str) and has_tags(record["trajectory"])


def _is_react(record: Record) -> bool:
    return isinstance(record["trajectory"], str) and has_actions(record["trajectory"])


HERMES = Form(
    name="hermes",
    of="agents' texts with Hermes' or Qwen's <tool_call> and <tool_response>",
    fields=("problem", "trajectory"),
    fits=_is_tagged,
    read=_tagged,
)
REACT = Form(
    name="react",
    of="agents' texts in ReAct's lines: Thought, Action, Action Input, Observation",
    fields=("problem", "trajectory"),
    fits=_is_react,
    read=_react,
)
