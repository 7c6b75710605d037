"""Where a kind of request goes, and how much is liked there at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from labeler.driver.requests import Act, Classify, OfModel, Reply, Request, Sample, Score

OF_MODEL = (Sample, Score, Classify)
"""As `OfModel`; of every request it is asked, and of a tuple the answer comes sooner."""

Address = tuple[type[Request], str]
"""A kind of request, and which model or environment it is for ("" where it is for none)."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where one kind of request goes."""

    fingerprint: str
    answer: Callable[[Any], Awaitable[Sequence[Reply]]]
    """Takes a list of that kind of request; gives as many replies in the same order."""
    rows_per_batch: int
    concurrency: int
    oversubscription: int = 1
    """How many times `rows_per_batch` a batch may hold where more waits than all calls can take."""


def in_group(request: OfModel, group: str) -> OfModel:
    """The same request, said to belong to a group."""
    made_as: Callable[..., OfModel] = type(request)
    return made_as(*_BEFORE_GROUP[type(request)](request), group)


_BEFORE_GROUP = {
    kind: attrgetter(*[field.name for field in fields(kind)][:-1]) for kind in OF_MODEL
}
"""All that these requests say, but the group, which they say last: `replace` takes twice as long,
and every request goes this way.
"""


def address(request: Request) -> Address:
    """Where a request goes."""
    if isinstance(request, OF_MODEL):
        return type(request), request.model
    return type(request), request.environment if isinstance(request, Act) else ""
