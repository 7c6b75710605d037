"""Shapes that pages draw: the strip of a solution's steps, the colour of a value, a tree.

Sizes are in pixels. Colours are classes of `view.css`, for a page may carry no inline style; every
colour comes with a sign of its own, so none must be told apart by its hue.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from labeler.records import LabeledSolution
from labeler.view.prefix_tree import Node, Tree

GLYPHS = {1: "✓", 0: "○", -1: "✗", None: "?"}
KINDS = {"+": "right", "o": "neutral", "x": "wrong", "?": "open"}
MOST_MARKS = 40

STEP_WIDTH, LINE_HEIGHT, MARGIN = 90, 26, 16
WIDEST = 900


def marks(text: str) -> list[tuple[int, str]]:
    """Position and class of each step in a strip; `text` as in the index, one sign per step."""
    return [(9 * i, KINDS[sign]) for i, sign in enumerate(text[:MOST_MARKS])]


def place_name(first_error: int | None) -> str:
    """A first error in words, steps counted from 1 as on the page."""
    if first_error is None:
        return "undecided"
    return "no error" if first_error == -1 else f"error in step {first_error + 1}"


def value_class(value: float | None) -> str:
    """One of eleven colours from dead (v0) to always right (v10); `vnone` where nobody looked."""
    return "vnone" if value is None else f"v{round(10 * value)}"


@dataclass(frozen=True, slots=True)
class Dot:
    """A node as drawn. `name` says what it is when pointed at, `indent` its place in the outline.

    `forks` tells that its parent has other children, `edge` is the path from it; `ends` are the
    solutions that end here.
    """

    x: float
    y: float
    radius: float
    kind: str
    name: str
    edge: str
    indent: int
    forks: bool
    node: Node
    ends: tuple[tuple[int, LabeledSolution], ...]


@dataclass(frozen=True, slots=True)
class TreeShape:
    """A whole drawing and its size."""

    width: float
    height: float
    dots: tuple[Dot, ...]


def tree_shape(tree: Tree, rows: Mapping[int, LabeledSolution]) -> TreeShape:
    """Places every node: depth goes right, leaves go down."""
    dx = min(STEP_WIDTH, WIDEST / max(1, tree.depth))
    dots = tuple(_dots(tree, rows, dx))
    # Room on the right for the answers.
    return TreeShape(
        2 * MARGIN + dx * tree.depth + 170, 2 * MARGIN + LINE_HEIGHT * (tree.n_leaves - 1), dots
    )


def _dots(tree: Tree, rows: Mapping[int, LabeledSolution], dx: float) -> Iterator[Dot]:
    indents: dict[int, int] = {id(tree.root): 0}
    for parent, node in tree.nodes():
        x, y = MARGIN + dx * node.depth, MARGIN + LINE_HEIGHT * node.line
        edge, parts = "", False
        if parent is not None:
            # The outline goes in only where ways part, else long solutions would run off the page.
            parts = len(parent.children) > 1
            indents[id(node)] = indents[id(parent)] + parts
            x0, y0 = MARGIN + dx * parent.depth, MARGIN + LINE_HEIGHT * parent.line
            middle = (x0 + x) / 2
            edge = f"M{x0:.1f} {y0:.1f}C{middle:.1f} {y0:.1f} {middle:.1f} {y:.1f} {x:.1f} {y:.1f}"
        ends = tuple((number, rows[number]) for number in node.ends)
        radius = 4 + 4 * (node.n_through / tree.root.n_through) ** 0.5
        kind = value_class(node.value)
        yield Dot(x, y, radius, kind, _name(node), edge, indents[id(node)], parts, node, ends)


def _name(node: Node) -> str:
    text = "the problem" if node.step is None else node.step.text.strip()
    said = f"{node.n_correct} of {node.n} rollouts right" if node.n else "no rollouts"
    return f"{text}\n{said}; {node.n_through} solutions pass here"
