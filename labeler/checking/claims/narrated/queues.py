"""Queues and stacks: `push 4 -> stack: [1, 4]`, `dequeue: queue is now [2, 3]`.

Each narrated state is compared with the one narrated before it and the operation between them; the
end that a list grows at is known only after it has shown itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from labeler.checking.claims.decide import Link
from labeler.checking.claims.narrated.base import listed, verdict

_OPERATION = re.compile(
    r"\b(enqueue|push|dequeue|pop)(?:s|es|ed|ing|d|ped|"
    r"ping)?\b(?:\s*\(?\s*[\"'`]?([A-Za-z0-9]+)[\"'`]?\s*\)?)?",
    re.IGNORECASE,
)
_STATE = re.compile(
    r"\b(queue|stack)\b(?: is| now| becomes| contains| state|:|=| )+(\[[^\[\]]{0,300}\]|empty)",
    re.IGNORECASE,
)
_NOT_ITEMS = frozenset(
    {
        "the",
        "a",
        "an",
        "it",
        "from",
        "onto",
        "to",
        "off",
        "operation",
        "and",
        "we",
        "on",
        "operations",
    }
)


def queues(problem: str, steps: Sequence[str]) -> Iterator[tuple[int, Link]]:
    """The queues and stacks that the steps narrate."""
    del problem
    state: list[str] | None = None
    back = True  # whether the list is written with its newest item last
    kind = ""
    for at, step in enumerate(steps):
        for line in step.split("\n"):
            told = _STATE.search(line)
            operations = list(_OPERATION.finditer(line[: told.start()] if told else line))
            if told is None:
                state = None if operations else state
                continue
            now = [] if told[2].lower() == "empty" else listed(told[2])
            what = told[1].lower()
            if state is not None and len(operations) == 1 and kind in {"", what}:
                name, item = operations[0][1].lower(), (operations[0][2] or "").lower()
                item = "" if item in _NOT_ITEMS else item
                due, back = _after(state, name, item, what, now, back=back)
                if due is not None:
                    yield at, verdict(told[0], due, now)
            elif len(operations) > 1:
                state = None
                continue
            state, kind = now, what


def _after(
    state: list[str], name: str, item: str, what: str, now: list[str], *, back: bool
) -> tuple[list[str] | None, bool]:
    """The state after one operation, and at which end new items stand; None if not decided."""
    if name in {"push", "enqueue"}:
        if not item:
            return None, back
        if now == [item, *state] != [*state, item]:
            back = False
        return ([*state, item] if back else [item, *state]), back
    if not state:
        return None, back
    newest_goes = what == "stack"
    last = newest_goes == back
    return (state[:-1] if last else state[1:]), back
