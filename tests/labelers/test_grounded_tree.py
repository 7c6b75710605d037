"""The tree of GroundedPRM's search: its arithmetic by hand, and what holds for every tree."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.driver.requests import CheckResult, Completion
from labeler.labelers.base import Rollout
from labeler.labelers.grounded_search.search_tree import Node, back_up, fused_value, select, uct
from labeler.records import Verdict

ROLLOUT = Rollout(Completion("", 0, "stop"), CheckResult(Verdict.CORRECT))


@pytest.mark.parametrize(
    ("verdicts", "outcome", "value"),
    [
        ((), 1, 1.0),
        ((), -1, -1.0),
        ((1,), 1, 2.0),
        ((1, 1), -1, (1 + 1 / 2) / 2 - 1 / 2),
        ((1, 1, 1, 1), -1, 0.375),
        ((-1, 1, 1, 1), 1, (-1 + 3 / 4 + 2 / 4 + 1 / 4) / 4 + 1 / 4),
        ((0, 1), 1, (1 / 2) / 2 + 1 / 2),
    ],
)
def test_the_fused_value_by_hand(verdicts, outcome, value):
    assert fused_value(verdicts, outcome) == pytest.approx(value, abs=1e-12)


@given(st.lists(st.sampled_from([-1, 0, 1]), max_size=30), st.sampled_from([-1, 1]))
def test_a_better_verdict_or_outcome_is_never_worth_less(verdicts, outcome):
    value = fused_value(verdicts, outcome)
    assert abs(value) <= 2
    assert fused_value([-v for v in verdicts], -outcome) == pytest.approx(-value)
    for i, v in enumerate(verdicts):
        better = [*verdicts[:i], min(1, v + 1), *verdicts[i + 1 :]]
        assert fused_value(better, outcome) >= value
    assert fused_value(verdicts, 1) >= value


def tree(*children):
    """A root with children of (value, visits)."""
    root = Node((), is_expanded=True)
    for i, (value, visits) in enumerate(children):
        root.children.append(Node((str(i),), root, value=value, visits=visits))
    root.visits = sum(visits for _, visits in children)
    root.value = sum(value for value, _ in children)
    return root


def test_an_ancestor_gets_less_the_further_it_is():
    root = Node(())
    child = Node(("a",), root)
    leaf = Node(("a", "b"), child)
    back_up(leaf, ROLLOUT, 2.0, 0.9)
    back_up(child, ROLLOUT, -1.0, 0.9)
    assert [(n.visits, len(n.rollouts)) for n in (leaf, child, root)] == [(1, 1), (2, 2), (2, 2)]
    assert [n.q for n in (leaf, child, root)] == [
        pytest.approx(2.0), pytest.approx((1.8 - 1) / 2), pytest.approx((1.62 - 0.9) / 2),
    ]  # fmt: skip


def test_uct_by_hand():
    root = tree((1.0, 2), (3.0, 8))
    first, second = root.children
    assert uct(first, root, 1.8) == pytest.approx(0.5 + 1.8 * math.sqrt(math.log(10) / 2))
    assert uct(second, root, 1.8) == pytest.approx(0.375 + 1.8 * math.sqrt(math.log(10) / 8))


def test_selection_weighs_value_against_visits():
    assert select(tree((1.0, 2), (6.0, 8)), exploration=0.0).prefix == ("1",)
    assert select(tree((1.0, 2), (6.0, 8)), exploration=1.8).prefix == ("0",)
    assert select(tree((9.0, 9), (0.0, 0)), exploration=0.0).prefix == ("1",)


def test_selection_goes_down_to_a_state_that_is_open():
    root = tree((5.0, 5), (1.0, 5))
    best = root.children[0]
    best.is_expanded = True
    best.children = [
        Node(("0", "a"), best, value=3.0, visits=3, is_terminal=True),
        Node(("0", "b"), best, value=1.0, visits=2),
    ]
    assert select(root, 0.0).prefix == ("0", "b")
    best.children[1].is_terminal = True
    assert best.is_closed
    assert select(root, 0.0).prefix == ("1",)


def test_what_rounding_leaves_has_no_sign():
    node = Node(())
    for value in (0.1, 0.2, -0.3):
        back_up(node, ROLLOUT, value, 0.9)
    assert (sum([0.1, 0.2, -0.3]) != 0, node.q) == (True, 0.0)
