"""Text with Hermes' or Qwen's tags, cut into turns: the pieces joined give the text.

A turn is what the policy says and calls, with the responses behind it; the next begins with the
first word or call after a response. Marks of chat templates (`<|im_start|>user` around a response)
belong to nobody: they stay in the text of the step and in no part of its structure. A call that is
no JSON object with a name, or a tag that is never closed, raises `ValueError` with the reason.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from labeler.records import Call, Observation, Turn
from labeler.turns.failure import failure_of
from labeler.turns.rendered import TOOL

_TAG = re.compile(
    r"<(?P<tag>tool_call|tool_response)>(?P<inside>.*?)</(?P=tag)>"
    r"|<\|im_start\|>[a-z]*\n?|<\|im_end\|>\n?",
    re.DOTALL,
)
_OPEN = re.compile(r"<(tool_call|tool_response)>")


@dataclass(slots=True)
class _Growing:
    start: int
    thought: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)

    def turn(self) -> Turn:
        thought = "".join(self.thought).strip()
        return Turn(thought, tuple(self.calls), tuple(self.observations))


def has_tags(text: str) -> bool:
    """Whether a text holds a call in tags."""
    return "<tool_call>" in text and "</tool_call>" in text


def tagged_turns(text: str) -> list[tuple[str, Turn]]:
    """The turns of a text, each with the piece of text that it is. Raises `ValueError`."""
    turns = [_Growing(0)]
    at = 0
    for mark in [*_TAG.finditer(text), None]:
        end = mark.start() if mark else len(text)
        words = text[at:end]
        if broken := _OPEN.search(words):
            raise ValueError(f"<{broken[1]}> is never closed")
        now = turns[-1]
        if now.observations and (words.strip() or (mark and mark["tag"] == "tool_call")):
            now = _Growing(at)
            turns.append(now)
        now.thought.append(words)
        if mark is None:
            break
        at = mark.end()
        if mark["tag"] == "tool_call":
            now.calls.append(call_in(mark["inside"]))
        elif mark["tag"] == "tool_response":
            now.observations.append(_observed(now, mark["inside"].strip("\n")))
    starts = [turn.start for turn in turns]
    ends = [*starts[1:], len(text)]
    return [(text[a:b], t.turn()) for a, b, t in zip(starts, ends, turns, strict=True)]


def call_in(text: str) -> Call:
    """The call that stands between the tags, its arguments as they are written there."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        raise ValueError("a <tool_call> holds no JSON object with a name")
    arguments = value.get("arguments", value.get("parameters", {}))
    if isinstance(arguments, str):
        return Call(value["name"], arguments)
    return Call(value["name"], json.dumps(arguments, ensure_ascii=False))


def _observed(turn: _Growing, text: str) -> Observation:
    place = len(turn.observations)
    return Observation(TOOL, text, place if place < len(turn.calls) else None, failure_of({}, text))
