"""Writes solutions with one known error, carried on as a careless solver would carry it on.

Used to teach the embedded policy to judge, and to measure judges. A solution after its error goes
on computing with what it wrote. Results stay within the numbers that the policy can read.
"""

from __future__ import annotations

import random

from labeler.oracle.graph import (
    Node,
    OracleProblem,
    Result,
    answer_text,
    apply,
    equation_text,
    operands,
    step_text,
)
from labeler.oracle.oracle import ErrorKind, grade

TEACHABLE = (
    ErrorKind.ARITHMETIC_SLIP,
    ErrorKind.WRONG_OPERAND,
    ErrorKind.WRONG_OPERATOR,
    ErrorKind.SKIPPED_STEP,
    ErrorKind.REPEATED_STEP,
    ErrorKind.EARLY_ANSWER,
    ErrorKind.WRONG_ANSWER,
)
LARGEST = 999
_SWAPPED = {"+": "-", "-": "+", "*": "+", "/": "-", "%": "-"}


def with_mistake(
    problem: OracleProblem, kind: ErrorKind, rng: random.Random
) -> tuple[str, ...] | None:
    """A solution whose first error is of `kind`, or None where chance found no place for it."""
    for _ in range(8):
        steps = _attempt(problem, kind, rng.randrange(len(problem.nodes)), rng)
        if steps is not None and grade(problem, steps).first_error_kind == kind:
            return steps
    return None


def with_slip(problem: OracleProblem, at: int, result: int) -> tuple[str, ...]:
    """The solution that states `result` for node `at` and carries it on to the answer."""
    values: list[int] = []
    steps: list[str] = []
    for i, node in enumerate(problem.nodes):
        left, right = operands(node, values)
        stated = result if i == at else _within_limits(apply(node.operator, left, right))
        values.append(stated)
        steps.append(_step(i + 1, node, node.operator, left, right, stated))
    return (*steps, answer_text(values[-1]))


def _attempt(
    problem: OracleProblem, kind: ErrorKind, at: int, rng: random.Random
) -> tuple[str, ...] | None:
    values: list[int] = []
    steps: list[str] = []
    for i, node in enumerate(problem.nodes):
        operator, (left, right) = node.operator, operands(node, values)
        result = _within_limits(apply(operator, left, right))
        if i == at:
            match kind:
                case ErrorKind.ARITHMETIC_SLIP:
                    result = _slip(result, rng)
                case ErrorKind.WRONG_OPERATOR:
                    operator = _SWAPPED[operator]
                    result = _within_limits(apply(operator, left, right))
                case ErrorKind.WRONG_OPERAND:
                    left, right = _misread(problem, values, left, right, rng)
                    result = _within_limits(apply(operator, left, right))
                case ErrorKind.EARLY_ANSWER if i > 0:
                    return (*steps, answer_text(values[-1]))
        if i == at and kind is ErrorKind.SKIPPED_STEP:
            # Pass over the event (the older total is used), or only over the line.
            whole_event = isinstance(node.left, Result) and rng.random() < 0.5
            values.append(left if whole_event else result)
            continue
        values.append(result)
        steps.append(_step(len(steps) + 1, node, operator, left, right, result))
        if i == at and kind is ErrorKind.REPEATED_STEP:
            steps.append(_step(len(steps) + 1, node, operator, left, right, result))
    final = values[-1]
    if kind is ErrorKind.WRONG_ANSWER:
        final = rng.choice([v for v in values if v != final] or [_slip(final, rng)])
    return (*steps, answer_text(final))


def _step(number: int, node: Node, operator: str, left: int, right: int, result: int) -> str:
    return step_text(number, node.quote, equation_text(operator, left, right, result))


def _within_limits(value: int) -> int:
    return min(abs(value), LARGEST)


def _slip(value: int, rng: random.Random) -> int:
    """A near miss: one or ten off, mostly."""
    offset = rng.choice((1, 1, 2, 3, 5, 10, 10, 20, 100, rng.randint(1, 40)))
    return _within_limits(value + rng.choice((-1, 1)) * offset)


def _misread(
    problem: OracleProblem, values: list[int], left: int, right: int, rng: random.Random
) -> tuple[int, int]:
    """Another number of the problem in the place of one operand."""
    given = [o for node in problem.nodes for o in (node.left, node.right) if isinstance(o, int)]
    others = [n for n in (*given, *problem.stray, *values[:-1]) if n not in (left, right)]
    other = rng.choice(others) if others else _slip(right, rng)
    return (other, right) if rng.random() < 0.4 else (left, other)
