r"""Cuts off what is no part of a reply's answer: thoughts, special tokens, a next turn.

Thinking models write their thoughts between marks and the answer behind them; a template may hold
the opening mark, so the closing one is enough. Thoughts that never end have no answer behind them.
Sources: the chat templates of DeepSeek-R1 and Qwen3 (`<think>`), Kimi, Cohere, Mistral's Magistral,
Open-Thoughts, Seed-OSS, gpt-oss (channels).
"""

from __future__ import annotations

import re

_PAIRS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<thoughts>", "</thoughts>"),
    ("<reasoning>", "</reasoning>"),
    ("<scratchpad>", "</scratchpad>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|channel|>analysis", "<|channel|>final"),
)
_SPECIAL = re.compile(
    r"<\|[A-Za-z_0-9]{1,40}\|>|</?s>|<(?:end|start)_of_turn>|<eos>|<pad>"
    r"|\[/?INST\]|<｜[^<>｜]{1,40}｜>"
)
_DRAWING = re.compile(r"\[asy\].{0,20000}?\[/asy\]", re.DOTALL)
_END = re.compile(
    r"<\|(?:im_end|endoftext|eot_id|end|end_of_text|return|eom_id)\|>|</s>|<end_of_turn>|<eos>"
    r"|<｜end[^<>｜]{1,20}｜>"
)


def behind_thoughts(text: str) -> str | None:
    """What stands behind the last thought, all of it where there is none; None in an open one."""
    for opening, closing in _PAIRS:
        end = text.rfind(closing)
        begin = text.rfind(opening)
        if begin > end:
            return None
        if end >= 0:
            text = text[end + len(closing) :]
    return text


def without_special_tokens(text: str) -> str:
    """The first turn of a reply, without the tokens that only steer a chat."""
    if end := _END.search(text.lstrip()):
        first = text.lstrip()[: end.start()]
        # A template's own tokens may stand first; then the reply comes behind them.
        text = first if first.strip() else text
    return _SPECIAL.sub(" ", _DRAWING.sub(" ", text) if "[asy]" in text else text)
