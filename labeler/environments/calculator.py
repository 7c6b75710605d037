"""A calculator: one expression, by simpleeval, which has no way out of arithmetic.

Numbers, `+ - * / // % **` (`^` is a power here, as on calculators), comparisons, brackets, pi, e
and the functions below. Bounded: 1,000 characters, powers of 10,000 bits, factorials and
combinations of numbers up to 1,000.
Whole numbers stay whole; others have 12 significant digits.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from pydantic import Field

from labeler.driver.requests import Act, Acted, Failed
from labeler.environments.base import Tool, observed, refused
from labeler.records import short_hash
from labeler.settings import Strict

RULES_VERSION = "1"
DESCRIPTION = "Evaluates one arithmetical expression, such as (3 + 4) * 2 ** 5 / sqrt(2)."
MOST_CHARACTERS = 1000
MOST_BITS = 10_000
MOST_COUNTED = 1000


class CalculatorArguments(Strict):
    """What the calculator takes."""

    expression: str = Field(description="The expression, in Python's notation.")


class Calculator:
    """Evaluates expressions."""

    concurrency = 1

    def __init__(self, *, name: str = "calculator", description: str = DESCRIPTION) -> None:
        self.name = name
        self.fingerprint = "calculator-" + short_hash(RULES_VERSION, version("simpleeval"))
        self._tool = Tool(name, description, CalculatorArguments)
        self.tools: tuple[Mapping[str, Any], ...] = (self._tool.declared,)

    async def act(self, batch: Sequence[Act]) -> list[Acted | Failed]:
        return [self._acted(request) for request in batch]

    async def ready(self) -> None:
        """Always is."""

    async def aclose(self) -> None:
        """Holds nothing."""

    def _acted(self, request: Act) -> Acted:
        given = self._tool.read(request.call, CalculatorArguments)
        return given if isinstance(given, Acted) else calculated(given.expression)


def calculated(expression: str) -> Acted:
    """The value of an expression as an observation."""
    import simpleeval

    expression = expression.strip()
    if len(expression) > MOST_CHARACTERS:
        return refused(f"the expression has more than {MOST_CHARACTERS} characters")
    try:
        tree = ast.parse(expression, mode="eval")
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and not isinstance(node.value, int | float):
                return refused(f"{node.value!r} is no number")
        by = simpleeval.SimpleEval(_operators(), FUNCTIONS, {"pi": math.pi, "e": math.e})
        return observed(_written(by.eval(expression, tree.body)))
    except (SyntaxError, MemoryError, RecursionError):
        return refused("this is no expression")
    except simpleeval.InvalidExpression as error:
        return refused(" ".join(str(error).split()))
    except (ArithmeticError, ValueError, TypeError) as error:
        return refused(str(error), type(error).__name__)


def _written(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"the value is {type(value).__name__}, no number")


def _power(base: float, exponent: float) -> Any:
    if isinstance(base, int) and isinstance(exponent, int):
        if exponent > 0 and base.bit_length() * exponent > MOST_BITS:
            raise OverflowError(f"the power has more than {MOST_BITS:,} bits")
    elif base < 0 and exponent != int(exponent):
        raise ValueError("a negative number has no such power")
    return base**exponent


def _counted(count: Callable[..., int]) -> Callable[..., int]:
    """A function of whole numbers whose value, and so its work, grows beyond all bounds."""

    def bounded(*numbers: int) -> int:
        if max(numbers) > MOST_COUNTED:
            raise OverflowError(f"only of numbers up to {MOST_COUNTED:,}")
        return count(*numbers)

    return bounded


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(math, name) for name in (
        "sqrt", "exp", "log", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan",
        "floor", "ceil", "gcd", "lcm", "radians", "degrees",
    )},
    "abs": abs, "round": round, "min": min, "max": max,
    "factorial": _counted(math.factorial), "comb": _counted(math.comb),
}  # fmt: skip


def _operators() -> dict[type, Callable[..., Any]]:
    import operator

    return {
        ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
        ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
        ast.Pow: _power, ast.BitXor: _power, ast.USub: operator.neg, ast.UAdd: operator.pos,
        ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
        ast.Gt: operator.gt, ast.GtE: operator.ge,
    }  # fmt: skip
