"""How many replies had no readable answer, by who asked for them; every summary tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WARN_FROM = 0.02
"""From this share on a person is warned: labels rest on how the answers are read."""

REMEDY = (
    "choose another `answers:` in the run file, or ask for a form of answer in the template; "
    "agents that still call tools in their last turn need more `max_turns:`"
)


@dataclass(frozen=True, slots=True)
class Unread:
    """`unread` of `replies` have no readable answer."""

    replies: int
    unread: int

    @property
    def warns(self) -> bool:
        """Whether it is too large a share to be passed over."""
        return self.unread >= WARN_FROM * self.replies > 0

    def __str__(self) -> str:
        share = f" ({self.unread / self.replies:.1%})" if self.replies else ""
        return f"{self.unread:,} of {self.replies:,}{share}"


def unread_by_asker(statistics: Mapping[str, Mapping[str, int]]) -> dict[str, Unread]:
    """From the statistics of a run; only who asked for answers."""
    return {
        asker: Unread(counts["replies"], counts["unread"])
        for asker, counts in sorted(statistics.items())
        if counts.get("replies") and "unread" in counts
    }


def one_line(found: Mapping[str, Unread]) -> str:
    """What a person reads; "" where no answers were asked for."""
    if not found:
        return ""
    line = "; ".join(f"{asker} {one}" for asker, one in found.items())
    warning = f": {REMEDY}" if any(one.warns for one in found.values()) else ""
    return f"replies without a readable answer: {line}{warning}"
