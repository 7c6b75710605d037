"""The Protocol of an answer checker: three-valued, and it never hangs and never raises on input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from labeler.driver.requests import Check, CheckResult


class Checker(Protocol):
    """Decides whether answers equal gold answers; a batch in, a batch of the same length out."""

    @property
    def fingerprint(self) -> str:
        """Name and version of the rules; part of journal keys."""
        ...

    async def check(self, batch: Sequence[Check]) -> list[CheckResult]: ...

    async def aclose(self) -> None:
        """Ends worker processes; may be called twice."""
        ...
