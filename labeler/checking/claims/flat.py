"""Sides that are numbers and letters with signs between, as most are, read without the parser.

What it reads, `grammar.Parser` reads the same way; for anything else it gives None.
"""

from __future__ import annotations

from collections.abc import Sequence

from labeler.checking.claims.expression import Node, Operation, Symbol, make_node
from labeler.checking.claims.grammar import MAX_DIGITS, MAX_TOKENS
from labeler.checking.claims.products import literal, product
from labeler.checking.claims.token import Token

_LEAVES = frozenset({"num", "sym"})


def flat(tokens: Sequence[Token]) -> Node | None:
    """The tree of `12 * 3 + x`: leaves with + - * / between them, and nothing else."""
    count = len(tokens)
    if not count & 1 or not 3 <= count <= MAX_TOKENS:
        return None
    kinds = [token[0] for token in tokens]
    if kinds.count("op") * 2 + 1 != count or not _LEAVES.issuperset(kinds[::2]):
        return None
    total: Node | None = None
    joined = ""
    factors: list[Node] = []
    signs: list[str] = []
    tight: list[bool] = []
    for at in range(0, count, 2):
        leaf = tokens[at]
        if at:
            sign = tokens[at - 1]
            text = sign[1]
            if text in "+-":
                term = product(factors, signs, tight) if signs else factors[0]
                total = term if total is None else Operation(joined, (total, term))
                joined = text
                factors, signs, tight = [], [], []
            elif text in "*/":
                signs.append(text)
                tight.append(not (sign[4] or leaf[4]))
            else:
                return None
        if leaf[0] == "sym":
            factors.append(make_node(Symbol, (leaf[1],)))
        elif len(leaf[1]) <= MAX_DIGITS:
            factors.append(literal(leaf[1]))
        else:
            return None
    term = product(factors, signs, tight) if signs else factors[0]
    return term if total is None else Operation(joined, (total, term))
