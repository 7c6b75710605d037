r"""Makes a sympy object of the normal form of an answer, by latex2sympy, as mathematicians mean it.

Two readings of latex2sympy are mended: `2(3)` and `(2)(3)` are products (it takes them for the
mixed number 2 and 3), and an odd root of a negative number is the real one, `\sqrt[3]{-8} = -2`,
unless the answers are complex. Needs sympy: to be called in a worker process only.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_DIGITS_BRACKET = re.compile(r"(?<![0-9._])(?<!_\{)([0-9]+(?:\.[0-9]+)?)\(")
_BRACKETS = re.compile(r"\)\(")
_LIST_IN_BRACKETS = re.compile(r"\([^()]*[,;][^()]*\)")


@lru_cache(maxsize=256)
def parsed(text: str, is_real: bool) -> Any:
    """The sympy object of a whole normal form; raises where any part of it is not understood."""
    from latex2sympy2_extended import NormalizationConfig, latex2sympy, normalize_latex

    text = re.sub(r"^[A-Za-z]\\in ?(?=[\[(\\])", "", text)
    rules = NormalizationConfig(malformed_operators=True, nits=True, units=False, boxed="none")
    found = latex2sympy(
        normalize_latex(_explicit_products(text), config=rules),
        is_real=is_real,
        convert_degrees=r"\circ" in text,  # inside an expression: \tan 45^\circ
        normalization_config=None,
    )
    return _real_roots(found) if is_real else found


def _explicit_products(text: str) -> str:
    r"""`3(4)+1` as `3\cdot(4)+1`; points and intervals, `(1,2)(3,4)`, stay as they are."""
    if _LIST_IN_BRACKETS.search(text):
        return text
    return _BRACKETS.sub(r")\\cdot(", _DIGITS_BRACKET.sub(r"\1\\cdot(", text))


def _real_roots(found: Any) -> Any:
    """With the real root in place of the principal one of an odd root of a negative number."""
    from sympy import Basic, Pow, Rational

    if not isinstance(found, Basic):
        return found

    def is_odd_root(part: Any) -> bool:
        if not (isinstance(part, Pow) and part.base.is_number and part.base.is_negative):
            return False
        # Parsed without evaluation, 1/3 is a power of 3, not yet a fraction.
        exponent = part.exp.doit()
        return isinstance(exponent, Rational) and exponent.q > 1 and exponent.q % 2 == 1

    def real(part: Any) -> Any:
        exponent = part.exp.doit()
        return (-1) ** exponent.p * Pow(-part.base, exponent)

    return found.replace(is_odd_root, real)


def relative_gap(gold: Any, answer: Any) -> float | None:
    """Largest relative difference at two fixed points; None where these are no two plain numbers.

    A second opinion, for math-verify takes failures inside sympy as "different" and, by rounding to
    six places, 1e-9 and 2e-9 as equal.
    """
    from sympy import Expr, I, Rational

    if not (isinstance(gold, Expr) and isinstance(answer, Expr)):
        return None
    names = sorted({str(symbol) for symbol in gold.free_symbols | answer.free_symbols})
    gaps = []
    for point in (Rational(37, 29), Rational(83, 41)):
        values = []
        for expression in (gold, answer):
            at = {s: point + names.index(str(s)) / Rational(7) for s in expression.free_symbols}
            at |= {s: I for s in at if str(s) == "i"}
            values.append(expression.subs(at).doit().evalf(20))
        if not all(value.is_number and value.is_finite for value in values):
            return None
        left, right = values
        scale = max(abs(left).evalf(20), abs(right).evalf(20))  # no float: 2^{2005} overflows one
        gaps.append(float(abs(left - right) / scale) if scale else 0.0)
    return max(gaps)
