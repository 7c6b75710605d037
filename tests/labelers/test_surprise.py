"""Surprise of steps, talked to with literal replies."""

import math
from dataclasses import replace

import pytest

from labeler.driver.requests import CheckResult, Completion, Failed, Samples, Score, Scores
from labeler.first_error.signals import Signal, Signals
from labeler.labelers.base import Policy
from labeler.labelers.bisect import Bisect, bisect
from labeler.labelers.surprise import SurpriseSettings, surprise
from labeler.records import Asks, Evidence, Problem, Sampling, Verdict, prefix_ids
from tests.labelers.playing import checking, play

PROBLEM = Problem("p", "math", "Count to 3.", "3")
POLICY = Policy("tiny", "1", "Solve: {problem}", "", Sampling(), "\n", run_seed=0)
STEPS = ("1\n", "2\n", "Answer: 4")
TOKENS = ("1", "\n", "2", "\n", "Answer:", " 4", "")
LOGPROBS = (-0.1, -0.2, -3.0, -0.1, -0.5, -0.4, -9.0)
IDS = prefix_ids("p", STEPS)
POINTING = Signals({
    "surprise@tiny": Signal(edges=[-1.0], errors=[0.95, 0.05], others=[0.1, 0.9], trust=1.0, n=99)
})  # fmt: skip


def written(whole=None):
    return POLICY.solution(PROBLEM, STEPS, CheckResult(Verdict.WRONG), 0, whole)


SAMPLED = written(Completion("".join(STEPS), 7, "stop", TOKENS, LOGPROBS))
GIVEN = written()


def said(prefix, signal, **cost):
    return Evidence(
        prefix, "surprise", "1", Asks.CORRECTNESS, Verdict.UNKNOWN, model="tiny",
        reason="a score, not a verdict", signal=signal, **cost,
    )  # fmt: skip


def talk(*solutions, reply=None):
    asked = []

    def answer(request):
        asked.append(request)
        return reply

    found, _ = play(surprise(PROBLEM, solutions, SurpriseSettings(), POLICY), answer)
    return found, asked


def test_a_solution_keeps_the_log_probabilities_it_was_sampled_with():
    assert SAMPLED.logprobs == ((-0.1, -0.2), (-3.0, -0.1), (-0.5, -0.4))
    assert GIVEN.logprobs is None


def test_a_sampled_solution_costs_nothing():
    found, asked = talk(SAMPLED)
    assert asked == []
    assert found.evidence == (said(IDS[0], -0.2), said(IDS[1], -3.0), said(IDS[2], -0.5))
    assert found.statistics == {"solutions": 1, "scored": 1, "asked": 0}


def test_a_given_solution_costs_one_prefill_whatever_the_tokenizer_merges():
    reply = Scores((-0.1, -3.0, -0.1, -0.5), 12, "tiny", ("1\n", "2", "\nAnswer:", " 4"))
    found, asked = talk(GIVEN, reply=reply)
    assert asked == [Score(POLICY.prompt(PROBLEM), "1\n2\nAnswer: 4", requester="surprise")]
    assert found.evidence == (
        said(IDS[0], -0.1, calls=1, prompt_tokens=16), said(IDS[1], -3.0), said(IDS[2], -0.5),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Failed("cannot score"), "cannot score"),
        (Scores((-1.0,), 12, "tiny", ("something else",)), "the tokens are not those of the text"),
    ],
)
def test_where_no_score_comes_the_steps_are_unknown_with_the_reason(reply, reason):
    found, _ = talk(GIVEN, reply=reply)
    assert [(e.verdict, e.signal, e.reason) for e in found.evidence] == [
        (Verdict.UNKNOWN, None, reason)
    ] * 3


def test_a_step_that_no_token_belongs_to_has_no_score():
    reply = Scores((-2.0, -1.0), 5, "tiny", ("1\n2", "\nAnswer: 4"))
    found, _ = talk(GIVEN, reply=reply)
    assert [(e.signal, e.reason) for e in found.evidence] == [
        (-2.0, "a score, not a verdict"),
        (None, "the step has no token"),
        (-1.0, "a score, not a verdict"),
    ]


def test_a_prefix_that_solutions_share_has_one_score():
    other = replace(SAMPLED, solution_id="other", logprobs=((-0.3,), (-0.3,), (-0.3,)))
    found, _ = talk(SAMPLED, other)
    assert [e.signal for e in found.evidence] == [-0.2, -3.0, -0.5]


def first_question(policy, solution):
    """The prefix that `bisect` asks about first; `Score`s are answered."""
    asked = []

    def sampled(request):
        asked.append(request)
        return Samples((Completion("Answer: 4", 3, "stop"),) * request.n, 9, "tiny")

    scored = []

    def answer(request):
        if isinstance(request, Score):
            scored.append(request)
            return Scores(LOGPROBS[:6], 12, "tiny", TOKENS[:6])
        return checked(request)

    checked = checking("3", sampled)
    play(bisect(PROBLEM, (solution,), Bisect(), policy), answer)
    return asked[0].prompt.prefix, len(scored), len(asked)


def test_bisect_begins_where_scores_point_and_asks_less():
    with_scores = replace(POLICY, signals=POINTING)
    # One question, for a score alone finds nothing, however sure.
    assert first_question(with_scores, SAMPLED) == ("1\n2\n", 0, 1)
    assert first_question(with_scores, GIVEN) == ("1\n2\n", 1, 1)
    # without, and on the problems that the scores' worth is learned on
    piloting = replace(with_scores, pilot={"p": Signals()})
    for policy in (POLICY, piloting):
        prefix, n_scores, n_samples = first_question(policy, SAMPLED)
        assert (prefix, n_scores) == ("1\n2\n", 0)
        assert n_samples >= 2


def test_the_places_are_weighted_by_the_learned_ratio():
    ratios = POLICY.log_prior(PROBLEM, {"surprise@tiny": [-0.2, -3.0]})
    assert ratios is None
    known = replace(POLICY, signals=POINTING)
    assert known.log_prior(PROBLEM, {"surprise@tiny": [-0.2, -3.0]}) == pytest.approx(
        [math.log(0.05 / 0.9), math.log(0.95 / 0.1)]
    )
