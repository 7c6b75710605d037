"""The search tree of a problem: its prefixes once, their values, and where they are drawn."""

from __future__ import annotations

import pytest

from labeler.records import Verdict
from labeler.view.prefix_tree import tree_of
from labeler.view.shapes import TreeShape, place_name, tree_shape, value_class
from tests.view.made import BEADS, DOUBTED, RIGHT, solution


def test_solutions_share_their_common_prefixes() -> None:
    tree = tree_of([(4, RIGHT), (7, DOUBTED)])
    found = [
        (node.depth, node.step.text if node.step else "", node.n_through, node.value, node.ends)
        for _, node in tree.nodes()
    ]
    assert found == [
        (0, "", 2, None, []),
        (1, "2 + 3 = 5.\n", 2, 7 / 8, []),
        (2, "Answer: 5", 1, None, [4]),
        (2, "5 + 1 = 6.\n", 1, 0.0, []),
        (3, "Answer: 6", 1, None, [7]),
    ]
    assert (tree.n_leaves, tree.depth) == (2, 3)


def test_rollouts_of_all_labelers_are_one_value_and_judges_have_no_say() -> None:
    steps = [("so 5", 1, None, [("a", 1, 4), ("b", 5, 8), ("judge", 0, 1)])]
    tree = tree_of([(0, solution(BEADS, "s", steps, Verdict.CORRECT, -1))])
    [child] = tree.root.children.values()
    assert (child.n_correct, child.n) == (6, 12)


def test_leaves_lie_one_below_the_other_and_parents_between_their_children() -> None:
    shape = shape_of()
    assert [(dot.x, dot.y) for dot in shape.dots] == [
        (16, 29), (106, 29), (196, 16), (196, 42), (286, 42),
    ]  # fmt: skip
    assert [(dot.indent, dot.forks) for dot in shape.dots] == [
        (0, False), (0, False), (1, True), (1, True), (1, False),
    ]  # fmt: skip
    assert [bool(dot.edge) for dot in shape.dots] == [False, True, True, True, True]


def shape_of() -> TreeShape:
    rows = {0: RIGHT, 1: DOUBTED}
    return tree_shape(tree_of([*rows.items()]), rows)


def test_a_deep_tree_fits_the_page() -> None:
    steps = [(f"{i}\n", 1, None, []) for i in range(300)]
    deep = solution(BEADS, "deep", steps, Verdict.CORRECT, -1)
    assert tree_shape(tree_of([(0, deep)]), {0: deep}).width < 1150


@pytest.mark.parametrize(
    ("value", "name"), [(None, "vnone"), (0.0, "v0"), (0.125, "v1"), (0.5, "v5"), (1.0, "v10")]
)
def test_values_have_colours(value: float | None, name: str) -> None:
    assert value_class(value) == name


def test_places_in_words_count_from_one() -> None:
    assert [place_name(place) for place in (None, -1, 0, 4)] == [
        "undecided", "no error", "error in step 1", "error in step 5",
    ]  # fmt: skip
