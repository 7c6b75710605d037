"""Rules decide from counts alone."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.consensus.first_zero import FirstZero
from labeler.consensus.fusion import Fusion, FusionRule
from labeler.consensus.label import by_prefix, label_solution
from labeler.consensus.posterior import Posterior, PosteriorRule
from labeler.consensus.relative_progress import RelativeProgress, RelativeProgressRule
from labeler.consensus.rules import RULES
from labeler.consensus.votes import AllRule, AnyRule, MajorityRule, Votes
from labeler.labelers.shared.last_step import last_step_evidence
from labeler.records import (
    Asks,
    Consensus,
    Evidence,
    Generator,
    Problem,
    Sampling,
    Solution,
    Verdict,
    prefix_id,
)

PROBLEM = Problem("p", "math", "?", "3")


def solution(n_steps, outcome=Verdict.WRONG):
    steps = tuple(f"step {t}\n" for t in range(n_steps))
    generator = Generator("tiny", "1", Sampling(), 0, "")
    return Solution("s", "p", steps, None, outcome, "", generator)


def value(n, n_correct, asks=Asks.VALUE):
    verdict = Verdict.CORRECT if n_correct else Verdict.WRONG
    return Evidence("", "mc", "1", asks, verdict, n_correct / n, n, n_correct)


def evidence(*counts):
    """One piece per step; None where nobody looked."""
    return [() if c is None else (value(*c),) for c in counts]


@pytest.mark.parametrize(
    ("counts", "first_error", "labels"),
    [
        ([(8, 8), (8, 5), (1, 1)], -1, (1, 1, 1)),
        ([(8, 8), (8, 0), (1, 0)], 1, (1, -1, None)),
        ([(8, 0), (8, 0), (1, 0)], 0, (-1, None, None)),
        ([(8, 8), (8, 8), (1, 0)], 2, (1, 1, -1)),
        ([(8, 0), (8, 6), (1, 1)], 0, (-1, None, None)),
        ([None, (8, 4), (8, 0), (1, 0)], 2, (1, 1, -1, None)),
        ([(8, 4), None, (8, 0), (1, 0)], None, (1, None, None, None)),
        ([(8, 4), None, None], None, (1, None, None)),
        ([None, None], None, (None, None)),
    ],
)
def test_first_zero(counts, first_error, labels):
    decision = FirstZero().decide(solution(len(counts)), evidence(*counts))
    assert (decision.first_error, decision.labels) == (first_error, labels)


def test_first_zero_says_where_the_error_may_be():
    decision = FirstZero().decide(solution(4), evidence((8, 4), None, (8, 0), (1, 0)))
    assert decision.reason == "first error between steps 1 and 2"


@pytest.mark.parametrize(
    ("counts", "outcome", "first_error"),
    [
        ([(8, 8), (8, 5), (1, 1)], Verdict.CORRECT, -1),
        ([(8, 8), (8, 0), (8, 0), (1, 0)], Verdict.WRONG, 1),
        ([(8, 0), (8, 0), (1, 0)], Verdict.WRONG, 0),
        # An unlucky zero before healthy prefixes is noise.
        ([(8, 0), (8, 6), (8, 7), (1, 1)], Verdict.CORRECT, -1),
        # One lucky rollout after a dead prefix is recovery.
        ([(8, 8), (8, 0), (8, 1), (8, 0), (1, 0)], Verdict.WRONG, 1),
        # Nothing but the answer is wrong.
        ([(8, 8), (8, 8), (1, 0)], Verdict.WRONG, 2),
    ],
)
def test_posterior(counts, outcome, first_error):
    rule = Posterior(PosteriorRule(min_confidence=0.5))
    decision = rule.decide(solution(len(counts), outcome), evidence(*counts))
    assert decision.first_error == first_error


def test_posterior_leaves_open_what_the_counts_leave_open():
    decision = Posterior().decide(solution(4), evidence((8, 8), None, (8, 0), (1, 0)))
    assert decision.first_error is None
    assert decision.labels == (1, None, None, None)
    assert decision.reason == "first error undecided: most likely step 2, P = 0.49"


COUNTS = st.lists(
    st.one_of(
        st.none(), st.integers(1, 16).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))
    ),
    min_size=1,
    max_size=12,
)


@given(COUNTS, st.sampled_from(list(Verdict)))
def test_the_posterior_sums_to_one_and_right_never_grows(counts, outcome):
    rule = Posterior()
    posterior = rule.first_error_posterior(solution(len(counts), outcome), evidence(*counts))
    assert len(posterior) == len(counts) + 1
    assert sum(posterior) == pytest.approx(1)
    assert all(0 <= p <= 1 for p in posterior)
    assert outcome is not Verdict.WRONG or posterior[-1] == 0
    known = [
        p
        for p in rule.decide(solution(len(counts), outcome), evidence(*counts)).probabilities
        if p is not None
    ]
    assert known == sorted(known, reverse=True)


def test_evidence_about_correctness_is_not_taken_for_value():
    judged = [(value(8, 0, Asks.CORRECTNESS),), (value(1, 1),)]
    assert FirstZero().decide(solution(2), judged).first_error == -1


def test_evidence_on_a_prefix_belongs_to_every_solution_through_it():
    first = solution(2, Verdict.CORRECT)
    other = Solution("t", "p", ("step 0\n", "other\n"), None, Verdict.WRONG, "", first.generator)
    shared = Evidence(
        prefix_id("p", ("step 0\n",)), "mc", "1", Asks.VALUE, Verdict.CORRECT, 1.0, 8, 8
    )
    grouped = by_prefix([shared])
    rows = [label_solution(PROBLEM, s, grouped, FirstZero()) for s in (first, other)]
    assert [row.steps[0].evidence for row in rows] == [(shared,), (shared,)]
    assert rows[0].consensus == Consensus("first_zero", False, "no evidence on the end")


EARLY = Solution("early", "p", ("step 0\n",), None, Verdict.WRONG, "", solution(1).generator)
"""Ends where `solution(3)` goes on."""


def on_the_way(first, rule):
    """`solution(3)`, right, and `EARLY` under a rule; `first` is what rollouts of step 0 found."""
    whole = solution(3, Verdict.CORRECT)
    pieces = [last_step_evidence(PROBLEM, one) for one in (whole, EARLY)]
    second = Evidence(
        prefix_id("p", whole.steps[:2]), "mc", "1", Asks.VALUE, Verdict.CORRECT, 1.0, 8, 8
    )
    on_first = replace(first, prefix_id=prefix_id("p", EARLY.steps))
    grouped = by_prefix([on_first, second, *pieces])
    return [label_solution(PROBLEM, one, grouped, rule) for one in (whole, EARLY)]


@pytest.mark.parametrize(
    "rule",
    [FirstZero(), Posterior(), RelativeProgress(RelativeProgressRule(min_correct=1)),
     Votes(AnyRule()), Votes(AllRule()), Votes(MajorityRule()),
     Fusion(FusionRule(min_confidence=0.5))],
    ids=lambda rule: rule.name,
)  # fmt: skip
def test_the_outcome_of_a_solution_that_ends_where_another_goes_on_is_its_own(rule):
    whole, early = on_the_way(value(8, 6), rule)
    assert whole.first_error == -1
    assert early.first_error == 0
    assert [e.labeler for e in whole.steps[0].evidence] == ["mc"]
    assert [e.labeler for e in early.steps[0].evidence] == ["outcome"]


@pytest.mark.parametrize("name", ["any", "all", "majority"])
def test_nor_does_it_stand_for_rollouts_that_failed(name):
    dead_server = Evidence("", "mc", "1", Asks.VALUE, Verdict.UNKNOWN, reason="dead server")
    whole, _ = on_the_way(dead_server, Votes(RULES.find(name, "a test").settings()))
    assert [step.label for step in whole.steps] == [None, None, None]
    assert whole.consensus == Consensus(name, False, "nothing decides step 1")


@pytest.mark.parametrize(
    ("rule", "outcome", "reason"),
    [
        (Posterior(), Verdict.UNKNOWN, "no evidence from step 1 on"),
        (Posterior(), Verdict.WRONG, "first error undecided: most likely step 1, P = 0.10"),
        (Fusion(), Verdict.UNKNOWN, "no evidence"),
        (Fusion(), Verdict.WRONG, "first error undecided: most likely step 2, P = 0.11"),
    ],
)
def test_nothing_is_labelled_by_a_prior_belief_alone(rule, outcome, reason):
    one = solution(10, outcome)
    grouped = by_prefix([last_step_evidence(PROBLEM, one)])
    rule = replace(rule, settings=rule.settings.model_copy(update={"min_confidence": 0.5}))
    labeled = label_solution(PROBLEM, one, grouped, rule)
    assert [(step.label, step.probability) for step in labeled.steps] == [(None, None)] * 10
    assert labeled.consensus == Consensus(rule.name, False, reason)


@pytest.mark.parametrize("outcome", Verdict)
@pytest.mark.parametrize("name", list(RULES))
def test_a_solution_without_steps_has_no_label(name, outcome):
    rule = RULES.find(name, "a test")
    labeled = label_solution(PROBLEM, solution(0, outcome), {}, rule.build(rule.settings()))
    assert (labeled.steps, labeled.first_error) == ((), None)
    assert labeled.consensus == Consensus(name, False, "it has no steps")
