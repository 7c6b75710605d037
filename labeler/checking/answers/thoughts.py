r"""Cuts off what is no part of a reply's answer: thoughts, special tokens, a next turn.

Where thoughts begin and end, by family of models, says `labeler.steps.thinking`. Thoughts that
never end have no answer behind them.
"""

from __future__ import annotations

import re

from labeler.steps.thinking import after_thinking

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
    return after_thinking(text) or None


def without_special_tokens(text: str) -> str:
    """The first turn of a reply, without the tokens that only steer a chat."""
    if end := _END.search(text.lstrip()):
        first = text.lstrip()[: end.start()]
        # A template's own tokens may stand first; then the reply comes behind them.
        text = first if first.strip() else text
    return _SPECIAL.sub(" ", _DRAWING.sub(" ", text) if "[asy]" in text else text)
