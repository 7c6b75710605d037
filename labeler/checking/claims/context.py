"""What surrounds a claim: the problem, what signs and letters mean there, and the work allowed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from labeler.checking.claims.expression import Exact
from labeler.checking.claims.values import Work, exact

ALLOWANCE = 12_000
"""Operations that any solution may cost; one for so many characters comes on top."""
CHARACTERS_PER_OPERATION = 4

_DEFINED = re.compile(
    r"\b(?:operations?|denotes?)\b|\bdefin\w+|\\ast\b|\\star\b|\\boxed|\)\$?\s*x\s*\$?\(|[a-zA-Z]\$?\s?\*\s?\$?[a-zA-Z]",
    re.IGNORECASE,
)
"""Words of a problem that gives a sign a meaning of its own."""
_DEFINING = ("operation", "denote", "defin", "\\ast", "\\star", "\\boxed", "*")
"""One of these stands where the pattern matches, or an x and a bracket do."""
_IMAGINARY = re.compile(
    r"\b(?:complex|imaginary|conjugates?|gaussian)\b|\bi\s*\^\s*\{?2\}?\s*=\s*-\s*1"
    r"|\\sqrt\s*\{?\s*-\s*1\s*\}?\s*=\s*i\b|\bi\s*=\s*\\sqrt\s*\{?-1",
    re.IGNORECASE,
)
_INDEXED = re.compile(r"_\{?i\b|\bi-?th\b|\\sum|\bfor (?:each|every|all) i\b|\bi\s*=\s*[\d1]")
_DECIMAL = re.compile(r"(?<![\d.])\d[\d,]*\.\d+|(?<![\d.])\.\d+")


@dataclass(frozen=True, slots=True)
class Context:
    """Of one solution. `defined`: the problem defines an operation of its own.

    `imaginary`: i is the imaginary unit for certain. `given`: numbers with decimals that the
    problem states, which are exact. `work`: what the arithmetic may still cost.
    """

    problem: str = ""
    defined: bool = False
    imaginary: bool = False
    given: frozenset[Exact] = frozenset()
    work: Work = field(default_factory=lambda: Work(ALLOWANCE))


def context_of(problem: str) -> Context:
    """What the problem says before any step is read."""
    defined, imaginary, given = _read(problem)
    return Context(problem, defined, imaginary, given)


@lru_cache(maxsize=64)
def _read(problem: str) -> tuple[bool, bool, frozenset[Exact]]:
    """Kept for a while, as the solutions of a problem come together."""
    low = problem.lower()
    imaginary = says_imaginary(low)
    defined = any(sign in low for sign in _DEFINING) or ("x" in low and ")" in low)
    decimals = _decimals(problem) if "." in problem else ()
    return defined and _DEFINED.search(problem) is not None, imaginary, frozenset(decimals)


def says_imaginary(low: str) -> bool:
    """Whether a text (in small letters) makes i the imaginary unit and no index."""
    if not (
        "i^" in low
        or "i ^" in low
        or "complex" in low
        or "imaginary" in low
        or "gaussian" in low
        or "conjugate" in low
        or ("sqrt" in low and "-1" in low.replace(" ", ""))
    ):
        return False
    return _IMAGINARY.search(low) is not None and not _INDEXED.search(low)


def _decimals(text: str) -> list[Exact]:
    found = (m[0].replace(",", "").rstrip(".") for m in _DECIMAL.finditer(text))
    return [exact(Fraction("0" + n if n[0] == "." else n)) for n in found if len(n) < 20]
