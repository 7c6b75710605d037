"""All simulators, in one table."""

from __future__ import annotations

from labeler.checking.claims.narrated.base import Simulator
from labeler.checking.claims.narrated.brackets import brackets
from labeler.checking.claims.narrated.clocks import clocks
from labeler.checking.claims.narrated.containers import containers
from labeler.checking.claims.narrated.dates import dates
from labeler.checking.claims.narrated.queues import queues
from labeler.checking.claims.narrated.sorting import sorting
from labeler.checking.claims.narrated.swaps import swaps
from labeler.checking.claims.narrated.walks import walks

SIMULATORS: tuple[Simulator, ...] = (
    swaps, queues, sorting, brackets, dates, clocks, containers, walks,
)  # fmt: skip
