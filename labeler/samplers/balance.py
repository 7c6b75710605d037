"""Which of several equal servers gets a request: the one whose prefix cache knows its beginning.

Rendezvous hashing (Thaler and Ravishankar 1998) puts all requests of one group (a problem) on one
server, and losing a server moves only its own groups. Loads are bounded as in consistent hashing
with bounded loads (Mirrokni, Thorup and Zadimoghaddam 2018): a server that holds more than
`1 + SLACK` times its fair share of what is in flight, in proportion to its weight, passes new
requests on to the next in order.
A server that did not answer is left alone for a while and asked last (back-off).
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

BACKOFF_S = 5.0
LONGEST_BACKOFF_S = 60.0


class LoadBalancer:
    """What is in flight on each server, and which are in back-off.

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
        self._backoff_until: dict[str, float] = {}
        self._failures: dict[str, int] = defaultdict(int)

    def ranked_servers(self, group: str, rows: int) -> list[str]:
        """All servers, those to ask first for `rows` completions of a group in front."""
        servers = by_affinity(self.urls, group)
        total = sum(self._in_flight.values()) + rows
        fair = total / sum(map(self._weight, servers))
        return sorted(
            servers,
            key=lambda url: (
                self.in_backoff(url),
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

    def in_backoff(self, url: str) -> bool:
        """Whether a server should not be asked now."""
        # After its back-off, one request at a time finds out whether a server is healthy again.
        is_tried = self._failures[url] > 0 and self._in_flight[url] > 0
        return is_tried or self._backoff_until.get(url, 0.0) > self._clock()

    @contextmanager
    def asking(self, url: str, rows: int) -> Iterator[None]:
        """While a server works on `rows` completions."""
        self._in_flight[url] += rows
        self._most[url] = max(self._most[url], self._in_flight[url])
        try:
            yield
        finally:
            self._in_flight[url] -= rows

    def mark_failed(self, url: str) -> None:
        """Notes that a server did not answer: the more often in a row, the longer its back-off."""
        if self._backoff_until.get(url, 0.0) > self._clock():
            return  # one of several requests that met the same silence
        self._failures[url] += 1
        pause = min(BACKOFF_S * 2 ** (self._failures[url] - 1), LONGEST_BACKOFF_S)
        self._backoff_until[url] = self._clock() + pause

    def mark_healthy(self, url: str) -> None:
        """Notes that a server answered."""
        if self._failures.pop(url, 0):
            self._backoff_until.pop(url, None)


def by_affinity(urls: Sequence[str], group: str) -> list[str]:
    """The servers, the one for this group first."""
    return sorted(urls, key=lambda url: hashlib.blake2b(f"{group} {url}".encode()).digest())
