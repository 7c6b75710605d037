"""How many completions one server works on at once: as many as it has use for.

`limit` counts rows (a request for n completions is n sequences in an engine's batch). Two rules
move it, by what is known of the server:

- *By its queue*, where it says how many sequences run and how many wait (`queue_metrics.py`). A few
  should wait, so that the batch is refilled at once when one ends; many would only grow old there
  and be lost with the server, while here they can still be sent elsewhere. So the limit rises while
  requests wait here and few wait there, falls while many wait there, and else holds. Rows of a
  request end one by one, but the request only with its last: more are out than the batch holds.
- *By its throughput*, where it says nothing: hill climbing over rounds (as many rows as the limit,
  asked and answered). The limit grows as long as a step brings more tokens per second, goes back if
  not, and is probed again every `PROBE_ROUNDS`. It never shrinks because texts take long.

A server that refuses (429, 503, silence) more than `TOLERATED` of a round has its limit cut by half
the share that was refused, once per round; fewer, and other faults, are no sign of load. One that
answers nothing at all is not overloaded but away: it begins anew when it is back, and until
then what waits must not be tried one by one. As in TCP's slow start the limit begins low and
doubles.

Relatives: TCP's additive increase and multiplicative decrease (Jacobson 1988; RFC 5681); the cut in
proportion is that of DCTCP (Alizadeh et al. 2010), which lone losses do not throttle. Netflix's
concurrency-limits (gradient) and TCP Vegas take latency for the sign of a queue; a model's latency
is mostly the length of its texts, so here it is none. Pure: the caller brings the clock.

Does not cover: who waits for room (`resizable_semaphore.py`), which server is asked (`balance.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable

START = 32
"""Rows to begin with; only a server that refuses some of so many gets fewer, and not for long."""

MOST = 1024
"""Rows at most. vLLM's own batch holds 1024 sequences on the largest GPUs, elsewhere 128 or 256."""

RAMP = 2.0
PROBE, PROBE_ROUNDS = 1.5, 8
PAYS = 1.1
"""How much faster a step must make the server; what a round measures is some percent off."""

ROUND_REPLIES = 16
TOLERATED = 0.25

LITTLE, MUCH = 1 / 8, 1 / 2
"""Rows that wait, in shares of those that run."""

GENTLE_UP, GENTLE_DOWN = 9 / 8, 7 / 8
FRESH_S = 10.0
"""How long a reading of the queue counts; without a newer one, throughput decides again."""


class AdaptiveConcurrencyLimit:
    """The bound on one server's rows, from 1 to `most`. `clock` gives seconds."""

    def __init__(self, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._limit = float(min(START, most))
        self.is_ramping = True
        """Whether it still doubles."""
        self._read_at: float | None = None
        self._rate, self._lower = 0.0, self._limit
        self._held: int | None = None
        """Rounds since the last step was found not to pay; None while climbing."""
        self._open_round()

    @property
    def limit(self) -> int:
        return int(self._limit)

    def queue(self, running: int, waiting: int, *, more: bool) -> None:
        """Takes a reading of the server; `more` says whether requests wait here for room."""
        self._read_at = self._clock()
        if waiting > max(running * MUCH, START):
            self._set(max(self._limit * GENTLE_DOWN, min(self._limit, START)))
            self.is_ramping = False
        elif more and waiting <= running * LITTLE:
            self._grow(RAMP if self.is_ramping else GENTLE_UP)

    def answered(self, rows: int, tokens: int, *, more: bool) -> None:
        """Notes a reply; `more` as in `queue`."""
        self._tokens += tokens
        self._replies_held_up += more
        self._ended(rows)

    def refused(self, rows: int) -> None:
        """Notes that the server was busy or silent."""
        self._refused += rows
        self._ended(rows)

    def failed(self, rows: int) -> None:
        """Notes that the server was broken or away."""
        self._failed += rows
        self._ended(rows)

    def _ended(self, rows: int) -> None:
        self._rows += rows
        self._replies += 1
        if self._rows < self._rows_of_round or self._replies < ROUND_REPLIES:
            return
        refused = self._refused / self._rows
        if self._refused + self._failed == self._rows:
            self._begin_anew()
        elif refused > TOLERATED:
            self._set(self._limit * (1 - refused / 2))
            self._hold(rate=0.0)
        elif not self._is_read() and self._replies_held_up > self._replies / 2:
            # Where nobody waited, the rate says what was asked, not what the server can.
            self._climb(self._tokens / max(self._clock() - self._opened_at, 1e-9))
        self._open_round()

    def _climb(self, rate: float) -> None:
        """One round at this limit gave `rate` tokens per second."""
        if self._held is not None:
            self._rate = (self._rate + rate) / 2 if self._rate else rate
            self._held += 1
            is_cut_short = self._limit < START and not self._refused
            if self._held < PROBE_ROUNDS and not is_cut_short:
                return
        elif rate < PAYS * self._rate:
            self._set(self._lower)
            self._hold(self._rate)
            return
        else:
            self._rate = rate
        self._held, self._lower = None, self._limit
        self._grow(RAMP if self.is_ramping else PROBE)

    def _hold(self, rate: float) -> None:
        self._held, self._rate, self.is_ramping = 0, rate, False

    def _begin_anew(self) -> None:
        self._set(min(self._limit, START))
        self._held, self._rate, self.is_ramping = None, 0.0, True

    def _is_read(self) -> bool:
        return self._read_at is not None and self._clock() - self._read_at < FRESH_S

    def _open_round(self) -> None:
        self._opened_at = self._clock()
        self._rows_of_round = self.limit
        self._rows = self._refused = self._failed = self._tokens = 0
        self._replies = self._replies_held_up = 0

    def _grow(self, factor: float) -> None:
        self._set(max(self._limit * factor, self._limit + 1))

    def _set(self, limit: float) -> None:
        self._limit = min(max(limit, 1.0), float(self._most))
