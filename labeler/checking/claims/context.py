"""What surrounds a claim: the problem, what signs and letters mean there, and the work allowed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from labeler.checking.claims.expression import Exact
from labeler.checking.claims.values import Work, exact

ALLOWANCE = 20_000
"""Operations that any solution may cost; one per character comes on top."""
OPERATIONS_PER_CHARACTER = 1

_DEFINED = re.compile(
    r"\boperations?\b|\bdefin\w+|\bdenotes?\b|\\ast\b|\\star\b|\\boxed|\)\$?\s*x\s*\$?\(|[a-zA-Z]\$?\s?\*\s?\$?[a-zA-Z]",
    re.IGNORECASE,
)
"""Words of a problem that gives a sign a meaning of its own."""
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
    indexed = _INDEXED.search(problem) is not None
    return Context(
        problem,
        _DEFINED.search(problem) is not None,
        not indexed and _IMAGINARY.search(problem) is not None,
        frozenset(_decimals(problem)),
    )


def says_imaginary(step: str) -> bool:
    """Whether a step makes i the imaginary unit and no index."""
    return "i" in step and _IMAGINARY.search(step) is not None and not _INDEXED.search(step)


def _decimals(text: str) -> list[Exact]:
    found = (m[0].replace(",", "").rstrip(".") for m in _DECIMAL.finditer(text))
    return [exact(Fraction("0" + n if n[0] == "." else n)) for n in found if len(n) < 20]
