"""Refuses answers that would explode when parsed or evaluated: 9^9^9^9, (10^9)!, deep nesting.

A refused answer is unknown, never wrong. The bounds only spare the worker processes most of the
trouble; what slips through still meets their deadline and memory limit.
Not covered: expressions that are short, shallow and still hard to simplify.
"""

from __future__ import annotations

import re
from math import prod

MAX_CHARACTERS = 1000
MAX_DEPTH = 10
"""The LaTeX grammar's time doubles with each nested bracket: 1.3 s at depth 8."""
MAX_NUMBER = 10_000
"""Largest number in an exponent, and largest n of n! and of a binomial."""
MAX_STACKED = 100_000
"""Largest product of exponents that may be stacked by brackets: ((9^9)^9)^9."""

_INTEGER = re.compile(r"[0-9]+")
_BINOMIAL = re.compile(r"\\[dt]?binom|\\choose|_\{?[0-9]+\}?\s*[CP]\s*_|[CP]\(")


def refusal(text: str) -> str | None:
    """Why the normal form of an answer is not tried, or None."""
    if len(text) > MAX_CHARACTERS:
        return f"longer than {MAX_CHARACTERS} characters"
    if _depth(text) > MAX_DEPTH:
        return f"nested deeper than {MAX_DEPTH}"
    if _has_big_power(text.replace("**", "^")):
        return "a power too large to evaluate"
    if any(
        _size(_operand_before(text, bang.start())) > MAX_NUMBER for bang in re.finditer("!", text)
    ):
        return "a factorial too large to evaluate"
    if _BINOMIAL.search(text) and max(map(int, _INTEGER.findall(text)), default=0) > MAX_NUMBER:
        return "a binomial too large to evaluate"
    return None


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    return deepest


def _has_big_power(text: str) -> bool:
    on_brackets, elsewhere = 1, 1
    for caret in re.finditer(r"\^", text):
        exponent = _operand_after(text, caret.end())
        stacked = text.startswith("^", caret.end() + len(exponent))
        size = _size(exponent)
        if size > MAX_NUMBER or (stacked and _INTEGER.search(exponent)):
            return True
        if text[: caret.start()].rstrip().endswith((")", "}", "]")):
            on_brackets *= size
        else:
            elsewhere = max(elsewhere, size)
    return on_brackets > MAX_NUMBER and on_brackets * elsewhere > MAX_STACKED


def _size(expression: str) -> int:
    """An upper bound of sorts of what numbers in an expression make: their product or power."""
    numbers = [int(digits) for digits in _INTEGER.findall(expression) if int(digits) > 1]
    if not numbers:
        return 1
    if "!" in expression:
        return MAX_NUMBER + 1
    if "^" in expression and re.search(r"[0-9)}]\s*\^", expression):
        small = max(numbers) <= 10 and len(numbers) <= 2
        return numbers[0] ** numbers[-1] if small else MAX_NUMBER + 1
    return prod(numbers)


def _operand_after(text: str, start: int) -> str:
    """The group, number or single token that begins at `start`."""
    rest = text[start:].lstrip()
    pad = len(text) - start - len(rest)
    if rest[:1] in ("{", "("):
        depth = 0
        for index, character in enumerate(rest):
            depth += (character in "({") - (character in ")}")
            if depth == 0:
                return text[start : start + pad + index + 1]
    token = re.match(r"-?[0-9]+|\\[A-Za-z]+|.", rest)
    return text[start : start + pad + (token.end() if token else 0)]


def _operand_before(text: str, end: int) -> str:
    """The group, number or single token that ends at `end`."""
    head = text[:end].rstrip()
    if head[-1:] in ("}", ")"):
        depth = 0
        for index in range(len(head) - 1, -1, -1):
            depth += (head[index] in "})") - (head[index] in "{(")
            if depth == 0:
                return head[index:]
    token = re.search(r"[0-9]+$|!+$|.$", head)
    return token.group() if token else ""
