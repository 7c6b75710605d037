"""Which of several equal servers gets a request: the one whose prefix cache knows its beginning.

Rendezvous hashing (Thaler and Ravishankar 1998) puts all requests of one group (a problem) on one
server, and losing a server moves only its own groups. Loads are bounded as in consistent hashing
with bounded loads (Mirrokni, Thorup and Zadimoghaddam 2018): a server that holds more than
`1 + SLACK` times its fair share of what is in flight, in proportion to its weight, passes new
requests on to the next in order.
A server that did not answer rests for a while and is asked last.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

SLACK = 0.25
FEW = 16
"""Completions in flight that leave any server idle enough."""

REST_S = 5.0
LONGEST_REST_S = 60.0


class Balance:
    """What is in flight on each server, and who rests.

    `weight` is how much a server can do, beside the others; `clock` gives seconds.
    """

    def __init__(
        self,
        urls: Sequence[str],
        weight: Callable[[str], float] = lambda url: 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.urls = tuple(urls)
        self._weight, self._clock = weight, clock
        self._in_flight: dict[str, int] = defaultdict(int)
        self._most: dict[str, int] = defaultdict(int)
        self._rests_until: dict[str, float] = {}
        self._silences: dict[str, int] = defaultdict(int)

    def order(self, group: str, rows: int) -> list[str]:
        """All servers, those to ask first for `rows` completions of a group in front."""
        servers = by_affinity(self.urls, group)
        total = sum(self._in_flight.values()) + rows
        fair = total / sum(map(self._weight, servers))
        return sorted(
            servers,
            key=lambda url: (
                self.rests(url),
                # Alone, a request larger than the bound still goes home.
                self._in_flight[url] > 0
                and self._in_flight[url] + rows > max(FEW, (1 + SLACK) * fair * self._weight(url)),
            ),
        )

    def in_flight(self, url: str) -> int:
        """Completions that a server works on."""
        return self._in_flight[url]

    def most(self, url: str) -> int:
        """The most there ever were."""
        return self._most[url]

    def rests(self, url: str) -> bool:
        """Whether a server should not be asked now."""
        # After its rest, one request at a time finds out whether a server is well again.
        is_tried = self._silences[url] > 0 and self._in_flight[url] > 0
        return is_tried or self._rests_until.get(url, 0.0) > self._clock()

    @contextmanager
    def asking(self, url: str, rows: int) -> Iterator[None]:
        """While a server works on `rows` completions."""
        self._in_flight[url] += rows
        self._most[url] = max(self._most[url], self._in_flight[url])
        try:
            yield
        finally:
            self._in_flight[url] -= rows

    def rest(self, url: str) -> None:
        """Notes that a server did not answer: the more often in a row, the longer it rests."""
        if self._rests_until.get(url, 0.0) > self._clock():
            return  # one of several requests that met the same silence
        self._silences[url] += 1
        pause = min(REST_S * 2 ** (self._silences[url] - 1), LONGEST_REST_S)
        self._rests_until[url] = self._clock() + pause

    def well(self, url: str) -> None:
        """Notes that a server answered."""
        if self._silences.pop(url, 0):
            self._rests_until.pop(url, None)


def by_affinity(urls: Sequence[str], group: str) -> list[str]:
    """The servers, the one for this group first."""
    return sorted(urls, key=lambda url: hashlib.blake2b(f"{group} {url}".encode()).digest())
