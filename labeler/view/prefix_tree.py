"""The trie of a problem: every prefix of its solutions once, with what is known of it.

Value is the share of right rollouts from a prefix, all value evidence together; a step that nobody
sampled from has none. The shape is laid out here (leaves one below the other, a parent at the
middle of its children), drawn by the page. Source: OmegaPRM (arXiv 2406.06592), figure 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from labeler.records import Asks, LabeledSolution, LabeledStep, Verdict


@dataclass(slots=True)
class Node:
    """A prefix: its last step, its rollouts, the rows that pass through it and those that end.

    `depth` counts steps from 1 (0: the problem itself); `line` is its vertical place in leaves.
    """

    step: LabeledStep | None
    depth: int
    n: int = 0
    n_correct: int = 0
    n_through: int = 0
    ends: list[int] = field(default_factory=list)
    children: dict[str, Node] = field(default_factory=dict)
    line: float = 0.0

    @property
    def value(self) -> float | None:
        return self.n_correct / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Tree:
    """The root, the number of leaves and the largest depth."""

    root: Node
    n_leaves: int
    depth: int

    def nodes(self) -> Iterator[tuple[Node | None, Node]]:
        """Every node with its parent, parents first, depth first."""
        stack: list[tuple[Node | None, Node]] = [(None, self.root)]
        while stack:
            parent, node = stack.pop()
            yield parent, node
            stack += [(node, child) for child in reversed(node.children.values())]


def tree_of(rows: Sequence[tuple[int, LabeledSolution]]) -> Tree:
    """The trie of solutions of one problem, given with their row numbers."""
    root = Node(None, 0)
    for number, row in rows:
        node = root
        node.n_through += 1
        for depth, step in enumerate(row.steps, 1):
            if step.prefix_id not in node.children:
                node.children[step.prefix_id] = _node(step, depth)
            node = node.children[step.prefix_id]
            node.n_through += 1
        node.ends.append(number)
    tree = Tree(root, 0, 0)
    order = [node for _, node in tree.nodes()]
    n_leaves = 0
    for node in order:
        if not node.children:
            node.line = float(n_leaves)
            n_leaves += 1
    for node in reversed(order):
        if node.children:
            lines = [child.line for child in node.children.values()]
            node.line = (lines[0] + lines[-1]) / 2
    return Tree(root, n_leaves, max(node.depth for node in order))


def _node(step: LabeledStep, depth: int) -> Node:
    said = [e for e in step.evidence if e.asks is Asks.VALUE and e.verdict is not Verdict.UNKNOWN]
    return Node(step, depth, sum(e.n for e in said), sum(e.n_correct for e in said))
