"""Which labels of a dataset are stale: made by something else than they would be made by now.

Every run lists beside the dataset what it made labels with, one version hash per part (policy with
its prompt, each labeler). A problem whose hashes are not those of now is stale. Does not cover what
the hashes are (`labeler.wiring.versions`) or labelling again (`flows.refresh`). New problems are
left to `new_problems`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labeler.dataset.ledger import content_sha, labelled, void_rows
from labeler.dataset.reader import open_dataset
from labeler.dataset.storage import Location
from labeler.dataset.withdraw import withdraw
from labeler.records import Problem

ANSWERS = "answers"
"""The part that says how answers were read and compared; older datasets do not record it."""


@dataclass(frozen=True, slots=True)
class Staleness:
    """What is stale, why (problems by changed part), and what relabelling may cost.

    Costs are the mean per problem of all runs so far, times the stale problems; replies that the
    journal still holds make it less.
    """

    problems: tuple[Problem, ...]
    n_known: int
    by_part: Mapping[str, int]
    cost: Mapping[str, float]
    n_unrecorded: int = 0
    """Problems that are not stale, as far as is known: how their answers were read is not."""

    def rows(self) -> list[dict[str, Any]]:
        """As a table of what and how much."""
        facts: dict[str, Any] = {
            "problems to relabel": f"{len(self.problems)} of {self.n_known}",
            **{f"stale by {part}": n for part, n in self.by_part.items()},
            **({"answers read by rules of then": self.n_unrecorded} if self.n_unrecorded else {}),
            **{f"at most about, {name}": round(value) for name, value in self.cost.items()},
        }
        return [{"what": name, "value": value} for name, value in facts.items()]


def find_stale(
    problems: Sequence[Problem],
    now: Mapping[str, str],
    out: Location,
    earlier: Mapping[str, frozenset[str]] | None = None,
) -> Staleness:
    """Compares what the labels of `problems` were made by with `now`: version hash by part.

    `earlier`: other forms that the hash of a part had for the very same labels.
    """
    forms = {part: {sha, *(earlier or {}).get(part, ())} for part, sha in now.items()}
    known = labelled(out)
    reasons: Counter[str] = Counter()
    stale = []
    n_known = n_unrecorded = 0
    for problem in problems:
        made = known.get(content_sha(problem))
        if made is None:
            continue
        n_known += 1
        is_told = ANSWERS in made.made_by or ANSWERS not in now or not made.made_by
        compared = [part for part in now if is_told or part != ANSWERS]
        changed = sorted(part for part in compared if made.made_by.get(part) not in forms[part])
        if changed:
            stale.append(problem)
            reasons.update(changed if made.made_by else ["unknown origin"])
        else:
            n_unrecorded += not is_told
    cost = _cost(out, len(stale))
    return Staleness(tuple(stale), n_known, dict(reasons), cost, n_unrecorded)


def _cost(out: Location, n_problems: int) -> dict[str, float]:
    """Mean cost per problem of the runs so far, times `n_problems`."""
    infos = [entry.info for entry in open_dataset(out).versions() if entry.info is not None]
    labelled_ones = sum(info.counts.get("problems", 0) for info in infos)
    if not labelled_ones:
        return {}
    totals = {name: sum(info.cost.get(name, 0) for info in infos) for name in
              ("calls", "samples", "prompt_tokens", "completion_tokens")}  # fmt: skip
    return {name: total / labelled_ones * n_problems for name, total in totals.items()}


def withdraw_replaced(out: Location) -> int | None:
    """Takes out what a refresh replaced, now or one that died before it came to this.

    The version without it; None where nothing was replaced.
    """
    void = void_rows(out)
    return withdraw(out, void) if void else None
