"""A place in a list of tokens: looks ahead, and takes what must come."""

from __future__ import annotations

from collections.abc import Sequence

from labeler.checking.claims.token import Token

END = Token("end", "", -1, -1)
"""What comes behind the last token, so that looking ahead needs no test for the end."""
AHEAD = 3
"""Tokens that may be looked at beyond the one that comes."""


class NoExpression(Exception):
    """These tokens are not an expression of the grammar; never leaves this package."""


class Cursor:
    """`at` is the index of the token that comes."""

    __slots__ = ("at", "length", "tokens")

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = [*tokens, END, END, END, END]
        self.length = len(tokens)
        self.at = 0

    def peek(self, ahead: int = 0) -> Token:
        """The token that comes, or one at most AHEAD further on; END behind the last."""
        return self.tokens[self.at + ahead]

    def comes(self, kind: str, text: str = "", ahead: int = 0) -> bool:
        """Whether a token of this kind (and text) comes."""
        token = self.tokens[self.at + ahead]
        return token[0] == kind and (not text or token[1] == text)

    def take(self, kind: str, text: str = "") -> Token:
        """Passes the token that must come. Raises NoExpression."""
        token = self.tokens[self.at]
        if token[0] != kind or (text and token[1] != text):
            raise NoExpression
        self.at += 1
        return token
