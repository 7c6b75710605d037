"""A place in a list of tokens: looks ahead, and takes what must come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labeler.checking.claims.tokens import Token


class NoExpression(Exception):
    """These tokens are not an expression of the grammar; never leaves this package."""


@dataclass
class Cursor:
    """`at` is the index of the token that comes."""

    tokens: Sequence[Token]
    at: int = 0

    def peek(self, ahead: int = 0) -> Token | None:
        """The token that comes, or one further on; None behind the last."""
        index = self.at + ahead
        return self.tokens[index] if index < len(self.tokens) else None

    def comes(self, kind: str, text: str = "", ahead: int = 0) -> bool:
        """Whether a token of this kind (and text) comes."""
        token = self.peek(ahead)
        return token is not None and token.kind == kind and (not text or token.text == text)

    def take(self, kind: str, text: str = "") -> Token:
        """Passes the token that must come. Raises NoExpression."""
        token = self.peek()
        if token is None or token.kind != kind or (text and token.text != text):
            raise NoExpression
        self.at += 1
        return token
