"""What stands behind a value: per cent, factorials, degrees, units and brackets that comment.

A unit is any run of words behind a value (`5 apples`, `$15/student`, `3 miles per hour`): it is
noted and has no effect.
"""

from __future__ import annotations

from collections.abc import Sequence

from labeler.checking.claims.cursor import Cursor, NoExpression
from labeler.checking.claims.expression import Either, Node, Operation
from labeler.checking.claims.products import percent
from labeler.checking.claims.token import Token
from labeler.checking.claims.vocabulary import NUMBER_WORDS

MAX_ASIDE = 24
BEHIND = frozenset({"mark", "word", "op", "open"})
"""Kinds of tokens that may stand behind a value and belong to it."""
CLOSING = {"(": ")", "[": "]", "{": "}", "floor": "floor", "ceil": "ceil"}


class Units(Cursor):
    """A cursor that passes what stands behind values; `units` gathers the words and marks."""

    __slots__ = ("units",)

    def __init__(self, tokens: Sequence[Token]) -> None:
        super().__init__(tokens)
        self.units: set[str] = set()

    def marks(self, node: Node) -> Node:
        """Per cent, factorial, degrees, and units behind a value."""
        while True:
            kind = self.tokens[self.at].kind
            if kind not in BEHIND:
                return node
            if kind == "op" and self.tokens[self.at].text not in "/-*":
                return node
            if self.comes("mark", "%") or self.comes("word", "percent"):
                self.at += 1
                node = percent(node)
                self.units.add("%")
            elif self.comes("mark", "!"):
                self.at += 1
                if self.comes("mark", "!"):  # a double factorial
                    raise NoExpression
                factorial = Operation("factorial", (node,))
                # The last sign of a side may be an exclamation.
                last = self.at >= self.length
                node = Either("exclamation", (factorial, node)) if last else factorial
            elif self.comes("mark", "degree") or self.comes("mark", "$"):
                self.units.add(self.take("mark").text)
            elif not self._unit():
                return node

    def _unit(self) -> bool:
        """Passes a unit if one comes: words, `/word`, powers of words, asides in brackets."""
        begin = self.at
        while True:
            token = self.tokens[self.at]
            if token.kind == "word" and (
                token.text not in NUMBER_WORDS
                or (token.text == "per" and self.comes("word", "", 1))
            ):
                self.units.add(token.text)
                self.at += 1
                self._unit_exponent()
            elif token.kind == "op" and token.text in "/*" and self.comes("word", "", 1):
                following = self.tokens[self.at + 1]
                loose = token.spaced or following.spaced
                if following.text in NUMBER_WORDS or (loose and self.at == begin):
                    break
                if token.text == "*":
                    break
                self.at += 1
            elif token.kind == "op" and token.text == "-" and self._hyphen():
                self.at += 1
            elif token.kind == "open" and token.spaced and (end := self._aside()):
                self.at = end
            else:
                break
        return self.at > begin

    def _unit_exponent(self) -> None:
        """Passes the power of a unit: cm^2, s^-1, m^{-3}."""
        if not self.comes("op", "^"):
            return
        group = self.comes("open", "{", 1)
        at = 1 + group
        at += self.comes("op", "-", at) or self.comes("op", "+", at)
        if self.comes("num", "", at):
            self.units.add("^")
            self.at += at + 1 + group

    def _hyphen(self) -> bool:
        following = self.tokens[self.at + 1]
        sign = self.tokens[self.at]
        return following.kind == "word" and not following.spaced and not sign.spaced

    def _aside(self) -> int:
        """Where a bracket that only comments ends; 0 where there is none.

        It holds nothing but words, or words and numbers without a sign between (`5 (3 coins in a
        bag)`). One word beside a number may be its unit: then the bracket could be a factor.
        """
        opening = self.tokens[self.at]
        index, words, numbers = self.at + 1, 0, 0
        while index < self.length and index - self.at < MAX_ASIDE:
            token = self.tokens[index]
            if token.kind == "close":
                if not words or token.text != CLOSING[opening.text]:
                    return 0
                if numbers and words == 1:
                    raise NoExpression
                return index + 1
            if token.kind == "word":
                words += 1
            elif token.kind == "num":
                numbers += 1
            elif token.kind in {"sym", "func", "unsupported", "open", "op", "rel"}:
                return 0
            index += 1
        return 0
