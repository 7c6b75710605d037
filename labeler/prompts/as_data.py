"""Texts of problems and solutions as data in a prompt: they cannot close the tag they stand in.

A prompt names its parts by tags (`<solution>`, `<step_3>`), chat templates their turns by others
(`<|im_end|>`, `[INST]`, `<end_of_turn>`). A text that holds one of them could end its part, or the
whole turn, and go on as somebody else. So the first character of each is written as HTML writes it
(`&lt;`, `&#91;`), which models read; mathematics (`a < b`, `x<y>z`, `[0, 1]`) stays as it is.

Does not cover what a text says in words: see `labeler.labelers.shared.replies.injection`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_NAME = re.compile(r"</?([a-z][a-z_]*[a-z])(?=[>/]|_\{\{)")
_TURNS = (
    r"\|[^|<>\n]{1,40}\|"  # <|im_start|>, <|eot_id|>, <|start_header_id|>
    r"|/?(?:s|bos|eos|pad|unk|think|thinking|tool_call|tool_response|start_of_turn|end_of_turn"
    r"|system|user|assistant|SYS)(?=>)"
)
_BRACKETS = re.compile(
    r"\[(?=\s*/?\s*(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS)\s*\])", re.I
)
_HIDDEN = "\u00ad\u200b-\u200f\u2060-\u2064\ufeff"
"""Characters that nobody sees, with which a tag could be spelled past us."""


def tag_names(templates: Iterable[str]) -> frozenset[str]:
    """The names of the tags in a prompt's templates, without their numbers."""
    return frozenset(name for text in templates for name in _NAME.findall(text))


def boundary(names: frozenset[str]) -> re.Pattern[str]:
    """What opens a tag of the prompt or of a chat template, however it is spaced or numbered."""
    own = "|".join(sorted((_spelled(name) for name in names), key=len, reverse=True)) or "(?!)"
    gap = rf"[\s{_HIDDEN}]{{0,8}}"
    return re.compile(
        rf"[<\uff1c\ufe64](?={gap}(?:/?{gap}(?:{own})(?:[_\s{_HIDDEN}]?\d{{1,9}})?{gap}/?{gap}[>\uff1e]"
        rf"|(?:{_TURNS}){gap}[>\uff1e]))",
        re.IGNORECASE,
    )


def _spelled(name: str) -> str:
    """A name with hidden characters anywhere in it."""
    return f"[{_HIDDEN}]{{0,3}}".join(re.escape(letter) for letter in name)


def as_data(value: Any, opens: re.Pattern[str]) -> Any:
    """The value with every text in it, however nested, unable to close what it stands in."""
    if isinstance(value, str):
        return _BRACKETS.sub("&#91;", opens.sub("&lt;", value))
    if isinstance(value, Mapping):
        return {key: as_data(one, opens) for key, one in value.items()}
    if isinstance(value, Sequence):
        return tuple(as_data(one, opens) for one in value)
    return value
