"""Steps from one equation to the next, within a step and over the borders of steps.

Kinds of claim:
- value: `total = 52 + 24` and then `total = 78`;
- root: an equation in one unknown, and then one that has none of its roots, near or far;
- solved: see `solved`;
- group: `a + c = 1, 2a + c = 4`, and then `a = 3, c = 5` named as a solution.

An equation that is put to the test (`Plugging in -5: -5 = \\sqrt{10 - 3(-5)}`) states nothing: it
is known by its sides, which are those of an equation before it with a number for the unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from labeler.checking.claims.chains import Chain
from labeler.checking.claims.context import Context
from labeler.checking.claims.conventions import literals
from labeler.checking.claims.decide import Kind, Link, numeric_link, readings_of, show
from labeler.checking.claims.equation import Equation, linear_root, supposes, tries
from labeler.checking.claims.expression import Number, Symbol
from labeler.checking.claims.follows import ELSEWHERE, MULTIPLE, UNSAFE, unequal, unless_denied
from labeler.checking.claims.points import POINTS
from labeler.checking.claims.polynomials import coefficients, divides
from labeler.checking.claims.polynomials import equation as cleared
from labeler.checking.claims.rounding import is_given as exact
from labeler.checking.claims.sentences import in_sentence
from labeler.checking.claims.sides import Side
from labeler.checking.claims.solved import solved
from labeler.checking.claims.values import EXACT, Reading, Undecided, Value, evaluate, same
from labeler.checking.claims.vocabulary import FOLLOWING_WORDS
from labeler.records import Verdict

ROOT = 100
"""Operations that a look at a root costs, about, beyond its arithmetic."""
MAX_KNOWN = 40
"""Equations remembered of one solution."""

ALTERNATIVE = re.compile(
    r"\b(?:or|and|if|when|cases?|either|suppose|assum\w+|try|test\w*|instead|systems?|respectively|"
    r"equations)\b|,\s*\$?\s*$",
    re.IGNORECASE,
)
_ORDINAL = re.compile(
    r"\b(?:first|second|third|fourth|last|other) (?:\w+ )?(?:system|equation|case|"
    r"possib\w+|option|one|gives|solution|"
    r"factor|pair|root)|\bsystems?\b|\brespectively\b",
    re.IGNORECASE,
)
_ordinal = in_sentence(_ORDINAL)
_LIST_MARK = re.compile(r"\n\s*(?:\d{1,2}[.)]|[-*•+]|\(?[a-zA-Z\d]\)|\*\*)\s|\bcase\b", re.I)
_MACRO = re.compile(r"\\[A-Za-z]+")
_WORD = re.compile(r"[A-Za-z]{2,}")


def follow(
    before: Chain, after: Chain, stated: Sequence[tuple[str, Value]], context: Context
) -> Iterator[Link]:
    """What is false about `after` given `before`; `stated` lists what names were set to so far."""
    first, last = after.sides[0], before.sides[-1]
    named = first.name and before.sides[0].name == first.name
    if not named and not (first.facts.names | after.sides[1].facts.names) & (
        last.facts.names | before.sides[-2].facts.names
    ):
        return
    if before.relations[-1] != "=" or set(after.relations) != {"="}:
        return
    if not is_linked(after.before) or not _may_follow(before, after):
        return
    if ALTERNATIVE.search(before.before[-40:]):
        return
    if _ordinal(after.sentence) or tries(after.sentence):
        return
    link = (
        _value(before, after, stated, context)
        or solved(before, after, context)
        or _root(before, after, stated, context)
    )
    if link is not None:
        yield link


def _may_follow(before: Chain, after: Chain) -> bool:
    """Whether the sides are such that one of the kinds of claim could be made; costs little."""
    first, result = after.sides[:2]
    if first.name and not result.facts.names and result.node is not None:  # a value
        return True
    if len(after.sides) == 2 and isinstance(first.node, Symbol) and result.facts.names:
        return True  # solved for it
    return _single(after, last=False) is not None and _single(before, last=True) is not None


def is_linked(between: str) -> bool:
    """Whether the text between two equations says, or at least lets, one follow from the other."""
    text = _MACRO.sub(" ", between) if "\\" in between else between
    words = {word.lower() for word in _WORD.findall(text)}
    if "or" in words or not words <= FOLLOWING_WORDS:
        return False
    if "\n" in between and _LIST_MARK.search(between):
        return False
    return bool(words - {"and"}) or not ("," in text or "and" in words or ";" in text)


def _value(
    before: Chain, after: Chain, stated: Sequence[tuple[str, Value]], context: Context
) -> Link | None:
    name = after.sides[0].name
    if not name or before.sides[0].name != name or set(after.relations) != {"="}:
        return None
    result, source = after.sides[1], before.sides[-1]
    if before.relations[-1] != "=" or result.node is None or source.node is None:
        return None
    if (result.computes or len(after.sides) > 2) and _WORD.search(_MACRO.sub("", after.before)):
        return None  # in a row of lines each computes what stands above it
    if result.computes and len(before.sides) > 2:  # that line was worked out to its end
        return None
    if result.computes and _is_apart(name, source, result, stated):
        return None
    if result.facts.names or source.facts.names or not source.computes:
        return None
    link = numeric_link(source, result, "=", context, after)
    if link.verdict is not Verdict.WRONG:
        return link
    for reading in readings_of(context.work, result.facts):
        v = evaluate(result.node, reading, {})
        if any(n == name and same(v, w) for n, w in stated):
            return None
    return link


def _is_apart(name: str, source: Side, result: Side, stated: Sequence[tuple[str, Value]]) -> bool:
    """Whether the later line takes up a part of the one above it, or another root (x = 5 ± 3)."""
    several = "±" in source.facts.kinds
    values = [value for known, value in stated if known == name and not several]
    if any(not same(values[0], value) for value in values[1:]):
        return True
    assert source.node is not None
    assert result.node is not None
    return literals(result.node) < literals(source.node)


def _single(chain: Chain, *, last: bool) -> Equation | None:
    """A chain's first or last equation, if it has one unknown and nothing but equality signs."""
    if set(chain.relations) != {"="}:
        return None
    left, right = chain.sides[-2:] if last else chain.sides[:2]
    if left.node is None or right.node is None:
        return None
    names = left.facts.names | right.facts.names
    return Equation(left, right, names, 0) if len(names) == 1 and not names & {"i", "e"} else None


def _root(
    before: Chain, after: Chain, stated: Sequence[tuple[str, Value]], context: Context
) -> Link | None:
    """An equation in one unknown, after one in the same that shares no root with it."""
    found, source = _single(after, last=False), _single(before, last=True)
    if found is None or source is None or found.names != source.names:
        return None
    (unknown,) = found.names
    if source.is_assignment:
        return None
    if (_is_system(source, found) and not _SAME.search(after.before)) or MULTIPLE.search(
        after.behind[:12]
    ):
        return None
    link = root_link(source, found, unknown, stated, context)
    if link is None and _SAME.search(after.before):
        link = _same_roots(source, found, unknown, context)
    return unless_denied(link, after)


def root_link(
    source: Equation,
    found: Equation,
    unknown: str,
    stated: Sequence[tuple[str, Value]],
    context: Context,
) -> Link | None:
    """Whether the root of a linear equation solves an equation before it; None where undecided."""
    if not context.work.allows(ROOT):
        return None
    # Squaring a root or lifting a modulus may bring in values that do not solve the first.
    if (source.left.facts.operations | source.right.facts.operations) & UNSAFE:
        return None
    if any(n.decimals > 1 and not exact(n, context) for n in _decimals(source)):
        return None
    if not all(exact(n, context) for n in _decimals(found)):
        return None
    try:
        root = linear_root(unknown, found.left, found.right, context)
        if root is None or any(n == unknown and same(root, v) for n, v in stated):
            return None
        if not _depends(unknown, source, context):
            return None
        f_left, f_right = source.left.node, source.right.node
        assert f_left is not None
        assert f_right is not None
        for reading in readings_of(context.work, source.left.facts, source.right.facts):
            x = evaluate(f_left, reading, {unknown: root})
            y = evaluate(f_right, reading, {unknown: root})
            if same(x, y):
                return Link(source.left, found.right, Verdict.CORRECT, kind=Kind.EQUATION)
            if not (isinstance(x, EXACT) and isinstance(y, EXACT)):
                return None
    except Undecided:
        return None
    return unequal(source, found, f"{unknown} = {show(root)} does not solve it")


_SAME = re.compile(r"simplif|expand|rearrang|combin|distribut|collect|like terms", re.IGNORECASE)


def _same_roots(source: Equation, found: Equation, unknown: str, context: Context) -> Link | None:
    """Two polynomials of which neither divides the other are not rearranged into each other."""
    if source.left.facts.decimals or source.right.facts.decimals:
        return None
    both = (source.left.facts, source.right.facts, found.left.facts, found.right.facts)
    try:
        for reading in readings_of(context.work, *both):
            old = _coefficients(source, unknown, reading)
            new = _coefficients(found, unknown, reading)
            if old is None or new is None or len(old) < 2 or len(new) < 2:
                return None
            if divides(old, new) or divides(new, old):
                return None
    except Undecided:
        return None
    return unequal(source, found, "the two have different solutions")


def _coefficients(equation: Equation, unknown: str, reading: Reading) -> list[Fraction] | None:
    left, right = equation.left.node, equation.right.node
    assert left is not None
    assert right is not None
    return coefficients(cleared(left, right, reading), unknown)


def _decimals(equation: Equation) -> tuple[Number, ...]:
    return equation.left.facts.decimals + equation.right.facts.decimals


def _depends(unknown: str, source: Equation, context: Context) -> bool:
    """Whether the unknown does not cancel, so that not any value nor none solves the equation."""
    left, right = source.left.node, source.right.node
    assert left is not None
    assert right is not None
    for reading in readings_of(context.work, source.left.facts, source.right.facts):
        gaps = [
            evaluate(left, reading, {unknown: p}) - evaluate(right, reading, {unknown: p})
            for p in POINTS
        ]
        if not all(same(gap, gaps[0]) for gap in gaps):
            return True
    return False


def _is_system(source: Equation, found: Equation) -> bool:
    """Whether two equations share a side: curves that are met one after the other."""
    return source.left.text == found.left.text or (
        source.right.text == found.right.text and source.right.computes
    )


def far_root(
    chain: Chain,
    known: Sequence[Equation],
    between: Callable[[Equation], str],
    stated: Sequence[tuple[str, Value]],
    context: Context,
) -> Iterator[Link]:
    """A value found for an unknown that does not solve the last linear equation in it alone.

    `between` gives the text from an equation to the chain. Text that tells of cases, attempts or
    other unknowns of that name makes it undecided.
    """
    if len(chain.sides) != 2 or not isinstance(chain.sides[0].node, Symbol):
        return
    found = _single(chain, last=False)
    if found is None or not found.is_assignment:
        return
    if found.right.units or "pi" in chain.sides[1].text:
        return
    (unknown,) = found.names
    for equation in reversed(known):
        if unknown not in equation.names:
            continue
        if equation.names != found.names or equation.supposed or equation.is_assignment:
            return
        if isinstance(equation.right.node, Symbol):
            return
        sentence = chain.sentence
        if tries(sentence) or supposes(sentence) or _ordinal(sentence):
            return
        text = between(equation)
        if len(text) > MAX_BETWEEN or ELSEWHERE.search(text) or _LIST_MARK.search(text):
            return
        try:
            if linear_root(unknown, equation.left, equation.right, context) is None:
                return
        except Undecided:
            return
        link = unless_denied(root_link(equation, found, unknown, stated, context), chain)
        if link is not None:
            yield link
        return


MAX_BETWEEN = 500
