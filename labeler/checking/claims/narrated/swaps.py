"""Things that change hands: `Bob and Alice swap`, and then `Alice: red, Bob: blue`.

The problem tells who holds what and which pairs trade, in order. A step that narrates a trade and
then who holds what is run from the state narrated before it, so that one slip is one error; its
pair must be the next of the problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from labeler.checking.claims.decide import Link
from labeler.checking.claims.narrated.base import verdict

_TRADE = re.compile(
    r"\b([A-Z][a-z]+) and ([A-Z][a-z]+) (?:swap|trade|switch|exchange)s?\b|"
    r"\b([A-Z][a-z]+) (?:swaps|trades|switches|exchanges) \w+(?: \w+)? with ([A-Z][a-z]+)\b"
)
_HOLDS = re.compile(
    r"\b([A-Z][a-z]+) (?:has|gets|is holding|holds|is dancing with|is playing|starts "
    r"with) (?:an? |the )?"
    r"((?:[A-Za-z]+ )?[A-Za-z]+)"
)
_STATE = re.compile(r"\b([A-Z][a-z]+): ((?:[A-Za-z']+ ){0,3}[A-Za-z']+)")
_FILLER = frozenset({"ball", "book", "present", "gift", "the", "a", "an", "position", "player"})


def swaps(problem: str, steps: Sequence[str]) -> Iterator[tuple[int, Link]]:
    """The states that the steps narrate, against the trades of the problem."""
    trades = [_pair(m) for m in _TRADE.finditer(problem)]
    if len(trades) < 2:
        return
    people = {name for pair in trades for name in pair}
    first = _TRADE.search(problem)
    assert first is not None
    start = {
        m[1]: _thing(m[2]) for m in _HOLDS.finditer(problem[: first.start()]) if m[1] in people
    }
    state = start if start.keys() == people else None
    done = 0
    for at, step in enumerate(steps):
        told = {m[1]: _thing(m[2]) for m in _STATE.finditer(step) if m[1] in people}
        made = [_pair(m) for m in _TRADE.finditer(step)]
        if told.keys() != people:
            if made:  # trades without a state, or with half of one: what follows is not decided
                return
            continue
        if len(made) > 1:
            return
        if made and state is not None:
            pair = made[0]
            if done < len(trades) and set(pair) != set(trades[done]):
                yield at, verdict(f"{pair[0]} and {pair[1]} swap", list(trades[done]), list(pair))
                return
            one, other = pair
            state = state | {one: state[other], other: state[one]}
            done += 1
        if state is not None and set(told.values()) <= set(state.values()) | set(start.values()):
            yield at, verdict(_shown(told), state, {k: told[k] for k in state})
        elif state is not None:
            return  # the things go by other names
        state = told


def _pair(match: re.Match[str]) -> tuple[str, str]:
    return (match[1], match[2]) if match[1] else (match[3], match[4])


def _thing(text: str) -> str:
    words = [w for w in text.lower().split() if w not in _FILLER]
    return words[0] if words else text.lower()


def _shown(state: dict[str, str]) -> str:
    return ", ".join(f"{k}: {v}" for k, v in state.items())
