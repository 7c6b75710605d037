"""Numbers that are put into an equation to try it: such a claim states nothing, and may fail."""

from __future__ import annotations

import re
from collections.abc import Sequence

from labeler.checking.claims.context import Context
from labeler.checking.claims.decide import readings_of
from labeler.checking.claims.equation import TRIAL, Equation
from labeler.checking.claims.values import Undecided, Value, evaluate, same

_WHOLE = re.compile(r"(?<![\d.])\d{1,6}(?![\d.]\d)")


def is_tested(x: Value, y: Value, said: str, known: Sequence[Equation], context: Context) -> bool:
    """Whether sides worth `x` and `y` are those of an equation with a number put in.

    Such a claim is a test of that number, which may fail. `said` is the text up to the claim, which
    must speak of a trial and hold the number.
    """
    if not TRIAL.search(said):
        return False
    numbers = {int(n) for n in _WHOLE.findall(said)}
    candidates = sorted(numbers | {-n for n in numbers})[:24]
    for equation in reversed(known[-12:]):
        if len(equation.names) == 1 and not equation.is_assignment:
            (name,) = equation.names
            for value in candidates:
                try:
                    if _comes_to(equation, {name: value}, x, y, context):
                        return True
                except Undecided:
                    continue
    return False


def _comes_to(
    equation: Equation, at: dict[str, Value], x: Value, y: Value, context: Context
) -> bool:
    """Whether the sides of an equation are worth `x` and `y` there. Raises Undecided."""
    left, right = equation.left.node, equation.right.node
    if left is None or right is None:
        return False
    for reading in readings_of(context.work, equation.left.facts, equation.right.facts):
        one = evaluate(left, reading, at)
        if same(one, x) and same(evaluate(right, reading, at), y):
            return True
        if same(one, y) and same(evaluate(right, reading, at), x):
            return True
    return False
