"""The computation behind a word problem, and the text of its steps.

A `Node` is one step: an operation on two operands, each a number given in the problem or the
result of an earlier node. All values are integers, as in grade-school problems.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from labeler.records import Problem

OPERATORS = ("+", "-", "*", "/", "%")
"""`%` is "percent of": `80 % 25` is written `80 * 25 / 100` and is 20."""


@dataclass(frozen=True, slots=True)
class Node:
    """One step. An operand is a given number, or `Result(i)`, the value of node i."""

    quote: str
    operator: str
    left: int | Result
    right: int | Result


@dataclass(frozen=True, slots=True)
class Result:
    """Refers to the value of an earlier node."""

    node: int


@dataclass(frozen=True, slots=True)
class OracleProblem:
    """A problem with its graph; the last node is the answer. `stray`: numbers of distractors."""

    problem: Problem
    nodes: tuple[Node, ...]
    stray: tuple[int, ...] = ()

    def values(self) -> tuple[int, ...]:
        """The true value of each node."""
        values: list[int] = []
        for node in self.nodes:
            values.append(apply(node.operator, *operands(node, values)))
        return tuple(values)


@dataclass(frozen=True, slots=True)
class Equation:
    """What a step claims: `left operator right = result`."""

    operator: str
    left: int
    right: int
    result: int


def operands(node: Node, values: list[int] | tuple[int, ...]) -> tuple[int, int]:
    """The node's operands as numbers, given the values of the nodes before it."""
    left, right = (
        values[operand.node] if isinstance(operand, Result) else operand
        for operand in (node.left, node.right)
    )
    return left, right


def apply(operator: str, left: int, right: int) -> int:
    """The result in integers; divisions round down (true problems only divide exactly)."""
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left // right if right else 0
        case "%":
            return left * right // 100
    raise ValueError(f"no such operator: {operator}")


def equation_text(operator: str, left: int, right: int, result: int) -> str:
    """`3 * 7 = 21`; numbers always follow a space, so each is one token of the embedded policy."""
    formula = f"{left} * {right} / 100" if operator == "%" else f"{left} {operator} {right}"
    return f"{formula} = {result}"


def step_text(number: int, quote: str, equation: str) -> str:
    """`Step 2: buys 3 bags of 7: 3 * 7 = 21.`, counted from 1 as people do, newline included."""
    return f"Step {number}: {quote}: {equation}.\n"


def answer_text(value: int) -> str:
    """The last step."""
    return f"Answer: {value}"


_EQUATION = re.compile(r"(\d+) ([-+*/]) (\d+)( / 100)? = (-?\d+)\.?\s*$")
_ANSWER = re.compile(r"^Answer: (-?\d+)\.?\s*$")


def read_equation(step: str) -> Equation | None:
    """The claim at the end of a step, or None if it makes none in our form."""
    found = _EQUATION.search(step)
    if found is None:
        return None
    left, operator, right, percent, result = found.groups()
    if percent:
        if operator != "*":
            return None
        operator = "%"
    return Equation(operator, int(left), int(right), int(result))


def read_answer(step: str) -> int | None:
    """The number of an answer line, or None if the step is no answer line."""
    found = _ANSWER.match(step)
    return int(found.group(1)) if found else None


def reference_steps(nodes: tuple[Node, ...], values: tuple[int, ...]) -> tuple[str, ...]:
    """The solution as the graph has it, one step per node and the answer."""
    steps = [
        step_text(
            i + 1,
            node.quote,
            equation_text(node.operator, *operands(node, values), values[i]),
        )
        for i, node in enumerate(nodes)
    ]
    return (*steps, answer_text(values[-1]))
