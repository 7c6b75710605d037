"""Fusion learns what scores without a verdict are worth; what says nothing is silent."""

import random
from dataclasses import replace

import pytest

from labeler.consensus.emission import edges_of
from labeler.consensus.fusion import Fusion
from labeler.consensus.posterior import Posterior
from labeler.labelers.shared.score_alone import score_alone
from labeler.records import (
    Asks,
    Consensus,
    LabeledSolution,
    LabeledStep,
    Problem,
    Verdict,
)
from tests.consensus.talk import rollouts, said, solution

N_STEPS = 6


PLACES = (0.0, 8.0, 8.0, 8.0, 4.0, 0.0)
"""How much lower the scores of a step are for where it stands."""


def rows(
    n, told, seed=0, labeler="surprise", places=(0.0,) * N_STEPS, repeats=False, model="other"
):
    """Half the solutions have an error; a judge and rollouts are often right; `told`: how much
    lower the score of a first error is, or of a step that the judge calls wrong, if it `repeats`.
    """
    rng = random.Random(seed)
    found, truths = [], []
    for i in range(n):
        truth = rng.randrange(N_STEPS) if i % 2 else -1
        pieces = []
        for t in range(N_STEPS):
            dead = 0 <= truth <= t
            right = 0 if dead else 1 + rng.randrange(4)
            word = "-" if (t == truth) != (rng.random() < 0.15) else "+"
            is_low = word == "-" if repeats else t == truth
            signal = rng.gauss(0, 1) - (told if is_low else 0) - places[t]
            pieces.append((
                *([rollouts(4, right)] if rng.random() < 0.5 else []),
                said(word, model="one"),
                score_alone("", labeler, "1", Asks.CORRECTNESS, signal, model=model),
            ))  # fmt: skip
        outcome = Verdict.CORRECT if truth == -1 else Verdict.WRONG
        one = solution(N_STEPS, outcome, name=f"s{i}")
        steps = tuple(
            LabeledStep(text, "", None, None, p) for text, p in zip(one.steps, pieces, strict=True)
        )
        problem = Problem("p", "math", "?", "3")
        found.append(LabeledSolution(problem, one, steps, None, Consensus("", False, "")))
        truths.append(truth)
    return found, truths


def bare(row):
    steps = (replace(s, evidence=tuple(e for e in s.evidence if not e.signal)) for s in row.steps)
    return replace(row, steps=tuple(steps))


def without_scores(some):
    return [bare(row) for row in some]


def belief_in_truth(rule, some, truths):
    """The mean probability of the true place."""
    total = 0.0
    for row, truth in zip(some, truths, strict=True):
        total += rule.first_error_posterior(row.solution, [s.evidence for s in row.steps])[truth]
    return total / len(some)


def surest(rule, some):
    """The mean probability of the likeliest place."""
    return sum(
        max(rule.first_error_posterior(row.solution, [s.evidence for s in row.steps]))
        for row in some
    ) / len(some)


@pytest.mark.parametrize("rule", [Fusion(), Posterior()], ids=["fusion", "posterior"])
def test_a_score_that_tells_makes_a_rule_more_accurate(rule):
    some, truths = rows(240, told=3.0)
    plain = without_scores(some)
    with_scores = belief_in_truth(rule.fit(some), some, truths)
    without = belief_in_truth(rule.fit(plain), plain, truths)
    assert with_scores > without + 0.05


@pytest.mark.parametrize("rule", [Fusion(), Posterior()], ids=["fusion", "posterior"])
def test_a_score_that_says_nothing_is_silent(rule):
    some, truths = rows(240, told=0.0)
    plain = without_scores(some)
    with_scores = belief_in_truth(rule.fit(some), some, truths)
    assert with_scores == pytest.approx(belief_in_truth(rule.fit(plain), plain, truths), abs=0.02)


@pytest.mark.parametrize("rule", [Fusion(), Posterior()], ids=["fusion", "posterior"])
def test_a_score_that_depends_on_the_place_of_a_step_is_held_against_that_place(rule):
    """Which searches of an agent look useful by their words: the first and the last ones."""
    believed = {}
    for told in (0.0, 3.0):
        some, truths = rows(240, told, labeler="evidence_check", places=PLACES)
        plain = without_scores(some)
        believed[told] = (
            belief_in_truth(rule.fit(some), some, truths),
            belief_in_truth(rule.fit(plain), plain, truths),
        )
    with_scores, without = believed[0.0]
    assert with_scores == pytest.approx(without, abs=0.03)
    with_scores, without = believed[3.0]
    assert with_scores > without + 0.05


def test_a_model_that_wonders_at_what_it_calls_wrong_speaks_once():
    """Its score goes with its verdict, right or wrong; another model's would be a second voice."""
    believed = {}
    for model in ("one", "other"):
        some, _ = rows(240, told=6.0, repeats=True, model=model)
        rule = Fusion().fit(some)
        believed[model] = surest(rule, some)
        found = [(c["between"], c["asks"], c["rho"]) for c in rule.report()["correlations"]]
        if model == "one":
            (pair,) = found
            assert pair[:2] == (["judge@one", "surprise@one"], "correctness")
            assert pair[2] > 0.6
        else:
            assert found == []
    plain = without_scores(some)
    by_judge = surest(Fusion().fit(plain), plain)
    assert believed["one"] == pytest.approx(by_judge, abs=0.02)
    assert believed["other"] > by_judge + 0.05


def test_low_scores_are_cut_more_finely_while_enough_are_in_a_class():
    assert edges_of(range(96)).tolist() == pytest.approx([11.875, 23.75, 47.5, 71.25])
    assert edges_of(range(4)).tolist() == pytest.approx([0.75, 1.5, 2.25])
    assert edges_of([0.0] * 9).tolist() == []
    assert edges_of([]).tolist() == []


def test_what_was_learned_is_reported_beside_the_confusion_of_sources():
    reports = [Fusion().fit(rows(240, told)[0]).report()["scores"] for told in (3.0, 0.0)]
    telling, silent = (report["surprise@other"] for report in reports)
    assert telling["separation"] > 0.9
    assert silent["separation"] == pytest.approx(0.5, abs=0.1)
    assert telling["steps"]["error"] == pytest.approx(120, abs=12)
    assert "scores" not in Fusion().fit(without_scores(rows(20, 0.0)[0])).report()


def test_scores_alone_decide_nothing():
    some, _ = rows(20, told=3.0)
    row = some[1]
    alone = [tuple(e for e in s.evidence if e.signal is not None) for s in row.steps]
    ready = Fusion().fit(some)
    undecided = solution(N_STEPS, Verdict.UNKNOWN)
    assert ready.decide(undecided, alone).first_error is None
    assert ready.decide(undecided, alone).reason == "no evidence"
