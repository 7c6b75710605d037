"""Ways of writing that look like arithmetic and are none: their tokens become words or unsupported.

    log2(8), mp3            a number that belongs to the word before it
    2 hours 15 minutes      one quantity in two units
    pages 10-15, Step 2 -   a range, or a number that is a name
    on day 1 * 2            the same in front of what is calculated with another value
    2-1/2 cups              a mixed number
    √9+16                   how far the root reaches is open
    5 + 3 (2 + 1)           a bracket that tells what the number before it is made of

Not covered: a power that lost its sign (`23` for two cubed), decimal commas in thousands (`3,141`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from labeler.checking.claims.token import Token
from labeler.checking.claims.vocabulary import (
    FUNCTION_WORDS,
    LABEL_WORDS,
    NAMING_WORDS,
    RANGE_WORDS,
    UNIT_FAMILIES,
)


def without_notations(tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens, with a word or unsupported in place of what is no arithmetic."""
    kinds = [token[0] for token in tokens]
    numbers = [index for index, kind in enumerate(kinds) if kind == "num"]
    if [
        1
        for index in numbers
        if index and kinds[index - 1] == "word" and tokens[index - 1][3] == tokens[index][2]
    ]:
        tokens = _words_with_numbers(tokens)
        kinds = [token[0] for token in tokens]
        numbers = [index for index, kind in enumerate(kinds) if kind == "num"]
    found: list[int] = []
    kinds.append("end")
    for index in numbers:
        behind = kinds[index + 1]
        if behind == "word":
            if tokens[index + 1][1] in _CONVERTIBLE:
                found += _compound(tokens, index)
        elif behind == "op":
            if tokens[index + 1][1] == "-":
                found += _named(tokens, index) or _mixed(tokens, index)
            elif index and kinds[index - 1] == "word" and tokens[index - 1][1] in NAMING_WORDS:
                counted = index > 1 and tokens[index - 2][1] in _COUNTING  # "per day 2 * 3"
                found += () if counted else (index + 1,)
        elif behind == "open":
            found += _itemised(tokens, index)
    if "func" in kinds:
        for index, token in enumerate(tokens):
            if token[0] == "func" and token[1] == "sqrt":
                found += _root(tokens, index)
    if not found:
        return tokens
    result = list(tokens)
    for at in found:
        result[at] = tokens[at]._replace(kind="unsupported")
    return result


_SCORES = frozenset({"odds", "score", "scores", "scored", "record", "won", "lost", "lead", "beat"})
"""Words behind which `3-1` is two numbers."""
_COUNTING = frozenset({"per", "each", "every", "a", "an", "one", "the", "this", "that", "/"})
_CONVERTIBLE = frozenset().union(*UNIT_FAMILIES)


def _is(tokens: Sequence[Token], at: int, shape: str, *, tight: bool = False) -> bool:
    """Whether the tokens from `at` have these kinds, or, for signs, these texts."""
    parts = shape.split()
    if at < 0 or at + len(parts) > len(tokens):
        return False
    return all(
        part in (token.kind, token.text) and not (tight and token.spaced)
        for part, token in zip(parts, tokens[at:], strict=False)
    )


def _words_with_numbers(tokens: Sequence[Token]) -> list[Token]:
    """`mp3` and `Area1` are one word each, and so is `log2`, which stays a function."""
    result: list[Token] = []
    before = None
    for token in tokens:
        if (
            token.kind == "num"
            and before is not None
            and before.kind == "word"
            and before.end == token.start
        ):
            number = "" if before.text in FUNCTION_WORDS else token.text
            result[-1] = before._replace(text=before.text + number, end=token.end)
        else:
            result.append(token)
        before = result[-1]
    return result


def _compound(tokens: Sequence[Token], index: int) -> tuple[int, ...]:
    """Both units of `5 feet 3 inches`, `5 ft. 3 in`, `2 hours, 15 minutes`, `1 day and 2 hours`."""
    if not _is(tokens, index, "num word"):
        return ()
    unit = index + 1
    second = unit + 1
    stop = tokens[second] if second < len(tokens) else None
    if stop is not None and stop.kind == "boundary":
        if stop.text != "," and not (stop.text == "." and len(tokens[unit].text) <= 3):
            return ()
        second += 1
    second += _is(tokens, second, "and")
    if not (_is(tokens, second, "num word") or _is(tokens, second, "num sym")):  # 2 kg 300 g
        return ()
    pair = {tokens[unit].text, tokens[second + 1].text}
    alike = len(pair) == 2 and any(pair <= family for family in UNIT_FAMILIES)
    return (unit, second + 1) if alike else ()


def _named(tokens: Sequence[Token], index: int) -> tuple[int, ...]:
    if not _is(tokens, index - 1, "word num -") or _is(tokens, index - 2, "num"):
        return ()
    word = tokens[index - 1].text
    near = {token.text for token in tokens[max(0, index - 3) : index]}
    if near & _SCORES and _is(tokens, index + 1, "- num", tight=True):
        return (index + 1,)
    climbs = _is(tokens, index + 2, "num") and (
        Fraction(tokens[index].text) < Fraction(tokens[index + 2].text)
    )
    return (index + 1,) if word in LABEL_WORDS or (word in RANGE_WORDS and climbs) else ()


def _mixed(tokens: Sequence[Token], index: int) -> tuple[int, ...]:
    if not _is(tokens, index + 1, "- num / num", tight=True):
        return ()
    top, bottom = Fraction(tokens[index + 2].text), Fraction(tokens[index + 4].text)
    # 1-1/3 alone is what remains of a whole.
    mixed = top < bottom and (tokens[index].text != "1" or _is(tokens, index + 5, "word"))
    return (index + 1,) if mixed else ()


def _root(tokens: Sequence[Token], index: int) -> tuple[int, ...]:
    sign = tokens[index]
    if sign.text != "sqrt" or sign.end - sign.start > 1:  # \sqrt has its braces
        return ()
    behind = index + (4 if _is(tokens, index + 1, "num ^ num") else 2)
    reaches = any(_is(tokens, behind, f"{op} num", tight=True) for op in "+-")
    return (index,) if reaches and _is(tokens, index + 1, "num") else ()


def _itemised(tokens: Sequence[Token], index: int) -> tuple[int, ...]:
    if not _is(tokens, index + 1, "open num op num") or not tokens[index + 1].spaced:
        return ()
    sign, at = tokens[index + 3].text, index + 2
    parts = [Fraction(tokens[at].text)]
    while _is(tokens, at + 1, f"{sign} num"):
        at += 2
        parts.append(Fraction(tokens[at].text))
    if sign not in {"+", "*"} or not _is(tokens, at + 1, "close"):
        return ()
    value = sum(parts) if sign == "+" else math.prod(parts)
    return (index,) if value == Fraction(tokens[index].text) else ()
