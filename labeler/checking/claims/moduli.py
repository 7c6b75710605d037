"""Statements modulo a number: `7 \\cdot 5 \\equiv 1 \\pmod{17}`, `50 ≡ 1 (mod 7)`; chains of them.

Sides are read by the same grammar as equations. Only sides without unknowns are decided, and only
where the whole side is in sight.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from labeler.checking.claims.cursor import NoExpression
from labeler.checking.claims.decide import Kind, Link, claim
from labeler.checking.claims.expression import facts
from labeler.checking.claims.grammar import Parser
from labeler.checking.claims.segments import formulas
from labeler.checking.claims.token import Token
from labeler.checking.claims.tokens import tokenize
from labeler.checking.claims.values import Reading, Undecided, Work, evaluate
from labeler.records import Verdict

MAX_CLAIMS = 30
CLAIM = 150
"""Operations that one congruence costs, about: its sides are read."""
REACH = 200

_MODULUS = re.compile(
    r"\\pmod\s*\{?\s*(\d{1,9})\s*\}?|\(\s*(?:\\?b?mod|\\text\{\s*mod\s*\})\s*\{?(\d{1,9})\}?\s*\)|"
    r"\\mod\s*\{?(\d{1,9})\}?(?![\d^])|(?<=\d)\s+mod(?:ulo)?\s+(\d{1,9})(?![\d^])"
)
_SIGN = re.compile(r"\\equiv|≡|=")
_LEFT_EDGE = re.compile(
    r"\$|\\\(|\\\[|\n|&|\\\\|[;:]|,(?!\d{3})|\.(?!\d)|(?<![\\A-Za-z])[A-Za-zα-ω]{2,}|"
    r"\\(?:implies|Rightarrow|iff|quad|qquad|text|pmod)(?![a-z])|⇒|→|[<>]"
)
_DENIED = re.compile(
    r"\b(?:not|n't|if|suppose|assume|contradict\w*|impossible|incorrect|wrong|false|when|whether|never|"
    r"instead|fails?|unless|need|want|such that|find|for)\b|\?",
    re.IGNORECASE,
)

_FALSE = re.compile(
    r"\b(?:false|contradict\w*|impossible|not|incorrect|wrong)\b|n't", re.IGNORECASE
)


def moduli(step: str, work: Work) -> Iterator[Link]:
    """The congruences between numbers that a step states, as long as there is work left."""
    if "mod" not in step:
        return
    last = 0
    for count, match in enumerate(_MODULUS.finditer(step)):
        if count >= MAX_CLAIMS or not work.allows(CLAIM):
            return
        modulus = int(next(group for group in match.groups() if group))
        begin = max(last, match.start() - REACH)
        edges = list(_LEFT_EDGE.finditer(step, begin, match.start()))
        start = edges[-1].end() if edges else begin
        last = match.end()
        if modulus > 1 and step[match.end() : match.end() + 1] not in {"^", "!"}:
            yield from _congruences(step, start, match.start(), modulus)


def _congruences(step: str, start: int, end: int, modulus: int) -> Iterator[Link]:
    text = step[start:end]
    if "≡" not in text and "\\equiv" not in text:
        return
    pieces = _SIGN.split(text)
    values = [_value(piece) for piece in pieces]
    said = _DENIED.search(step[max(0, start - 60) : start].rpartition(". ")[2]) or _FALSE.search(
        step[end : end + 70]
    )
    for left, right, a, b in zip(pieces, pieces[1:], values, values[1:], strict=False):
        if a is None or b is None:
            continue
        shown = f"{left.strip()} ≡ {right.strip()} (mod {modulus})"
        if (a - b) % modulus == 0:
            yield claim(shown, Verdict.CORRECT, Kind.MODULAR)
        elif said:
            yield claim(shown, Verdict.UNKNOWN, Kind.MODULAR, reason=f"the text says {said[0]!r}")
        else:
            yield claim(
                shown, Verdict.WRONG, Kind.MODULAR, shown=f"{a % modulus}, not {b % modulus}"
            )


def _value(piece: str) -> int | None:
    """The whole number that a side is worth, if it is read in full and is one under any reading."""
    tokens: list[Token] = tokenize(f"${piece}$", formulas(f"${piece}$"), 0, len(piece) + 2)
    tokens = [t for t in tokens if t.kind != "boundary"]
    try:
        node = Parser(tokens).whole()
        known = facts(node)
        if known.names or known.kinds or "/" in known.operations:
            return None
        value = evaluate(node, Reading({}, Work(500)), {})
    except (NoExpression, Undecided):
        return None
    return value if isinstance(value, int) else None
