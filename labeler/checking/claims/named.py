"""Quantities with names of several words, and a later misuse of one.

`Total cost = 45` here, `Total cost - first discount = 54 - 5` there: where names stand on one side
and numbers in their places on the other, each number must be a value that its name was given. A
name of one word (`total`) may mean several things and decides nothing; nor does a number that only
changed its unit or was rounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from labeler.checking.claims.chains import Chain
from labeler.checking.claims.decide import Kind, Link, show
from labeler.checking.claims.excuses import not_stated
from labeler.checking.claims.expression import Exact, Node, Number, Operation
from labeler.checking.claims.values import EXACT, Value
from labeler.checking.claims.vocabulary import LEADING_WORDS
from labeler.records import Verdict

_SETTING = re.compile(
    r"\\(?:text|mathrm|textbf|left|right)\b|[{}\\()\[\]$*]|\bso\b|\bthen\b", re.IGNORECASE
)
_SIGN = re.compile(r"\s+([-+−–/×÷*])\s+|\s*(\\times|\\cdot|\\div)\s*")
_SIGNS = {"−": "-", "–": "-", "×": "*", r"\times": "*", r"\cdot": "*", "÷": "/", r"\div": "/"}
_NAME = re.compile(r"[a-z][a-z'’]*(?: [a-z'’]+){1,7}")
_SCALES = frozenset({10, 12, 100, 1000, 60, 24, 7, 3600, 52, 365})


def misused(
    chain: Chain, stated: Sequence[tuple[str, Value]], texts: Callable[[], Sequence[str]]
) -> Iterator[Link]:
    """Numbers in the places of names that have other values; `stated` is what they were given.

    `texts`: what was said before; a number that stands there may be meant, under another name.
    """
    for left, right, relation in zip(chain.sides, chain.sides[1:], chain.relations, strict=False):
        if relation != "=" or left.node is not None or right.node is None or right.facts.names:
            continue
        names = list(_names(left.text))
        numbers = list(_numbers(right.node))
        if len(names) < 2 or [op for op, _ in names] != [op for op, _ in numbers]:
            continue
        for (_, name), (_, number) in zip(names, numbers, strict=True):
            values = [v for n, v in stated if n == name and isinstance(v, EXACT)]
            if not values or any(_is_alike(v, number) for v in values):
                continue
            if len(set(values)) > 1 or _was_said(number, texts()):
                continue
            said = not_stated(chain, 0, 1, left.text)
            verdict = Verdict.UNKNOWN if said else Verdict.WRONG
            shown = f"{name} = {show(values[-1])}, not {show(number)}"
            yield Link(left, right, verdict, said, shown, kind=Kind.CARRIED)
            return


def _was_said(number: Exact, texts: Sequence[str]) -> bool:
    """Whether a number stands in a text before, in digits."""
    numeral = re.compile(rf"(?<![\d.]){re.escape(show(number))}(?!\d)")
    return any(numeral.search(text.replace(",", "")) for text in texts)


def _names(text: str) -> Iterator[tuple[str, str]]:
    """Each name of a sum or product of names, with the sign before it; nothing for other texts."""
    parts = _SIGN.split(text.strip())
    found = []
    sign = ""
    for k, part in enumerate(parts):
        if k % 3:
            sign = _SIGNS.get(part, part) if part else sign
            continue
        words = re.sub(r"\s+", " ", _SETTING.sub(" ", part)).strip().lower().split()
        while words and words[0] in LEADING_WORDS:
            words = words[1:]
        name = " ".join(words)
        if not _NAME.fullmatch(name):
            return
        found.append((sign, name))
    yield from found


def _numbers(node: Node) -> Iterator[tuple[str, Exact]]:
    """Each literal of a sum or product from left to right, with the sign before it."""
    if isinstance(node, Operation) and node.name in {"+", "-", "*", "/"}:
        yield from _numbers(node.parts[0])
        last = node.parts[1]
        if isinstance(last, Number):
            yield node.name, last.value
    elif isinstance(node, Number):
        yield "", node.value


def _is_alike(one: Exact, other: Exact) -> bool:
    """Whether two numbers are the same quantity: equal, in another unit, or rounded."""
    if one == other or 0 in (one, other):
        return one == other
    a, b = Fraction(one), Fraction(other)
    ratio = max(abs(a / b), abs(b / a))
    return ratio in _SCALES or abs(a - b) * 50 < max(abs(a), abs(b)) or a == -b
