"""The tree of GroundedPRM's search: selection by UCT, the fused value of a rollout, its backup.

    UCT(a) = Q(a) + c sqrt(ln N(s) / N(a))              Q = value / visits
    V      = 1/N sum_{i<N} v_i (N - i)/N + F/N           V = F where N = 0

v_i in {+1, 0, -1} are the verdicts on the N steps of a rollout between its first and its last, F is
+1 or -1 by the answer. The rollout's first step gets V, an ancestor at distance d gets 0.9^d V.
The released code's arithmetic; the paper's equation was not to be had. What follows from it: the
outcome fades with the length of a rollout, and its early steps weigh most (four right verdicts with
a wrong answer still give +0.375).
The released code draws a random child of the root; its UCT routine is never called. Here it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from labeler.labelers.base import Rollout

FLOOR = 1e-12
"""Sums that are smaller are 0: what is left of rounding has no sign."""


@dataclass(slots=True)
class Node:
    """A state of the search; `rollouts` are those that passed through it and were decided."""

    prefix: tuple[str, ...]
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)
    rollouts: list[Rollout] = field(default_factory=list)
    value: float = 0.0
    visits: int = 0
    is_expanded: bool = False
    is_terminal: bool = False

    @property
    def q(self) -> float | None:
        """The mean fused value; None before the first rollout that was decided."""
        if not self.visits:
            return None
        mean = self.value / self.visits
        return 0.0 if abs(mean) < FLOOR else mean

    @property
    def is_closed(self) -> bool:
        """Nothing is left to expand at or below it."""
        return self.is_terminal or (self.is_expanded and all(c.is_closed for c in self.children))


def select(root: Node, exploration: float) -> Node:
    """The state to expand next: down from an open root, by the largest UCT; the first of equals."""
    node = root
    while node.is_expanded:
        parent = node
        node = max(
            (child for child in parent.children if not child.is_closed),
            key=lambda child: uct(child, parent, exploration),
        )
    return node


def uct(child: Node, parent: Node, exploration: float) -> float:
    """Infinite for a state that has no decided rollout yet."""
    if child.q is None:
        return math.inf
    return child.q + exploration * math.sqrt(math.log(parent.visits) / child.visits)


def fused_value(verdicts: Sequence[int], outcome: int) -> float:
    """V of a rollout: `verdicts` on its steps between the first and the last, `outcome` F."""
    n = len(verdicts)
    if not n:
        return float(outcome)
    return sum(v * (n - i) / n for i, v in enumerate(verdicts)) / n + outcome / n


def back_up(start: Node, rollout: Rollout, value: float, discount: float) -> None:
    """Adds a decided rollout to the state it began with and to all above."""
    node: Node | None = start
    while node is not None:
        node.value += value
        node.visits += 1
        node.rollouts.append(rollout)
        value *= discount
        node = node.parent
