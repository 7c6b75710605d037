"""Steps from one equation to the next, within a step and over the borders of steps.

Kinds of claim:
- value: `total = 52 + 24` and then `total = 78`;
- root: an equation in one unknown, and then one that has none of its roots, near or far;
- solved: `p = 7 - 2q` and then `q = (p - 7) / 2`;
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
from labeler.checking.claims.decide import Kind, Link, numeric_link, readings_of, show
from labeler.checking.claims.equation import SUPPOSED, TRIED, Equation, linear_root
from labeler.checking.claims.excuses import REJECTED, not_stated
from labeler.checking.claims.expression import Operation, Symbol, facts, walk
from labeler.checking.claims.points import POINTS
from labeler.checking.claims.polynomials import coefficients, divides
from labeler.checking.claims.polynomials import equation as cleared
from labeler.checking.claims.sides import Side
from labeler.checking.claims.values import EXACT, Reading, Undecided, Value, evaluate, same
from labeler.checking.claims.vocabulary import FOLLOWING_WORDS
from labeler.records import Verdict

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
_LIST_MARK = re.compile(r"\n\s*(?:\d{1,2}[.)]|[-*•+]|\(?[a-zA-Z\d]\)|\*\*)\s|\bcase\b", re.I)
_MACRO = re.compile(r"\\[A-Za-z]+")
_WORD = re.compile(r"[A-Za-z]{2,}")
_UNSAFE = frozenset(
    {"root", "abs", "floor", "ceil", "ln", "sin", "cos", "tan", "cot", "sec", "csc"}
)
_DERIVED = re.compile(
    r"solv\w*|isolat\w*|rearrang\w*|gives?|get|obtain|so\b|thus|therefore|hence|"
    r"divid\w+|subtract\w*|add\w*|"
    r"impl\w+|yield\w*|=>|⇒|\\(?:implies|Rightarrow|Longrightarrow)",
    re.IGNORECASE,
)
_MULTIPLE = re.compile(r"\\pm|±|\bor\b")


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
    if _ORDINAL.search(after.sentence) or TRIED.search(after.sentence):
        return
    link = (
        _value(before, after, stated, context)
        or _solved(before, after, context)
        or _root(before, after, stated, context)
    )
    if link is not None:
        yield link


def _may_follow(before: Chain, after: Chain) -> bool:
    """Whether the sides are such that one of the kinds of claim could be made; costs little."""
    first, result = after.sides[:2]
    if len(after.sides) == 2:
        if first.name and not result.computes and not result.facts.names:  # a value
            return True
        if isinstance(first.node, Symbol) and result.facts.names:  # solved for it
            return True
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
    if len(after.sides) != 2 or before.relations[-1] != "=":
        return None
    if result.node is None or source.node is None or result.computes:
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
    if (_is_system(source, found) and not _SAME.search(after.before)) or _MULTIPLE.search(
        after.behind[:12]
    ):
        return None
    link = root_link(source, found, unknown, stated, context)
    if link is None and _SAME.search(after.before):
        link = _same_roots(source, found, unknown, context)
    return _unless_denied(link, after)


def _unless_denied(link: Link | None, chain: Chain) -> Link | None:
    if link is None or link.verdict is not Verdict.WRONG:
        return link
    said = not_stated(chain, 0, 1)
    if not said and (dropped := REJECTED.search(chain.behind[:NEAR_BEHIND].partition("=")[0])):
        said = f"behind it stands {dropped[0]!r}"
    if not said and _NO_ROOT.search(chain.sentence):
        said = "the sentence tells what is no root"
    if said:
        return Link(link.left, link.right, Verdict.UNKNOWN, said, kind=Kind.EQUATION)
    return link


NEAR_BEHIND = 90
_NO_ROOT = re.compile(r"\b(?:not|n't)\b[^.]{0,20}\b(?:roots?|solutions?|valid|zeros?)\b", re.I)


def root_link(
    source: Equation,
    found: Equation,
    unknown: str,
    stated: Sequence[tuple[str, Value]],
    context: Context,
) -> Link | None:
    """Whether the root of a linear equation solves an equation before it; None where undecided."""
    # Squaring a root or lifting a modulus may bring in values that do not solve the first.
    if (source.left.facts.operations | source.right.facts.operations) & _UNSAFE:
        return None
    if any(n.decimals > 1 for side in (source.left, source.right) for n in side.facts.decimals):
        return None
    if found.left.facts.decimals or found.right.facts.decimals:
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
    return _between(source, found, f"{unknown} = {show(root)} does not solve it")


def _between(source: Equation, found: Equation, shown: str) -> Link:
    left, right = Side(str(source), None), Side(str(found), None)
    return Link(left, right, Verdict.WRONG, shown=shown, kind=Kind.EQUATION)


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
    return _between(source, found, "the two have different solutions")


def _coefficients(equation: Equation, unknown: str, reading: Reading) -> list[Fraction] | None:
    left, right = equation.left.node, equation.right.node
    assert left is not None
    assert right is not None
    return coefficients(cleared(left, right, reading), unknown)


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


def _solved(before: Chain, after: Chain, context: Context) -> Link | None:
    """An equation in several unknowns, and then one of them alone: put in, it must hold."""
    if set(after.relations) != {"="} or set(before.relations) != {"="}:
        return None
    subject, value = after.sides[0], after.sides[1]
    left, right = before.sides[-2:]
    if not isinstance(subject.node, Symbol) or value.node is None:
        return None
    if left.node is None or right.node is None:
        return None
    name = subject.node.name
    names = left.facts.names | right.facts.names
    if name not in names or len(names) < 2 or name in value.facts.names or names & {"i", "e"}:
        return None
    if value.facts.names != names - {name} or left.text == subject.text:
        return None
    if not value.computes or len(after.sides) > 2:  # m = n = 2
        return None
    if (left.facts.operations | right.facts.operations | value.facts.operations) & _UNSAFE:
        return None
    if left.facts.decimals or right.facts.decimals or value.facts.decimals:
        return None
    if not _DERIVED.search(after.before):  # the next of several equations
        return None
    if _MULTIPLE.search(after.behind[:12]) or _powered(name, left, right):
        return None
    try:
        for reading in readings_of(context.work, left.facts, right.facts, value.facts):
            at: dict[str, Value] = {n: POINTS[k % 4] + k for k, n in enumerate(sorted(names))}
            at[name] = evaluate(value.node, reading, at)
            if same(evaluate(left.node, reading, at), evaluate(right.node, reading, at)):
                return Link(left, value, Verdict.CORRECT, kind=Kind.EQUATION)
    except Undecided:
        return None
    source = Equation(left, right, names, 0)
    found = Equation(subject, value, names, 0)
    return _unless_denied(_between(source, found, f"with this {name} the first is false"), after)


_REWRITTEN = re.compile(
    r"\b(?:rewrit\w+|rearrang\w+|solv\w+ (?:it |this |the equation )?for|"
    r"slope-intercept|in the form|convert\w*)\b",
    re.IGNORECASE,
)


def rewritten(chain: Chain, known: Sequence[Equation], context: Context) -> Iterator[Link]:
    """The only equation in these unknowns, solved for one of them some steps later."""
    subject, value = chain.sides[:2]
    if not isinstance(subject.node, Symbol) or len(chain.sides) != 2 or not value.computes:
        return
    if chain.relations[0] != "=" or not _REWRITTEN.search(chain.before):
        return
    names = value.facts.names | {subject.node.name}
    sources = [e for e in known if e.names == names]
    if len(sources) != 1 or len(names) != 2 or sources[0].supposed:
        return
    source = sources[0]
    before = Chain((source.left, source.right), ("=",), 0, 0)
    link = _solved(before, chain._replace(before="so we get"), context)
    if link is not None and (not ELSEWHERE.search(chain.before) or link.verdict is Verdict.CORRECT):
        yield link


def _powered(name: str, *sides: Side) -> bool:
    """Whether an unknown stands under an exponent, so that it has several values."""
    return any(
        isinstance(n, Operation) and n.name in {"^", "abs"} and name in facts(n).names
        for side in sides
        if side.node is not None
        for n in walk(side.node)
    )


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
        if TRIED.search(sentence) or SUPPOSED.search(sentence) or _ORDINAL.search(sentence):
            return
        text = between(equation)
        if len(text) > MAX_BETWEEN or ELSEWHERE.search(text) or _LIST_MARK.search(text):
            return
        try:
            if linear_root(unknown, equation.left, equation.right, context) is None:
                return
        except Undecided:
            return
        link = _unless_denied(root_link(equation, found, unknown, stated, context), chain)
        if link is not None:
            yield link
        return


MAX_BETWEEN = 500
ELSEWHERE = re.compile(
    r"\b(?:if|suppos\w+|assum\w+|cases?|when|try\w*|test\w*|let|or|either|instead|"
    r"otherwise|however|but|"
    r"wait|actually|another|other|second|next equation|contradict\w*|impossible|not|"
    r"redefin\w*|now let|"
    r"denote|where|new|original|substitut\w*|similarly|likewise|first|third|systems?|"
    r"possibilit\w+|last|other|"
    r"respectively|both(?! sides)|each|also)\b|[<>≤≥]|\\[gl]eq?\b|\|",
    re.IGNORECASE,
)
