"""Problems that the policy cannot solve from anywhere: rollouts on them say nothing."""

from dataclasses import replace

import numpy as np
import pytest

from labeler.consensus.base import fitted
from labeler.consensus.fusion import Fusion
from labeler.consensus.label import recompute_solution
from labeler.consensus.posterior import Posterior
from labeler.records import Verdict
from tests.consensus.simulation import HAZARD, ece, simulate
from tests.consensus.talk import solution, steps

RULES = [Posterior(), Fusion()]


def kept_wrong(rule, data):
    """(labels "wrong", how many of them stand where the first error is)."""
    rows = [(recompute_solution(row, rule), truth) for row, truth in data]
    places = [(row.first_error, truth) for row, truth in rows if (row.first_error or 0) > -1]
    places = [(place, truth) for place, truth in places if place is not None]
    return len(places), sum(place == truth for place, truth in places)


def share(rule):
    return rule.report()["hopeless"]["share"]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("hopeless", [0.0, 0.1, 0.4, 0.9])
def test_learns_the_share_of_hopeless_problems_from_rollouts_alone(rule, hopeless):
    """Where the first step is wrong nothing succeeds either: these may count as hopeless."""
    data = simulate(400, judges=(), hopeless=hopeless)
    learned = share(fitted(rule, [row for row, _ in data]))
    assert hopeless - 0.06 < learned < hopeless + (1 - hopeless) * HAZARD + 0.05


@pytest.mark.parametrize("rule", RULES)
def test_rollouts_alone_label_nothing_where_nothing_succeeds(rule):
    data = simulate(300, judges=(), hopeless=1.0)
    ready = fitted(rule, [row for row, _ in data])
    rows = [recompute_solution(row, ready) for row, _ in data]
    assert {s.label for row in rows for s in row.steps} == {None}
    assert {s.probability for row in rows for s in row.steps} == {None}
    assert {row.consensus.reason.partition(" (")[0] for row in rows} == {
        "the policy cannot solve this problem"
    }


@pytest.mark.parametrize("rule", RULES)
def test_in_a_mixed_run_what_is_called_wrong_is_wrong(rule):
    data = simulate(600, judges=(), hopeless=0.5)
    n, right = kept_wrong(fitted(rule, [row for row, _ in data]), data)
    assert n > 30
    assert right / n > 0.8


def test_judges_decide_hopeless_problems_and_probabilities_keep_their_promise():
    data = simulate(600, hopeless=0.5)
    rule = Fusion().fit(row for row, _ in data)
    hopeless = data[:300]
    n, right = kept_wrong(rule, hopeless)
    assert n > 150
    assert right / n > 0.9
    pairs = []
    for row, truth in hopeless:
        found = rule.first_error_posterior(row.solution, [s.evidence for s in row.steps])
        p_right = np.clip(1 - np.cumsum(found[:-1]), 0, 1)
        pairs += [(p, t < truth) for t, p in enumerate(p_right)]
    assert ece(*zip(*pairs, strict=True)) < 0.05


@pytest.mark.parametrize("rule", RULES)
def test_a_problem_is_hopeless_as_a_whole(rule):
    """A solution whose rollouts all failed, beside one that failed and beside one that did not."""

    def moved(row):
        return replace(row, solution=replace(row.solution, problem_id="p"))

    data = [row for row, _ in simulate(200, judges=(), hopeless=0.1)]
    lost, failed = data[:2]
    solved = next(row for row in data if row.solution.outcome is Verdict.CORRECT)
    reasons = []
    for mate in (failed, solved):
        ready = fitted(rule, [*data[2:], moved(lost), moved(mate)])
        reason = recompute_solution(moved(lost), ready).consensus.reason
        reasons.append(reason.startswith("the policy cannot solve this problem"))
    assert reasons == [True, False]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("n_steps", [3, 4, 6, 9])
def test_unfitted_a_rule_leaves_open_where_nothing_succeeded(rule, n_steps):
    zeros = steps(("monte_carlo@tiny", [*[(8, 0)] * (n_steps - 1), None]))
    decision = rule.decide(solution(n_steps, Verdict.WRONG), zeros)
    assert decision.first_error is None
    assert set(decision.labels) == {None}


@pytest.mark.parametrize("rule", RULES)
def test_unfitted_one_healthy_prefix_is_enough(rule):
    counts = [(8, 7), (8, 0), (8, 0), (8, 0), None]
    decision = rule.decide(solution(5, Verdict.WRONG), steps(("monte_carlo@tiny", counts)))
    assert decision.first_error == 1


@pytest.mark.parametrize("rule", RULES)
def test_a_lucky_rollout_does_not_make_a_problem_solvable(rule):
    data = [row for row, _ in simulate(200, judges=(), hopeless=1.0)]
    ready = fitted(rule, data)
    counts = [(8, 0), (8, 0), (8, 1), (8, 0), (8, 0), (8, 0), None]
    lucky = solution(7, Verdict.WRONG)
    decision = ready.decide(replace(lucky, problem_id="new"), steps(("monte_carlo@tiny", counts)))
    assert set(decision.labels) == {None}


def test_without_rollouts_no_problem_is_hopeless():
    data = simulate(100, monte_carlo=False, hopeless=0.5)
    assert Fusion().fit(row for row, _ in data).report()["hopeless"]["n_problems"] == 0
