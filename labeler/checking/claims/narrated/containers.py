"""Coins and what they are worth, and things moved between containers.

`3 quarters are 80 cents`; `Move 2 from A to B`, and then `A: 3, B: 6`, run from the counts narrated
before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from labeler.checking.claims.decide import Link
from labeler.checking.claims.narrated.base import verdict

_WORTH = {
    "penny": 1,
    "pennies": 1,
    "nickel": 5,
    "nickels": 5,
    "dime": 10,
    "dimes": 10,
    "quarter": 25,
    "quarters": 25,
}
_COINS = re.compile(
    r"(?<![\d.,$/*×x+-])(?<![*×/+] )\b(\d{1,5}) (pennies|nickels|dimes|quarters) (?:is|"
    r"are|equals?|makes?|=|is worth|are worth|"
    r"is equal to|are equal to|totals?) (?:(\d{1,6}) cents\b|"
    r"\\?\$(\d+(?:\.\d\d)?)(?![\d./]|\s*[-+*/\\]))",
    re.IGNORECASE,
)
_EACH = re.compile(
    r"\b(?:(?:an?|one|each|every) (penny|nickel|dime|quarter) (?:is worth|equals|is equal to)|"
    r"(pennies|nickels|dimes|quarters) are worth) (?:\\?\$(0?\.\d\d?|\d+\.\d\d)|(\d{1,3}) cents?)\b"
    r"(?=([^.;,=\n]{0,16}\b(?:each|apiece)\b)?)",
    re.IGNORECASE,
)
COINS = ("penn", "nickel", "dime", "quarter")
MOVES = ("move", "pour", "transfer", "take", "put")
"""Words without which nothing is found."""
_MOVE = re.compile(
    r"\b(?:moves?|pours?|transfers?|takes?|puts?) (\d{1,6})(?: \w+){0,3}? from (?:the "
    r")?(?:box |bag |jar |cup |bucket |bin )?([A-Z]|[a-z]+)"
    r" (?:in)?to (?:the )?(?:box |bag |jar |cup |bucket |bin )?([A-Z]|[a-z]+)\b",
    re.IGNORECASE,
)
_COUNT = re.compile(
    r"\b(?:(?:box|bag|jar|cup|bucket|bin) )?([A-Z]|[a-z]+)(?:: | has | holds | contains "
    r"| now has )(\d{1,6})(?![\d./])",
    re.IGNORECASE,
)


def containers(problem: str, steps: Sequence[str]) -> Iterator[tuple[int, Link]]:
    """Coins and counts that the steps narrate."""
    del problem
    low = "\n".join(steps).lower()
    if any(coin in low for coin in COINS):
        yield from _coins(steps)
    state: dict[str, int] = {}
    if " from " not in low or not any(_MOVE.search(step) for step in steps):
        return
    for at, step in enumerate(steps):
        moves = list(_MOVE.finditer(step))
        if len(moves) > 1:
            state = {}
        begin = moves[0].end() if len(moves) == 1 else 0
        told = {m[1].lower(): int(m[2]) for m in _COUNT.finditer(step, begin)}
        if len(moves) == 1:
            number, source, target = int(moves[0][1]), moves[0][2].lower(), moves[0][3].lower()
            if {source, target} <= state.keys() and {source, target} <= told.keys():
                due = {source: state[source] - number, target: state[target] + number}
                yield at, verdict(moves[0][0], due, {k: told[k] for k in due})
        if moves or told:
            state = {**state, **told} if told else {}


def _coins(steps: Sequence[str]) -> Iterator[tuple[int, Link]]:
    for at, step in enumerate(steps):
        for m in _EACH.finditer(step):
            if m[1] or m[5]:  # "nickels are worth 10 cents" may tell of all of them
                cents = Fraction(m[4]) if m[4] else Fraction(f"0{m[3]}") * 100
                worth = _WORTH[(m[1] or m[2]).lower()]
                yield at, verdict(m[0], f"{worth} cents", f"{cents} cents")
        for m in _COINS.finditer(step):
            worth = int(m[1]) * _WORTH[m[2].lower()]
            shown = Fraction(m[3]) if m[3] else Fraction(m[4]) * 100
            if "quarter" in m[2].lower() and not re.search(
                r"\bcoins?|cents?|dimes?|\$", step, re.I
            ):
                continue
            yield at, verdict(m[0], f"{worth} cents", f"{shown} cents")
