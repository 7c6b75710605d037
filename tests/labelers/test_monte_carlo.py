"""Monte Carlo, talked to with literal replies."""

from dataclasses import replace

import pytest

from labeler.checking.answers.base import Reading
from labeler.checking.answers.readers import AUTO
from labeler.driver.requests import Check, CheckResult, Completion, Failed, Sample, Samples
from labeler.labelers.base import Policy
from labeler.labelers.monte_carlo import MonteCarlo, monte_carlo
from labeler.records import (
    Asks,
    Evidence,
    Problem,
    ProblemSamples,
    Sampling,
    Verdict,
    prefix_id,
)

PROBLEM = Problem("p", "math", "1 + 2 + 3?", "6")
POLICY = Policy("tiny", "1", "Solve: {problem}", "", Sampling(), "\n", run_seed=0)


def solution(*steps, outcome=Verdict.WRONG):
    return POLICY.solution(PROBLEM, steps, CheckResult(outcome), 0)


def samples(*texts, finish="stop"):
    return Samples(tuple(Completion(text, 4, finish) for text in texts), 10, "tiny")


def evidence(prefix, **fields):
    base = {
        "prefix_id": prefix_id("p", prefix), "labeler": "monte_carlo", "labeler_version": "1",
        "asks": Asks.VALUE, "model": "tiny", "calls": 1, "prompt_tokens": 10,
    }  # fmt: skip
    return Evidence(**base | fields)


def test_every_prefix_but_the_last_gets_k_rollouts_and_each_answer_one_check():
    steps = ("1 + 2 = 3\n", "3 + 3 = 7\n", "Answer: 7")
    conversation = monte_carlo(PROBLEM, (solution(*steps),), MonteCarlo(k=2), POLICY)
    asked = next(conversation)
    assert [(type(r), r.prompt.prefix, r.n, r.requester) for r in asked] == [
        (Sample, "1 + 2 = 3\n", 2, "monte_carlo"),
        (Sample, "1 + 2 = 3\n3 + 3 = 7\n", 2, "monte_carlo"),
    ]
    assert len({request.seed for request in asked}) == 2
    checks = conversation.send(
        [samples("3 + 3 = 6\nAnswer: 6", "Answer: 7"), samples("Answer: 7", "Answer: 7")]
    )
    assert checks == [Check(PROBLEM, "6", "monte_carlo"), Check(PROBLEM, "7", "monte_carlo")]
    try:
        conversation.send([CheckResult(Verdict.CORRECT), CheckResult(Verdict.WRONG)])
    except StopIteration as stop:
        found = stop.value
    assert found.evidence == (
        evidence(
            steps[:1], verdict=Verdict.CORRECT, score=0.5, n=2, n_correct=1, completion_tokens=8
        ),
        evidence(
            steps[:2], verdict=Verdict.WRONG, score=0.0, n=2, n_correct=0, completion_tokens=8
        ),
    )


def finish(conversation, *replies):
    """Sends each round's replies; the findings."""
    next(conversation)
    try:
        for reply in replies:
            conversation.send(reply)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("the labeler asks on")


def test_a_prefix_shared_by_two_solutions_is_asked_once():
    first, second = solution("a\n", "Answer: 1"), solution("a\n", "Answer: 2")
    conversation = monte_carlo(PROBLEM, (first, second), MonteCarlo(k=1), POLICY)
    assert [request.prompt.prefix for request in next(conversation)] == ["a\n"]


def test_a_rollout_that_was_cut_off_says_nothing():
    cut = [samples("3 + 3", "3 + 3", finish="length")]
    found = finish(
        monte_carlo(PROBLEM, (solution("a\n", "Answer: 1"),), MonteCarlo(k=2), POLICY), cut
    )
    assert found.evidence == (
        evidence(
            ("a\n",),
            verdict=Verdict.UNKNOWN,
            completion_tokens=8,
            reason="cut off before its end: 2",
        ),
    )


def test_an_answer_that_cannot_be_decided_is_left_out_of_the_counts():
    found = finish(
        monte_carlo(PROBLEM, (solution("a\n", "Answer: 1"),), MonteCarlo(k=2), POLICY),
        [samples("Answer: 6", "Answer: 9^9^9")],
        [CheckResult(Verdict.CORRECT), CheckResult(Verdict.UNKNOWN, "exponent too large")],
    )
    assert found.evidence == (
        evidence(
            ("a\n",), verdict=Verdict.CORRECT, score=1.0, n=1, n_correct=1, completion_tokens=8
        ),
    )


def test_a_rollout_that_ends_without_an_answer_is_no_wrong_one_unless_the_run_says_so():
    unread = finish(
        monte_carlo(PROBLEM, (solution("a\n", "Answer: 1"),), MonteCarlo(k=1), POLICY),
        [samples("I do not know.")],
    )
    assert (unread.evidence[0].verdict, unread.evidence[0].n, unread.evidence[0].reason) == (
        Verdict.UNKNOWN, 0, "no readable answer: 1",
    )  # fmt: skip
    assert unread.statistics == {"prefixes": 1, "replies": 1, "unread": 1}
    strict = replace(POLICY, reading=Reading(AUTO, Verdict.WRONG))
    found = finish(
        monte_carlo(PROBLEM, (solution("a\n", "Answer: 1"),), MonteCarlo(k=1), strict),
        [samples("I do not know.")],
    )
    assert (found.evidence[0].verdict, found.evidence[0].n) == (Verdict.WRONG, 1)


def test_a_server_that_failed_is_unknown_never_wrong():
    found = finish(
        monte_carlo(PROBLEM, (solution("a\n", "Answer: 1"),), MonteCarlo(k=1), POLICY),
        [Failed("no reply after 8 tries: 503")],
    )
    assert found.evidence == (
        evidence(
            ("a\n",), verdict=Verdict.UNKNOWN, prompt_tokens=0, reason="no reply after 8 tries: 503"
        ),
    )


def test_completions_that_did_not_come_may_have_been_right():
    found = finish(
        monte_carlo(PROBLEM, (solution("a\n", "b\n", "Answer: 1"),), MonteCarlo(k=3), POLICY),
        [samples("Answer: 1", "Answer: 1"), samples()],
        [CheckResult(Verdict.WRONG)],
    )
    short = {"verdict": Verdict.UNKNOWN}
    assert found.evidence == (
        evidence(
            ("a\n",), **short, n=2, completion_tokens=8, reason="completions that did not come: 1"
        ),
        evidence(("a\n", "b\n"), **short, reason="completions that did not come: 3"),
    )


def test_a_right_completion_settles_it_even_where_some_did_not_come():
    found = finish(
        monte_carlo(PROBLEM, (solution("a\n", "Answer: 1"),), MonteCarlo(k=3), POLICY),
        [samples("Answer: 6", "Answer: 1")],
        [CheckResult(Verdict.WRONG), CheckResult(Verdict.CORRECT)],
    )
    assert [(e.verdict, e.n, e.n_correct) for e in found.evidence] == [(Verdict.CORRECT, 2, 1)]


def test_a_solution_of_one_step_is_decided_by_its_answer_alone():
    conversation = monte_carlo(PROBLEM, (solution("Answer: 1"),), MonteCarlo(), POLICY)
    assert next(conversation) == []
    with pytest.raises(StopIteration) as ended:
        conversation.send([])
    assert ended.value.value.evidence == ()


@pytest.mark.parametrize(
    ("n_right", "n_wrong", "k"),
    [(0, 10, 128), (1, 9, 64), (8, 1, 64), (9, 1, 32), (1, 0, 32), (0, 1, 128), (0, 0, 64)],
)
def test_hard_problems_get_more_rollouts_and_easy_ones_fewer(n_right, n_wrong, k):
    outcomes = [Verdict.CORRECT] * n_right + [Verdict.WRONG] * n_wrong + [Verdict.UNKNOWN]
    solutions = tuple(
        solution("a\n", f"Answer: {i}", outcome=outcome) for i, outcome in enumerate(outcomes)
    )
    settings = MonteCarlo(k=64, k_hard=128, k_easy=32)
    [request] = next(monte_carlo(PROBLEM, solutions, settings, POLICY))
    assert request.n == k
    # All samples count, not the distinct texts among them: here one right, one wrong.
    samples = ProblemSamples(7, n_right + n_wrong + 1, n_right + n_wrong, n_right)
    pair = tuple(replace(one, samples=samples) for one in (*solutions[:1], *solutions[-2:]))
    [request] = next(monte_carlo(PROBLEM, pair, settings, POLICY))
    assert request.n == k
    assert next(monte_carlo(PROBLEM, solutions, MonteCarlo(k=64), POLICY))[0].n == 64
