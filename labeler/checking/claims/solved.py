"""Equations in several unknowns that are solved for one: `p = 7 - 2q`, then `q = (p - 7) / 2`.

What was found is put back into the equation, which must hold for all values of the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from labeler.checking.claims.chains import Chain
from labeler.checking.claims.context import Context
from labeler.checking.claims.decide import Kind, Link, readings_of
from labeler.checking.claims.equation import Equation
from labeler.checking.claims.expression import Operation, Symbol, facts, walk
from labeler.checking.claims.follows import ELSEWHERE, MULTIPLE, UNSAFE, unequal, unless_denied
from labeler.checking.claims.points import POINTS
from labeler.checking.claims.sides import Side
from labeler.checking.claims.values import Undecided, Value, evaluate, same
from labeler.records import Verdict

_DERIVED = re.compile(
    r"solv\w*|isolat\w*|rearrang\w*|gives?|get|obtain|so\b|thus|therefore|hence|"
    r"divid\w+|subtract\w*|add\w*|"
    r"impl\w+|yield\w*|=>|⇒|\\(?:implies|Rightarrow|Longrightarrow)",
    re.IGNORECASE,
)


def solved(before: Chain, after: Chain, context: Context) -> Link | None:
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
    if (left.facts.operations | right.facts.operations | value.facts.operations) & UNSAFE:
        return None
    if left.facts.decimals or right.facts.decimals or value.facts.decimals:
        return None
    if not _DERIVED.search(after.before):  # the next of several equations
        return None
    if MULTIPLE.search(after.behind[:12]) or _powered(name, left, right):
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
    return unless_denied(unequal(source, found, f"with this {name} the first is false"), after)


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
    link = solved(before, chain._replace(before="so we get"), context)
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
