"""Where a model thinks before it answers, by the marks that families of models put around it.

The thinking is a part of the solution and is split like the rest, but no step lies on both sides of
a mark, and the answer is what stands behind the last one: a box inside of the thinking is a try.

Templates of some models (DeepSeek-R1's, for one) write the opening mark into the prompt, so a reply
may hold the closing one alone. Sources: the models' chat templates and model cards.
Does not cover: thinking that a server takes out of the reply (vLLM's reasoning parsers).
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """How thinking begins and ends, as regular expressions."""

    begins: str
    ends: str
    family: str


MARKS = (
    Mark(r"<think(?:ing)?>", r"</think(?:ing)?>", "DeepSeek, Qwen, GLM, SmolLM3 and most others"),
    Mark(r"<(?:seed|longcat|arcee)[:_]think>", r"</(?:seed|longcat|arcee)[:_]think>", "Seed-OSS"),
    Mark(r"<(?:thoughts?|reasoning|scratchpad|reflection)>",
         r"</(?:thoughts?|reasoning|scratchpad|reflection)>", "EXAONE, prompted models"),
    Mark(r"\[THINK\]", r"\[/THINK\]", "Magistral"),
    Mark(r"◁think▷", r"◁/think▷", "Kimi"),
    Mark(r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>", "Sky-T1, OpenThinker"),
    Mark(r"<\|channel\|>analysis<\|message\|>",
         r"(?:<\|end\|>)?(?:<\|start\|>assistant)?<\|channel\|>final<\|message\|>", "gpt-oss"),
    Mark(r"\Aanalysis(?=[A-Z])", r"assistantfinal", "gpt-oss, without its special tokens"),
    Mark(r"<\|START_THINKING\|>", r"<\|END_THINKING\|>", "Cohere"),
    Mark(r"<\|channel>thought", r"<channel\|>", "Gemma 4"),
    Mark(r"Here is my thought process:", r"Here is my response:", "Granite 3"),
    Mark(r"Here are my reasoning steps:", r"\[BEGIN FINAL RESPONSE\]", "Apriel"),
)  # fmt: skip

BEGINS = re.compile("|".join(mark.begins for mark in MARKS))
ENDS = re.compile("|".join(mark.ends for mark in MARKS))
_EITHER = re.compile(f"(?P<begins>{BEGINS.pattern})|(?P<ends>{ENDS.pattern})")


def after_thinking(text: str) -> str:
    """What stands behind the last end of thinking: the whole text where nobody thought.

    "" where thinking has begun and has not ended (again): there is no answer yet.
    """
    at = 0
    is_open = False
    for mark in _EITHER.finditer(text):
        at = mark.end()
        is_open = mark["begins"] is not None
    return "" if is_open else text[at:]


def without_thinking(text: str) -> str:
    """What was said before, between and behind thinking; nothing of what never ended.

    Where only an end stands (templates may hold the beginning), all before it was thought.
    """
    said: list[str] = []
    at = 0
    is_open = False
    for mark in _EITHER.finditer(text):
        if not is_open:
            said.append(text[at : mark.start()])
        if mark["ends"] and not is_open:
            said.clear()
        at, is_open = mark.end(), mark["begins"] is not None
    if not is_open:
        said.append(text[at:])
    return "".join(said)


def parts_of(text: str) -> list[str]:
    """The text cut before each beginning of thinking and behind each end, with its white space.

    Parts that show nothing are joined to their neighbours; all together give the text.
    """
    cuts = [0]
    for mark in _EITHER.finditer(text):
        if mark["begins"]:
            cuts.append(mark.start())
        else:
            end = mark.end()
            while end < len(text) and text[end].isspace():
                end += 1
            cuts.append(end)
    pieces = [text[a:b] for a, b in zip(cuts, [*cuts[1:], len(text)], strict=True) if a < b]
    parts: list[str] = []
    pending: list[str] = []
    for piece in pieces:
        pending.append(piece)
        if _EITHER.sub("", piece).strip():
            parts.append("".join(pending))
            pending = []
    if pending:
        parts[-1:] = ["".join([*parts[-1:], *pending])]
    return parts
