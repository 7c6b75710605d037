"""What a text is cut into."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal[
    "num", "op", "open", "close", "rel", "word", "sym", "func", "mark", "bar", "boundary",
    "unsupported", "end",
]  # fmt: skip

MAX_CHARACTERS = 20_000
"""Longer steps are not read."""


class Token(NamedTuple):
    """`text` is normal: `*` for every product sign, `=` for every equality, a boundary's kind.

    `spaced`: white space stands before it. `start`, `end`: its place in the step. A
    named tuple, for a step makes hundreds of them.
    """

    kind: Kind
    text: str
    start: int
    end: int
    spaced: bool = False


make_token = tuple.__new__
"""`make_token(Token, (kind, text, start, end, spaced))` takes a third of the time that
`Token(...)` does; for the lexer, which makes hundreds for a step."""
