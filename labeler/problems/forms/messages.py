"""Messages of a chat (OpenAI's form) as the turns of an agent.

One turn per message of the assistant, with what tools or the user answer before the next one; what
stands before the first belongs to no turn. Calls are `tool_calls`, the older `function_call`, or
Hermes' tags in the words; reasoning that stands apart (`reasoning_content`) is thought. Answers are
matched to calls by `tool_call_id`, without one by their order. What contradicts this (an answer to
a call that nobody made, a call without a name) is `Unfit`, with the message's index.

The problem is `problem` or `question`, else what users say before the first turn; `answer` may be a
list, whose first is the gold answer and whose others are as good. `tools` are kept as JSON text.
Source: OpenAI API reference, chat messages; Qwen's chat templates for responses in a user's words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labeler.problems.forms.base import Form, Record, listed
from labeler.problems.known import gold_call, json_text
from labeler.problems.written import Unfit, text_of
from labeler.records import Call, Observation, Said, Trajectory, Turn
from labeler.turns.failure import failure_of
from labeler.turns.rendered import TOOL
from labeler.turns.rendered import text_of as text_of_turn
from labeler.turns.tagged import has_tags, tagged_turns

ASSISTANT, SYSTEM, USER = "assistant", "system", "user"
TRAJECTORY = "the structure of the steps"
"""Under which a form hands a `Trajectory` on; no column of a file has this name."""
TOOLS = (TOOL, "function", "ipython", "observation")
"""Roles that sets give to what a tool says."""


def trajectory_of(messages: Sequence[Any], tools: str = "") -> Trajectory:
    """The turns of a chat. Raises `Unfit` for what is none."""
    opening: list[Said] = []
    turns: list[tuple[str, tuple[Call, ...], list[str], list[Observation]]] = []
    for index, message in enumerate(messages):
        if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
            raise Unfit(f"message {index} has no role")
        try:
            if message["role"] == ASSISTANT:
                turns.append((*_spoken(message), []))
            elif turns:
                _, calls, ids, observations = turns[-1]
                observations += _observed(message, calls, ids, observations)
            elif message["role"] in TOOLS:
                raise Unfit("a tool answers before anything was called")
            else:
                opening.append(Said(message["role"], words_of(message.get("content"))))
        except Unfit as unfit:
            raise Unfit(f"message {index}: {unfit}") from unfit
    if not turns:
        raise Unfit("messages has no turn of the assistant")
    made = (Turn(thought, calls, tuple(seen)) for thought, calls, _, seen in turns)
    return Trajectory(tuple(made), tuple(opening), tools)


def words_of(content: Any) -> str:
    """A text, or the texts of its parts (OpenAI's form has both). Raises `Unfit`."""
    if content is None or isinstance(content, str):
        return content or ""
    parts = content if isinstance(content, list) else [content]
    said: list[Any] = [one.get("text") if isinstance(one, Mapping) else one for one in parts]
    if not all(isinstance(one, str) for one in said):
        raise Unfit("its content is no text")
    return "\n".join(said)


def tools_of(record: Record) -> str:
    """The tools as JSON text, "" where there are none."""
    if record.get("tools") in (None, "", []):
        return ""
    tools = listed(record, "tools")
    if not all(isinstance(one, Mapping) for one in tools):
        raise Unfit("tools is no list of objects")
    return json_text(tools)


def _spoken(message: Mapping[str, Any]) -> tuple[str, tuple[Call, ...], list[str]]:
    """Thought, calls and their ids ("" for none)."""
    words = words_of(message.get("content"))
    reasoning = words_of(message.get("reasoning_content"))
    given = message.get("tool_calls") or []
    if not isinstance(given, list):
        raise Unfit("tool_calls is no list")
    if isinstance(message.get("function_call"), Mapping):
        given = [*given, message["function_call"]]
    calls = tuple(map(gold_call, given))
    ids = [str(one.get("id") or "") for one in given]
    if not given and has_tags(words):
        words, calls = _tagged(words)
        ids = [""] * len(calls)
    thought = f"<think>\n{reasoning}\n</think>\n{words}" if reasoning.strip() else words
    if not thought.strip() and not calls:
        raise Unfit("the assistant says nothing and calls nothing")
    return thought, calls, ids


def _tagged(words: str) -> tuple[str, tuple[Call, ...]]:
    try:
        turns = [turn for _, turn in tagged_turns(words)]
    except ValueError as error:
        raise Unfit(str(error)) from error
    if any(turn.observations for turn in turns):
        raise Unfit("a response stands in the assistant's own words: it may be invented")
    return turns[0].thought, turns[0].calls


def _observed(
    message: Mapping[str, Any], calls: tuple[Call, ...], ids: list[str], seen: list[Observation]
) -> list[Observation]:
    """What a message that is not the assistant's says; most often one observation."""
    role, text = message["role"], words_of(message.get("content"))
    if role in TOOLS:
        call = _answered(message, calls, ids, seen)
        return [Observation(TOOL, text, call, failure_of(message, text))]
    if role == USER and "<tool_response>" in text:
        try:
            inside = [one for _, turn in tagged_turns(text) for one in turn.observations]
        except ValueError as error:
            raise Unfit(str(error)) from error
        start = len(seen)
        return [
            Observation(TOOL, one.text, at if (at := start + i) < len(calls) else None, one.reason)
            for i, one in enumerate(inside)
        ]
    return [Observation(role, text)]


def _answered(
    message: Mapping[str, Any], calls: tuple[Call, ...], ids: list[str], seen: list[Observation]
) -> int | None:
    """The index of the call that a tool's message answers."""
    done = {one.call for one in seen}
    open_calls = [i for i in range(len(calls)) if i not in done]
    named = message.get("tool_call_id")
    # Calls in tags have no ids; a turn that makes none in any form we know may be answered as well.
    if isinstance(named, str) and named and (any(ids) or not calls):
        if named not in ids:
            raise Unfit(f"it answers the call {named[:40]!r}, which the turn before does not make")
        open_calls = [i for i in open_calls if ids[i] == named]
        if not open_calls:
            raise Unfit(f"the call {named[:40]!r} is answered twice")
    return open_calls[0] if open_calls else None


def _read(record: Record) -> Sequence[Record]:
    messages = listed(record, "messages")
    trajectory = trajectory_of(messages, tools_of(record))
    asked = text_of(record, "problem") or text_of(record, "question")
    if not asked.strip():
        asked = "\n".join(one.text for one in trajectory.opening if one.role == USER)
    rest = {k: v for k, v in record.items() if k not in ("messages", "tools", "question")}
    return [
        {
            **rest,
            **_answers(record),
            "problem": asked,
            "steps": [text_of_turn(turn) for turn in trajectory.turns],
            "domain": text_of(record, "domain") or "qa",
            TRAJECTORY: trajectory,
        }
    ]


def _answers(record: Record) -> Record:
    """Of several right answers the first is the gold one."""
    given = record.get("answer")
    if not isinstance(given, list) or len(given) < 2:
        return {}
    first, *others = (text_of({"answer": one}, "answer") for one in given)
    return {"answer": first, "aliases": others}


def _has_no_steps(record: Record) -> bool:
    return record.get("steps") is None


MESSAGES = Form(
    name="messages",
    of="agents' chats in OpenAI's form, with tool_calls or Hermes' tags",
    fields=("messages",),
    fits=_has_no_steps,
    read=_read,
)
