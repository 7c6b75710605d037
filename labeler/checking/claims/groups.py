"""Values that a step names as a solution of equations in several unknowns, put back into them.

`Solving the system gives a = 3 and c = 5`, `possible values are r = 2, s = 2, t = 3`: a group is a
run of assignments that nothing but commas and "and" separate, each name once. An equation whose
unknowns are all in the group must hold; a group that is tried, supposed or rejected says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from labeler.checking.claims.chains import Chain
from labeler.checking.claims.context import Context
from labeler.checking.claims.decide import Kind, Link, readings_of, show
from labeler.checking.claims.equation import SUPPOSED, Equation
from labeler.checking.claims.excuses import REJECTED, not_stated
from labeler.checking.claims.expression import Symbol
from labeler.checking.claims.sides import Side
from labeler.checking.claims.values import EXACT, Undecided, Value, evaluate, same
from labeler.records import Verdict

_JOINT = re.compile(
    r"[\s,$()\\{}.&;]*(?:and\b)?[\s,$()\\{}&]*\Z|\s*\\\)\s*,?\s*(?:and)?\s*\\\(\s*\Z"
)
_SOLUTION = re.compile(
    r"\b(?:solv\w+|solutions?|obtain\w*|get|gives?|find|found|yields?|combinations?|"
    r"possib\w+|satisf\w+|"
    r"values?|triples?|pairs?|thus|therefore|hence|so|have)\b",
    re.IGNORECASE,
)
_TRIED = re.compile(
    r"\b(?:if|suppos\w+|assum\w+|try\w*|test\w*|check\w*|let\b(?!['’]s|\sus\b)|cases?|when|plug\w*|"
    r"substitut\w*|given|"
    r"for example|say|instead|would|minimum|maximum|where|denote|set(?:ting)?|choos\w*|"
    r"take|taking|consider\w*|"
    r"with|at|initial\w*|"
    r"vertex|center|centre|compar\w*|coefficients?|identify|first guess|guess)\b",
    re.IGNORECASE,
)


def groups(chains: Sequence[Chain]) -> Iterator[list[Chain]]:
    """Runs of two assignments or more."""
    run: list[Chain] = []
    for chain in chains:
        if not _is_assignment(chain):
            if len(run) > 1:
                yield run
            run = []
            continue
        names = {c.sides[0].name for c in run}
        if run and (not _JOINT.match(chain.before) or chain.sides[0].name in names):
            if len(run) > 1:
                yield run
            run = []
        run.append(chain)
    if len(run) > 1:
        yield run


def _is_assignment(chain: Chain) -> bool:
    first, last = chain.sides[0], chain.sides[-1]
    return (
        isinstance(first.node, Symbol)
        and set(chain.relations) == {"="}
        and all(s.node is not None and not s.facts.names for s in chain.sides[1:])
        and not last.units
    )


def false_groups(
    chains: Sequence[Chain], known: Sequence[Equation], step: int, context: Context
) -> Iterator[Link]:
    """The groups of a step that do not solve an equation stated before them."""
    for run in groups(chains):
        sentence = run[0].sentence
        if not _SOLUTION.search(sentence) or _TRIED.search(sentence):
            continue
        if REJECTED.search(run[-1].behind[:90]):
            continue
        values = _values(run, context)
        if values is None or not_stated(run[-1], 0, 1):
            continue
        for equation in [e for e in known if not e.is_assignment][:-9:-1]:
            if equation.step == step and equation.end > run[0].start:
                continue
            if (
                SUPPOSED.search(equation.sentence)
                or len(equation.names) < 2
                or not equation.names <= values.keys()
            ):
                continue
            if (said := _fails(equation, values, context)) is not None:
                text = ", ".join(str(chain) for chain in run)
                left, right = Side(text, None), Side(str(equation), None)
                yield Link(left, right, Verdict.WRONG, shown=said, kind=Kind.EQUATION)
                break


def _values(run: Sequence[Chain], context: Context) -> dict[str, Value] | None:
    found: dict[str, Value] = {}
    for chain in run:
        side = chain.sides[-1]
        if side.node is None or side.facts.kinds or side.facts.decimals:
            return None
        try:
            for reading in readings_of(context.work, side.facts):
                found[chain.sides[0].name] = evaluate(side.node, reading, {})
        except Undecided:
            return None
    return found


def _fails(equation: Equation, values: dict[str, Value], context: Context) -> str | None:
    """What the sides come to where they differ; None where they agree or nothing is known."""
    left, right = equation.left.node, equation.right.node
    if left is None or right is None or equation.names & {"i", "e"}:
        return None
    if equation.left.facts.decimals or equation.right.facts.decimals:
        return None
    gaps = []
    try:
        for reading in readings_of(context.work, equation.left.facts, equation.right.facts):
            x, y = evaluate(left, reading, values), evaluate(right, reading, values)
            if same(x, y) or not (isinstance(x, EXACT) and isinstance(y, EXACT)):
                return None
            gaps.append(f"{show(x)}, not {show(y)}")
    except Undecided:
        return None
    return gaps[0] if gaps else None
