"""Says of every step of any solution, exactly, whether it is right, and what kind of error it is.

A step is right if and only if it states the operation of a node of the problem's graph on that
node's true operands with its true result, all of them stated before (by the problem or by a step),
for the first time; the answer line is right if it states the last node's value after a step stated
it. Steps after an error are judged on their own merit: one that carries a wrong number on is wrong,
one that does not depend on it is right.

The words around an equation are not judged. Steps may come in any order that the graph allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from labeler.oracle.graph import (
    Equation,
    Node,
    OracleProblem,
    Result,
    operands,
    read_answer,
    read_equation,
)


class ErrorKind(StrEnum):
    """What is wrong with a step."""

    ARITHMETIC_SLIP = "arithmetic_slip"
    """Right operation, right operands, wrong result."""
    WRONG_OPERAND = "wrong_operand"
    """A number that does not belong there."""
    WRONG_OPERATOR = "wrong_operator"
    """Right operands, wrong operation."""
    SKIPPED_STEP = "skipped_step"
    """Uses a value that no step has derived, or passes over an event."""
    REPEATED_STEP = "repeated_step"
    """States again what was stated."""
    EARLY_ANSWER = "early_answer"
    """Answers before the last value was derived."""
    WRONG_ANSWER = "wrong_answer"
    """Derived the right value and answers another."""
    UNREADABLE = "unreadable"
    """Neither an equation nor an answer."""


@dataclass(frozen=True, slots=True)
class Grade:
    """One entry per step: None if right, else the kind of error."""

    errors: tuple[ErrorKind | None, ...]

    @property
    def first_error(self) -> int:
        """0-based place of the first wrong step, -1 if none."""
        return next((i for i, error in enumerate(self.errors) if error is not None), -1)

    @property
    def first_error_kind(self) -> ErrorKind | None:
        return self.errors[self.first_error] if self.first_error >= 0 else None


def grade(problem: OracleProblem, steps: Sequence[str]) -> Grade:
    """Grades every step of a solution."""
    values = problem.values()
    stated: set[int] = set()
    return Grade(tuple(_grade_step(problem.nodes, values, stated, step) for step in steps))


def _grade_step(
    nodes: tuple[Node, ...], values: tuple[int, ...], stated: set[int], step: str
) -> ErrorKind | None:
    """Grades one step and notes in `stated` the node whose true value it gives."""
    answer = read_answer(step)
    if answer is not None:
        if len(nodes) - 1 not in stated:
            return ErrorKind.EARLY_ANSWER
        return None if answer == values[-1] else ErrorKind.WRONG_ANSWER
    claim = read_equation(step)
    if claim is None:
        return ErrorKind.UNREADABLE
    open_nodes = [i for i in range(len(nodes)) if i not in stated]
    ready = [i for i in open_nodes if _inputs(nodes[i]) <= stated]
    matching = [i for i in open_nodes if _same_formula(nodes[i], values, claim)]
    for i in matching:
        if i in ready and claim.result == values[i]:
            stated.add(i)
            return None
    if any(i in ready for i in matching):
        return ErrorKind.ARITHMETIC_SLIP
    if any(_same_formula(nodes[i], values, claim) and claim.result == values[i] for i in stated):
        return ErrorKind.REPEATED_STEP
    if matching:
        if claim.result == values[matching[0]]:
            stated.add(matching[0])
        return ErrorKind.SKIPPED_STEP
    if any(_same_operands(nodes[i], values, claim) for i in ready):
        return ErrorKind.WRONG_OPERATOR
    if any(_passes_over(i, nodes, values, stated, claim) for i in open_nodes if i not in ready):
        return ErrorKind.SKIPPED_STEP
    return ErrorKind.WRONG_OPERAND


def _inputs(node: Node) -> set[int]:
    return {operand.node for operand in (node.left, node.right) if isinstance(operand, Result)}


def _same_operands(node: Node, values: tuple[int, ...], claim: Equation) -> bool:
    return sorted(operands(node, values)) == sorted((claim.left, claim.right))


def _same_formula(node: Node, values: tuple[int, ...], claim: Equation) -> bool:
    if node.operator != claim.operator:
        return False
    if node.operator in "+*":
        return _same_operands(node, values, claim)
    return operands(node, values) == (claim.left, claim.right)


def _passes_over(
    index: int,
    nodes: tuple[Node, ...],
    values: tuple[int, ...],
    stated: set[int],
    claim: Equation,
) -> bool:
    """Does the claim do node `index` with an older value in the place of one not yet derived?"""
    node = nodes[index]
    if node.operator != claim.operator:
        return False
    for missing, kept in ((node.left, node.right), (node.right, node.left)):
        if not isinstance(missing, Result) or missing.node in stated:
            continue
        kept_value = values[kept.node] if isinstance(kept, Result) else kept
        for older in _ancestor_values(missing, nodes, values, stated):
            pair = (older, kept_value) if missing is node.left else (kept_value, older)
            if (claim.left, claim.right) == pair:
                return True
    return False


def _ancestor_values(
    operand: int | Result, nodes: tuple[Node, ...], values: tuple[int, ...], stated: set[int]
) -> set[int]:
    """Numbers already known that went into a value."""
    if not isinstance(operand, Result):
        return {operand}
    if operand.node in stated:
        return {values[operand.node]}
    node = nodes[operand.node]
    return _ancestor_values(node.left, nodes, values, stated) | _ancestor_values(
        node.right, nodes, values, stated
    )
