"""All simulators, in one table, each with the words without which it finds nothing."""

from __future__ import annotations

from typing import NamedTuple

from labeler.checking.claims.narrated.base import Simulator
from labeler.checking.claims.narrated.brackets import brackets
from labeler.checking.claims.narrated.clocks import clocks
from labeler.checking.claims.narrated.containers import COINS, MOVES, containers
from labeler.checking.claims.narrated.dates import dates
from labeler.checking.claims.narrated.queues import queues
from labeler.checking.claims.narrated.sorting import sorting
from labeler.checking.claims.narrated.swaps import swaps
from labeler.checking.claims.narrated.walks import walks


class Narrated(NamedTuple):
    """`problem`, `steps`: one of these words, in small letters, must stand in each of the two; any
    text will do where there is none."""

    run: Simulator
    problem: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()

    def may_find(self, problem: str, steps: str) -> bool:
        """Whether the words stand in the texts, which are in small letters."""
        return (not self.steps or any(word in steps for word in self.steps)) and (
            not self.problem or any(word in problem for word in self.problem)
        )


SIMULATORS: tuple[Narrated, ...] = (
    Narrated(swaps, problem=("swap", "trade", "switch", "exchange")),
    Narrated(queues, steps=("queue", "stack")),
    Narrated(
        sorting, problem=("alphabet", "cending", "creasing", "est to "), steps=("sorted", "order")
    ),
    Narrated(brackets, steps=("stack",)),
    Narrated(dates, steps=("day", "fell on", "was a")),
    Narrated(clocks, steps=("hour", "minute")),
    Narrated(containers, steps=(*COINS, *MOVES)),
    Narrated(walks, problem=("step", "walk", "instructions", "facing", "turn"), steps=("(",)),
)
