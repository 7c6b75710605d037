"""Steps from one equation to the next, and rewritings of one expression.

Three kinds of claim, each between neighbours only:
- value: `total = 52 + 24` and then `total = 78`;
- root: an equation in one unknown, and then a linear one whose root does not solve it;
- identity: `(x + 1)^2 = x^2 + 1` where the text rewrites and does not state a condition.

Identities and degrees are decided by evaluating at fixed rational points (Schwartz, Zippel): two
polynomials that differ at one point differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from labeler.checking.claims.chains import Chain, Side
from labeler.checking.claims.decide import Link, numeric_link, readings_of, show
from labeler.checking.claims.expression import Node, Number, Operation, has_operation, symbols, walk
from labeler.checking.claims.values import Undecided, Value, apply, evaluate, same, size
from labeler.checking.claims.vocabulary import FOLLOWING_WORDS
from labeler.records import Verdict

_POINTS = (Fraction(3, 7), Fraction(17, 5), Fraction(29, 11), Fraction(41, 13))

_ALTERNATIVE = re.compile(r"\b(?:or|and|if|when|case)\b|,\s*\$?\s*$", re.IGNORECASE)
_EXPANDING = re.compile(r"expand|distribut|foil|multiply|multiplying", re.IGNORECASE)
_COLLECTING = re.compile(r"like terms|combin|collect", re.IGNORECASE)
_FACTORING = re.compile(r"factor", re.IGNORECASE)
_REWRITING = re.compile(r"simplif|expand|factor|distribut|combin|foil|multiply out", re.IGNORECASE)


def follow(before: Chain, after: Chain, stated: Sequence[tuple[str, Value]]) -> Iterator[Link]:
    """What is false about `after` given `before`; `stated` lists what names were set to so far."""
    if not _is_linked(after.before) or _ALTERNATIVE.search(before.before[-40:]):
        return
    link = _value(before, after, stated) or _root(before, after, stated)
    if link is not None:
        yield link


def _is_linked(between: str) -> bool:
    """Whether the text between two equations says, or at least lets, one follow from the other."""
    text = re.sub(r"\\[A-Za-z]+|\$", " ", between)
    words = {word.lower() for word in re.findall(r"[A-Za-z]{2,}", text)}
    if "or" in words or not words <= FOLLOWING_WORDS:
        return False
    return bool(words - {"and"}) or not ("," in text or "and" in words or ";" in text)


def _value(before: Chain, after: Chain, stated: Sequence[tuple[str, Value]]) -> Link | None:
    name = after.sides[0].name
    if not name or before.sides[0].name != name or set(after.relations) != {"="}:
        return None
    result, source = after.sides[1], before.sides[-1]
    if len(after.sides) != 2 or before.relations[-1] != "=":
        return None
    if result.node is None or source.node is None or has_operation(result.node):
        return None
    if symbols(result.node) or symbols(source.node) or not has_operation(source.node):
        return None
    link = numeric_link(source, result, "=")
    if link.verdict is not Verdict.WRONG:
        return link
    for reading in readings_of(result.node):
        v = evaluate(result.node, reading, {})
        if any(n == name and same(v, w) for n, w in stated):
            return None
    return link


def _root(before: Chain, after: Chain, stated: Sequence[tuple[str, Value]]) -> Link | None:
    """A linear equation in one unknown after any equation in the same one."""
    found, source = _equation(after, last=False), _equation(before, last=True)
    if found is None or source is None:
        return None
    unknown, left, right = found
    if source[0] != unknown or unknown in {"i", "e"}:
        return None
    name, f_left, f_right = source
    parts = [n for side in (f_left, f_right) for n in walk(side)]
    # Squaring a root or lifting a modulus may bring in values that do not solve the first.
    if _is_assignment(before, name) or any(
        isinstance(n, Operation) and n.name in {"root", "abs", "floor", "ceil", "ln"} for n in parts
    ):
        return None
    if any(isinstance(n, Number) and n.decimals > 1 for n in parts) or any(
        isinstance(n, Number) and n.decimals for side in (left, right) for n in walk(side)
    ):
        return None
    try:
        root = _linear_root(unknown, left, right)
        if root is None or any(n == unknown and same(root, v) for n, v in stated):
            return None
        if _linear_root(unknown, f_left, f_right) is None and _degree_below_two(
            unknown, f_left, f_right
        ):
            return None
        if _linear_root(unknown, f_left, f_right) is None and _degree_below_two(
            unknown, f_left, f_right
        ):
            return None
        if any(isinstance(n, Number) and n.decimals for s in (left, right) for n in walk(s)):
            return None
        if any(
            isinstance(n, Number) and n.decimals > 1 for s in (f_left, f_right) for n in walk(s)
        ):
            return None
        for readings in readings_of(f_left, f_right):
            x = evaluate(f_left, readings, {unknown: root})
            y = evaluate(f_right, readings, {unknown: root})
            if same(x, y):
                return Link(before.sides[0], after.sides[-1], Verdict.CORRECT)
            if not (isinstance(x, Fraction) and isinstance(y, Fraction)):
                return None
    except Undecided:
        return None
    left_side = Side(" = ".join(s.text for s in before.sides[-2:]), None)
    right_side = Side(" = ".join(s.text for s in after.sides[:2]), None)
    return Link(
        left_side, right_side, Verdict.WRONG, shown=f"{unknown} = {show(root)} does not solve it"
    )


def _is_assignment(chain: Chain, name: str) -> bool:
    """x = 3, which the next equation need not follow from."""
    return chain.sides[-2].name == name and not symbols(_node(chain.sides[-1]))


def _node(side: Side) -> Node:
    assert side.node is not None
    return side.node


def _equation(chain: Chain, *, last: bool) -> tuple[str, Node, Node] | None:
    """The one unknown and the sides of a chain's first or last equation."""
    pairs = list(zip(chain.sides, chain.sides[1:], strict=False))
    at = len(pairs) - 1 if last else 0
    left, right = pairs[at]
    if set(chain.relations) != {"="} or left.node is None or right.node is None:
        return None
    names = symbols(left.node) | symbols(right.node)
    if len(names) != 1:
        return None
    return next(iter(names)), left.node, right.node


def _degree_below_two(unknown: str, left: Node, right: Node) -> bool:
    """Whether the unknown cancels, so that no value or any solves the equation."""
    gaps = set()
    for point in _POINTS:
        at = {unknown: point}
        for readings in readings_of(left, right):
            x, y = evaluate(left, readings, at), evaluate(right, readings, at)
            gaps.add(apply("-", [x, y]))
            break
    return len(gaps) == 1


def _linear_root(unknown: str, left: Node, right: Node) -> Fraction | None:
    """Where a linear equation holds; None where it is not linear, or for no or any value."""
    found = set()
    for readings in readings_of(left, right):
        gaps = []
        for point in _POINTS:
            x = evaluate(left, readings, {unknown: point})
            y = evaluate(right, readings, {unknown: point})
            if not (isinstance(x, Fraction) and isinstance(y, Fraction)):
                return None
            gaps.append(x - y)
        slope = (gaps[1] - gaps[0]) / (_POINTS[1] - _POINTS[0])
        if slope == 0 or any(
            gap != gaps[0] + slope * (p - _POINTS[0]) for p, gap in zip(_POINTS, gaps, strict=True)
        ):
            return None
        found.add(_POINTS[0] - gaps[0] / slope)
    return found.pop() if len(found) == 1 else None


def identities(chain: Chain) -> Iterator[Link]:
    """Links between sides that hold the same unknowns and rewrite each other."""
    for i, (left, right) in enumerate(zip(chain.sides, chain.sides[1:], strict=False)):
        if left.node is None or right.node is None or chain.relations[i] != "=":
            continue
        names = symbols(left.node)
        if not names or names != symbols(right.node) or names & {"i", "e"}:
            continue
        if not (has_operation(left.node) and has_operation(right.node)):
            continue
        verdict = identical(left.node, right.node)
        if verdict is Verdict.WRONG and not _is_rewriting(chain, i):
            verdict = Verdict.UNKNOWN
        reason = "an equation, perhaps" if verdict is Verdict.UNKNOWN else ""
        yield Link(left, right, verdict, reason, f"not the same for all {', '.join(sorted(names))}")


def _is_rewriting(chain: Chain, i: int) -> bool:
    """Whether two sides that differ were meant to be the same expression.

    Behind a name (`y = A = B`), or as an expansion or factorisation announced as one; and only
    where both have the same leading term, which equations that state a condition seldom have.
    """
    left, right = chain.sides[i].node, chain.sides[i + 1].node
    assert left is not None
    assert right is not None
    if not (_is_rational(left) and _is_rational(right) and _lead_alike(left, right)):
        return False
    first = chain.sides[0]
    if i > 0 and (first.node is None or first.name != ""):
        return True
    said = chain.before[-120:]
    product, total = _is_product(left), _is_product(right)
    if product and not total:
        return bool(_EXPANDING.search(said))
    if not product and not total:
        return bool(_COLLECTING.search(said))
    return total and not product and bool(_FACTORING.search(said))


def _is_rational(node: Node) -> bool:
    return all(
        n.name in {"+", "-", "*", "/", "^", "neg"} for n in walk(node) if isinstance(n, Operation)
    )


def _is_product(node: Node) -> bool:
    """A product or power of sums."""
    if isinstance(node, Operation) and node.name in {"*", "^", "neg"}:
        return any(
            isinstance(n, Operation) and n.name in {"+", "-"}
            for part in node.parts
            for n in walk(part)
        )
    return False


def _lead_alike(left: Node, right: Node) -> bool:
    """Whether the ratio tends to one as all unknowns grow."""
    names = sorted(symbols(left) | symbols(right))
    far = 10**6
    at = {n: _POINTS[k % 4] * far + k // 4 for k, n in enumerate(names)}
    try:
        for readings in readings_of(left, right):
            x, y = evaluate(left, readings, at), evaluate(right, readings, at)
            if size(x) and size(y) and size(apply("-", [x, y])) * 10_000 < size(y):
                return True
    except (Undecided, TypeError):
        return False
    return False


def identical(left: Node, right: Node) -> Verdict:
    """Whether two expressions agree at fixed points, under some reading."""
    names = sorted(symbols(left) | symbols(right))
    try:
        for readings in readings_of(left, right):
            for shift in range(2):
                at = {n: _POINTS[(k + shift) % 4] + k // 4 for k, n in enumerate(names)}
                if not same(evaluate(left, readings, at), evaluate(right, readings, at)):
                    break
            else:
                return Verdict.CORRECT
    except Undecided:
        return Verdict.UNKNOWN
    return Verdict.WRONG
