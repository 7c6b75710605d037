"""Steps of a program: its statements, by the syntax tree; joining them gives the text back.

A compound statement's own step is its header (`if x > 0:`, with its decorators); the statements in
its body are steps of their own. A comment belongs to the statement below it, `else:` too. Text that
is no Python has no statements: that is a `SyntaxError` for the caller to judge.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
"""As Python counts lines; `str.splitlines` ends them at more characters."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its node, and where its step lies in the text (characters, end exclusive).

    `lines` are those of its own text (from 1, end included): for a compound one, of its header.
    """

    node: ast.stmt
    start: int
    end: int
    lines: range


def split_statements(text: str, start: int = 0) -> tuple[str, ...]:
    """The steps of a program; with `start`, only of what lies from that character on.

    Raises `SyntaxError`. `"".join(split_statements(text)) == text` where there is any statement.
    """
    return tuple(text[s.start : s.end] for s in statements(text, start))


def statements(text: str, start: int = 0) -> list[Statement]:
    """All statements in the order of the text, nested ones after their headers."""
    positions = _SourcePositions(text)
    nodes = [node for node in _in_order(parse(text)) if positions.start(node) >= start]
    found: list[Statement] = []
    begin = start
    for node, following in zip(nodes, [*nodes[1:], None], strict=True):
        end = len(text) if following is None else positions.own_end(node, following)
        lines = range(_first_line(node), positions.last_own_line(node) + 1)
        found.append(Statement(node, begin, end, lines))
        begin = end
    return found


def parse(text: str) -> ast.Module:
    """The syntax tree; what Python only warns of (an unknown escape, say) is no matter here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _in_order(node: ast.AST) -> Iterator[ast.stmt]:
    """Statements by their place in the text."""
    found = [inner for inner in ast.walk(node) if isinstance(inner, ast.stmt)]
    return iter(sorted(found, key=lambda stmt: (_first_line(stmt), stmt.col_offset)))


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    lines: list[int] = [node.lineno, *(decorator.lineno for decorator in decorators)]
    return min(lines)


class _SourcePositions:
    """Characters of a text by line and column; the tree counts columns in bytes."""

    def __init__(self, text: str) -> None:
        self._lines = LINE.findall(text)
        self._starts = [0, *accumulate(len(line) for line in self._lines)]

    def start(self, node: ast.stmt) -> int:
        line = _first_line(node)
        column = node.col_offset if line == node.lineno else 0
        characters = self._lines[line - 1].encode()[:column].decode()
        return self._starts[line - 1] + len(characters)

    def own_end(self, node: ast.stmt, following: ast.stmt) -> int:
        """Where the step of a statement ends and that of the following one begins."""
        after = self._starts[self.last_own_line(node)]
        return min(after, self.start(following))

    def last_own_line(self, node: ast.stmt) -> int:
        """Of a compound statement the last line of its header, comments below it left out."""
        body = _body(node)
        if not body:
            assert node.end_lineno is not None
            return node.end_lineno
        last = _first_line(body[0]) - 1
        while last > node.lineno and self._lines[last - 1].strip()[:1] in ("", "#"):
            last -= 1
        return max(last, node.lineno)


def _body(node: ast.stmt) -> list[ast.stmt]:
    if isinstance(node, ast.Match):
        return node.cases[0].body
    return getattr(node, "body", [])
