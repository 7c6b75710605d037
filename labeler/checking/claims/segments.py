"""Cuts a step into the sentences that hold a relation, before anything is read token by token.

Most of a solution is prose that states no equation; it is passed over by one look for a relation
sign. Formulas are never cut: dollars are paired by Pandoc's rule ("$5 and $6" is money, "$5 + 6$"
is mathematics), LaTeX's own brackets by their kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

RELATION = re.compile(
    r"[\\=＝≈≅\u2245≠≤≥≡<>](?:(?<!\\)|(?:approx|thickapprox|simeq|doteq|equiv|neq?|leq?|leqslant"
    r"|geq?|geqslant|lt|gt|sim|cong)(?![A-Za-z]))"
)
"""A relation's sign. It begins with a set of characters, as the patterns below do: such a pattern
passes over all others in one loop, which an alternative of several beginnings does not."""
_EDGE = re.compile(
    r"\\\$|\$\$|\$|\\[()\[\]]|\n\n"
    r"|\\(?:begin|end)\{(?:align|equation|gather|eqnarray|multline|alignat)\*?\}"
)
_CUT = re.compile(
    r"[.?!,;:\n](?:(?<=[.?!])\s+(?=[A-Z])|(?<=[,;:])\s+(?=[A-Za-z])|(?<=\n)\s*\n\s*(?=[A-Z#*\d]))"
)


@dataclass(frozen=True, slots=True)
class Formulas:
    """`dollars`: places of dollar signs that open or close a formula; `spans`: the formulas."""

    dollars: frozenset[int]
    spans: tuple[tuple[int, int], ...]


def formulas(text: str) -> Formulas:
    """Where a text is mathematics; one pass."""
    dollars: set[int] = set()
    spans: list[tuple[int, int]] = []
    opened, begin = "", 0
    edges = list(_EDGE.finditer(text))
    for index, edge in enumerate(edges):
        sign, at = edge[0], edge.start()
        if sign in {"\\$", "\n\n"}:
            continue
        if not opened:
            if sign == "$":
                if _closes(text, edges, index):
                    dollars.add(at)
                    opened, begin = sign, at
            elif sign == "$$" or sign in {"\\(", "\\["} or sign.startswith("\\begin"):
                opened, begin = sign, at
        elif sign == opened or _ends(opened, sign):
            if sign == "$":
                dollars.add(at)
            spans.append((begin, edge.end()))
            opened = ""
    if opened:
        spans.append((begin, len(text)))
    return Formulas(frozenset(dollars), tuple(spans))


def _ends(opened: str, sign: str) -> bool:
    if opened.startswith("\\begin"):
        return sign.startswith("\\end")
    return (opened, sign) in {("\\(", "\\)"), ("\\[", "\\]")}


def _closes(text: str, edges: list[re.Match[str]], index: int) -> bool:
    """Whether the next dollar sign closes the one at `index`."""
    begin = edges[index].end()
    if begin >= len(text) or text[begin].isspace():
        return False
    for edge in edges[index + 1 :]:
        if edge[0] == "\\$":
            continue
        if edge[0] != "$":
            return False
        at = edge.start()
        return not text[at - 1].isspace() and not text[at + 1 : at + 2].isdigit() and at > begin
    return False


def clauses(text: str, spans: tuple[tuple[int, int], ...]) -> Iterator[tuple[int, int]]:
    """Begin and end of each clause with a relation; formulas and what is in brackets stay whole."""
    relations = [match.start() for match in RELATION.finditer(text)]
    if not relations:
        return
    last = relations[-1]
    begin, at, of = 0, 0, 0
    for stop in _CUT.finditer(text):
        place, end = stop.span()
        while at < len(spans) and spans[at][1] <= place:
            at += 1
        if at < len(spans) and spans[at][0] <= place:
            continue
        if text.count("(", begin, place) != text.count(")", begin, place):
            continue
        if relations[of] < end:
            yield begin, end
            if last < end:
                return
            while relations[of] < end:
                of += 1
        begin = end
    yield begin, len(text)
