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
