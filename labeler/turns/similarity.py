"""How alike a call is to a gold call, and how calls are matched to gold calls (MatchTIR).

    sim = 0 where the names differ, without case; else
          (1 + J(names of arguments) + number of gold arguments with the same value) / (2 + |gold|)
    J   = overlap / (n1 + n2 - overlap) of the two lists of names, 1 where both are equal

Arguments are compared as JSON: type, then value, all the way down; 1 and 1.0 are one number, as
they are in JSON, "5" and 5 are not, true and 1 are not. Arguments that are JSON text inside JSON
are read. What is no JSON object has no arguments, and is like no gold call that has some.

Matchings, one gold call per call, pairs of similarity 0 never: `assigned` is the best one there is
(scipy), `greedy` takes pairs by falling similarity, as the released code does under the name of
Hungarian; `transported` is soft, by Sinkhorn's iterations with uniform marginals, cost -sim and
regularisation 0.1, and gives a call the sum of T * sim.
Source: MatchTIR (arXiv 2601.10712), github.com/quchangle1/MatchTIR, reward_score/tool.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labeler.records import Call

if TYPE_CHECKING:
    import numpy as np

REGULARISATION = 0.1
SINKHORN_ROUNDS = 1000
SINKHORN_TOLERANCE = 1e-9

Match = tuple[int | None, ...]
"""For each call the index of its gold call, None where it has none."""


def arguments_of(call: Call) -> Mapping[str, Any] | None:
    """The arguments as JSON values; None for what is no JSON object."""
    value: Any = call.arguments
    for _ in range(2):  # JSON inside JSON, once
        if isinstance(value, str):
            try:
                value = json.loads(value) if value.strip() else {}
            except (ValueError, RecursionError):
                return None
    return value if isinstance(value, Mapping) else None


def same_json(one: Any, other: Any) -> bool:
    """Whether two JSON values are one: by type, then by value."""
    if isinstance(one, bool) or isinstance(other, bool):
        return isinstance(one, bool) and isinstance(other, bool) and one == other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same_json(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    return bool(one == other)


def similarity(call: Call, gold: Call) -> float:
    """sim of a call with a gold call, in [0, 1]."""
    if call.name.lower() != gold.name.lower():
        return 0.0
    given, wanted = arguments_of(call), arguments_of(gold) or {}
    mine = list(given or {})
    equal = sum(k in (given or {}) and same_json((given or {})[k], wanted[k]) for k in wanted)
    names = 0.0 if given is None else _overlap(mine, list(wanted))
    return (1 + names + equal) / (2 + len(wanted))


def _overlap(one: Sequence[str], other: Sequence[str]) -> float:
    if sorted(one) == sorted(other):
        return 1.0
    common = len(set(one) & set(other))
    return common / (len(one) + len(other) - common)


def similarities(calls: Sequence[Call], golds: Sequence[Call]) -> np.ndarray:
    """One row per call, one column per gold call."""
    import numpy as np

    table = [[similarity(call, gold) for gold in golds] for call in calls]
    return np.array(table, float).reshape(len(calls), len(golds))


def assigned(sims: np.ndarray) -> Match:
    """The matching with the greatest sum of similarities; of equal calls the first are matched."""
    from scipy.optimize import linear_sum_assignment

    found: list[int | None] = [None] * len(sims)
    for row, column in zip(*linear_sum_assignment(sims, maximize=True), strict=True):
        if sims[row, column] > 0:
            found[int(row)] = int(column)
    alike: dict[tuple[float, ...], list[int]] = {}
    for row, values in enumerate(sims.tolist()):
        alike.setdefault(tuple(values), []).append(row)
    for rows in alike.values():
        # A call that is made again is the redundant one, not the first of its kind.
        columns = [found[row] for row in rows if found[row] is not None]
        for place, row in enumerate(rows):
            found[row] = columns[place] if place < len(columns) else None
    return tuple(found)


def greedy(sims: np.ndarray) -> Match:
    """Pairs by falling similarity, each call and gold call once; ties in the order of the calls."""
    n_calls, n_golds = sims.shape
    found: list[int | None] = [None] * n_calls
    pairs = [(i, j) for i in range(n_calls) for j in range(n_golds) if sims[i, j] > 0]
    taken: set[int] = set()
    for i, j in sorted(pairs, key=lambda pair: -sims[pair]):
        if found[i] is None and j not in taken:
            found[i] = j
            taken.add(j)
    return tuple(found)


def transported(sims: np.ndarray) -> list[float]:
    """The reward of each call under optimal transport: at most one over the number of calls."""
    import numpy as np
    from scipy.special import logsumexp

    n_calls, n_golds = sims.shape
    if not n_calls or not n_golds:
        return [0.0] * n_calls
    # Potentials in logarithms: exp(sim / 0.1) alone spans five orders of magnitude.
    scaled = sims / REGULARISATION
    rows, columns = np.full(n_calls, -np.log(n_calls)), np.full(n_golds, -np.log(n_golds))
    f, g = np.zeros(n_calls), np.zeros(n_golds)
    for _ in range(SINKHORN_ROUNDS):
        f = rows - logsumexp(scaled + g, axis=1)
        g = columns - logsumexp(scaled + f[:, None], axis=0)
        plan = np.exp(scaled + f[:, None] + g)
        if np.abs(plan.sum(axis=1) - 1 / n_calls).max() < SINKHORN_TOLERANCE:
            break
    rewards: list[float] = (plan * sims).sum(axis=1).tolist()
    return rewards
