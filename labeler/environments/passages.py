"""Passages as a search shows them: one a line, `[title] text`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import Field

from labeler.settings import Strict

NOTHING = "No passage matches."
DESCRIPTION = "Searches a collection of passages and gives those that match the query best."


class SearchArguments(Strict):
    """What a search takes."""

    query: str = Field(description="What to look for, in a few words.")


@dataclass(frozen=True, slots=True)
class Passage:
    """One passage; `title` may be empty."""

    title: str
    text: str

    @property
    def line(self) -> str:
        """As it is shown: line breaks are spaces, so that a line is a passage."""
        text = " ".join(self.text.split())
        return f"[{' '.join(self.title.split())}] {text}" if self.title.strip() else text


def shown(found: Iterable[Passage]) -> str:
    """What the policy reads of what was found, the best first."""
    return "\n".join(passage.line for passage in found) or NOTHING
