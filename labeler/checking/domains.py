"""One checker for all domains: each check goes to the checker of its problem's domain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from labeler.checking.base import Checker
from labeler.driver.requests import Check, CheckResult


class DomainChecker:
    """`by_domain` may name few domains; `otherwise` decides the rest. Owns all of them."""

    def __init__(self, by_domain: Mapping[str, Checker], otherwise: Checker) -> None:
        self._by_domain = dict(by_domain)
        self._otherwise = otherwise

    @property
    def fingerprint(self) -> str:
        """Of every part, for a batch may hold all domains."""
        parts = [f"{name}:{one.fingerprint}" for name, one in sorted(self._by_domain.items())]
        return ";".join([*parts, self._otherwise.fingerprint])

    async def check(self, batch: Sequence[Check]) -> list[CheckResult]:
        places: dict[str, list[int]] = defaultdict(list)
        for place, check in enumerate(batch):
            places[check.problem.domain].append(place)
        found: dict[int, CheckResult] = {}
        for domain, own in places.items():
            checker = self._by_domain.get(domain, self._otherwise)
            replies = await checker.check([batch[place] for place in own])
            found |= dict(zip(own, replies, strict=True))
        return [found[place] for place in range(len(batch))]

    async def aclose(self) -> None:
        for checker in (*self._by_domain.values(), self._otherwise):
            await checker.aclose()
