"""A turn as the text of its step: the thought, each call and each observation in tags of their own.

The tags are those of Hermes' function calling, which Qwen's chat templates write as well, so a
policy that was trained on them goes on from such a text. The text is the step's identity; what it
is made of is kept beside it (`labeler.records.Trajectory`) and never read back from the text, for
an observation may hold any tag. Every turn ends with a line break, wherever it stands.

Source: github.com/NousResearch/Hermes-Function-Calling, README (tags).
"""

from __future__ import annotations

import json

from labeler.records import Call, Observation, Turn

TOOL = "tool"


def text_of(turn: Turn) -> str:
    """The text of a turn."""
    parts = [turn.thought.rstrip("\n")] if turn.thought.strip() else []
    parts += map(call_text, turn.calls)
    parts += map(observation_text, turn.observations)
    return "".join(part + "\n" for part in parts)


def call_text(call: Call) -> str:
    """A call in its tags; arguments that are no JSON stand there as a JSON string."""
    arguments = call.arguments if is_json(call.arguments) else json.dumps(call.arguments)
    inside = f'{{"name": {json.dumps(call.name, ensure_ascii=False)}, "arguments": {arguments}}}'
    return f"<tool_call>\n{inside}\n</tool_call>"


def observation_text(observation: Observation) -> str:
    """What was answered, in tags that say who did."""
    tag = "tool_response" if observation.role == TOOL else f"{observation.role}_message"
    return f"<{tag}>\n{observation.text}\n</{tag}>"


def is_json(text: str) -> bool:
    """Whether a text is one JSON value."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
