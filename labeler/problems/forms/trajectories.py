"""AgentProcessBench: the turns of an agent that calls tools, each rated 1, 0 or -1.

A step is a turn of the assistant: its words, the calls that it makes, and what the tools (or the
user) answer before its next turn, for a later turn builds on that. Only turns that somebody rated
have a label. What stands before the first turn belongs to the problem.
Their texts are as they were before turns had a structure, for datasets know steps by their text.
Source: the annotation platform's records (messages in OpenAI's form, `step_labels` by the message's
index as text), AgentProcessBench.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from labeler.problems.forms.base import Form, Record, listed, whole_number
from labeler.problems.forms.messages import (
    ASSISTANT,
    SYSTEM,
    TRAJECTORY,
    tools_of,
    trajectory_of,
    words_of,
)
from labeler.problems.written import Unfit, text_of
from labeler.records import Trajectory


def _agent(record: Record) -> Sequence[Record]:
    messages = listed(record, "messages")
    if not all(isinstance(one, Mapping) for one in messages):
        raise Unfit("messages holds something that is no object")
    turns = [i for i, one in enumerate(messages) if one.get("role") == ASSISTANT]
    if not turns:
        raise Unfit("messages has no turn of the assistant")
    ends = [*turns[1:], len(messages)]
    steps = [
        "\n".join(filter(None, map(_said, messages[start:end])))
        for start, end in zip(turns, ends, strict=True)
    ]
    before = [one for one in messages[: turns[0]] if one.get("role") != SYSTEM]
    asked = text_of(record, "question") or "\n".join(filter(None, map(_said, before)))
    final = record.get("final_label")
    return [
        {
            "problem": asked,
            "gold_answer": text_of(record, "answer") or None,
            "steps": steps,
            "labels": _labels(record["step_labels"], turns, len(messages)),
            "final_answer_correct": None if final in (None, 0) else _is_right(final),
            "id": text_of(record, "record_id") or text_of(record, "id"),
            "domain": "qa",
            TRAJECTORY: _structure(record, messages),
        }
    ]


def _structure(record: Record, messages: Sequence[Any]) -> Trajectory | None:
    """None where calls and answers contradict each other: labels are of the text all the same."""
    try:
        return trajectory_of(messages, tools_of(record))
    except Unfit:
        return None


def _is_right(final: Any) -> bool:
    if final not in (1, -1):
        raise Unfit(f"final_label {final!r} is none of 1, 0, -1")
    return bool(final == 1)


def _labels(said: Any, turns: Sequence[int], n_messages: int) -> list[int | None]:
    if isinstance(said, str):
        said = listed({"step_labels": f"[{said}]"}, "step_labels")[0]
    if not isinstance(said, Mapping):
        raise Unfit("step_labels is no object from a message's index to a label")
    given = {
        whole_number(index, "step_labels"): label
        for index, label in said.items()
        if label is not None
    }
    for index, label in given.items():
        if index not in turns:
            where = "no message" if not 0 <= index < n_messages else "no turn of the assistant"
            raise Unfit(f"step_labels names message {index}, which is {where}")
        if label not in (1, 0, -1) or isinstance(label, bool):
            raise Unfit(f"step_labels says {label!r} of message {index}; it is 1, 0 or -1")
    return [given.get(turn) for turn in turns]


def _said(message: Mapping[str, Any]) -> str:
    """A message as text: words, then calls; what others say is marked with who says it."""
    words = words_of(message.get("content"))
    role = message.get("role")
    if role == ASSISTANT:
        calls = message.get("tool_calls") or []
        if not isinstance(calls, list):
            raise Unfit("tool_calls is no list")
        return "\n".join(filter(None, [words, *map(_call, calls)]))
    name = message.get("name")
    who = f"{role} {name}" if isinstance(name, str) and name else str(role)
    return f"[{who}] {words}"


def _call(call: Any) -> str:
    function = call.get("function") if isinstance(call, Mapping) else None
    held = function if isinstance(function, Mapping) else call
    if not isinstance(held, Mapping) or not isinstance(held.get("name"), str):
        raise Unfit("a tool call has no name")
    arguments = held.get("arguments")
    shown = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return f"[call {held['name']}] {shown}"


AGENT_PROCESS_BENCH = Form(
    name="agent_process_bench",
    of="AgentProcessBench: turns of agents that call tools",
    fields=("messages", "step_labels"),
    read=_agent,
)
