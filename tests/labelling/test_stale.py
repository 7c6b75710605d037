"""Which labels were made by something else than they would be made by now."""

import asyncio

import pytest

from labeler.dataset.ledger import note_problems
from labeler.labelling.run import LabellingRun, run_plainly
from labeler.labelling.stale import Staleness, find_stale, withdraw_replaced
from labeler.records import Problem
from tests.noisy_policy import parts

MADE_BY = {"policy": "p1", "judge": "j1"}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """A dataset, its problems, which `MADE_BY` made, and its mean cost per problem."""
    out = tmp_path_factory.mktemp("labelled") / "out"
    run = LabellingRun(parts(), out, False, lambda progress: None)
    cost = asyncio.run(run_plainly(run)).cost
    note_problems(out, run.run_id, run.parts.problems, MADE_BY)
    names = ("calls", "samples", "prompt_tokens", "completion_tokens")
    each = {name: sum(getattr(one, name) for one in cost.values()) / 24 for name in names}
    return out, list(run.parts.problems), each


NOTHING = {"calls": 0, "samples": 0, "prompt_tokens": 0, "completion_tokens": 0}


def test_the_same_hashes_are_0_stale(dataset):
    out, problems, _ = dataset
    assert find_stale(problems, MADE_BY, out) == Staleness((), 24, {}, NOTHING)


def test_a_changed_or_added_part_makes_stale_and_a_part_that_went_does_not(dataset):
    out, problems, each = dataset
    cost = {name: pytest.approx(24 * value) for name, value in each.items()}
    now = {"policy": "p1", "judge": "j2", "monte_carlo": "m1"}
    by_part = {"judge": 24, "monte_carlo": 24}
    assert find_stale(problems, now, out) == Staleness(tuple(problems), 24, by_part, cost)
    assert find_stale(problems, {"policy": "p1"}, out).problems == ()


def test_only_problems_of_the_source_that_were_labelled_count(dataset):
    out, problems, each = dataset
    cost = {name: pytest.approx(2 * value) for name, value in each.items()}
    some = [*problems[:2], Problem("new", "math", "1 + 1?", "2")]
    found = find_stale(some, {"policy": "p2"}, out)
    assert found == Staleness(tuple(problems[:2]), 2, {"policy": 2}, cost)


def test_without_a_list_of_what_made_them_labels_are_of_unknown_origin(tmp_path):
    run = LabellingRun(parts(), tmp_path / "out", False, lambda progress: None)
    asyncio.run(run_plainly(run))
    found = find_stale(run.parts.problems, MADE_BY, run.out)
    assert found.by_part == {"unknown origin": len(found.problems)}
    assert withdraw_replaced(run.out) is None


def test_as_a_table():
    rows = Staleness((), 3, {"judge": 2}, {"calls": 10.4}).rows()
    assert rows == [
        {"what": "problems to relabel", "value": "0 of 3"},
        {"what": "stale by judge", "value": 2},
        {"what": "at most about, calls", "value": 10},
    ]
