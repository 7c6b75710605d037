"""How many choices servers give when asked for n: some ignore n, some lose choices on the way.

The two want opposite answers. Who ignores n is asked again for what is missing, with another seed.
A reply that lost choices is void: to fill it up would make it differ from an undisturbed one. What
the servers gave before tells which it is; where that does not decide, the same request is asked
again, `ASKS` times in all: to lose choices each time is not to give them.
"""

from __future__ import annotations

import math

ASKS = 3


class Choices:
    """What is known of the servers. `n` is how many choices were asked for."""

    def __init__(self) -> None:
        self._most_given = 1
        self._fewest_refused = math.inf

    def given(self, n: int) -> None:
        """Notes a reply with all its choices."""
        self._most_given = max(self._most_given, n)
        if n >= self._fewest_refused:
            self._fewest_refused = math.inf  # that was bad luck

    def refused(self, n: int) -> None:
        """Notes that the same request came back short `ASKS` times."""
        self._fewest_refused = min(self._fewest_refused, n)

    def can(self, n: int) -> bool | None:
        """Whether the servers give so many, None while nobody knows."""
        if n <= self._most_given:
            return True
        return False if n >= self._fewest_refused else None
