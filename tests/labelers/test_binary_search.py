"""OmegaPRM's binary search on given solutions, talked to with literal replies."""

from dataclasses import replace

import pytest

from labeler.consensus.first_zero import FirstZero
from labeler.driver.requests import Failed
from labeler.labelers.binary_search import BinarySearch, binary_search
from labeler.labelers.shared.last_step import last_step_evidence
from labeler.records import ProblemSamples, Verdict, prefix_id
from tests.labelers.test_bisect import (
    POLICY,
    PROBLEM,
    STEPS,
    answers,
    first_error_at,
    solution,
    talk,
)


def decided(found, steps=STEPS):
    whole = [*found.evidence, last_step_evidence(PROBLEM, solution(*steps))]
    ids = [prefix_id("p", steps[: t + 1]) for t in range(len(steps))]
    pieces = [[e for e in whole if e.prefix_id == one] for one in ids]
    return FirstZero().decide(solution(*steps), pieces).first_error


@pytest.mark.parametrize("place", range(6))
def test_it_finds_the_first_error_with_log_t_prefixes(place):
    conversation = binary_search(PROBLEM, (solution(),), BinarySearch(k=2), POLICY)
    found, asked = talk(conversation, first_error_at(place))
    assert decided(found) == place
    assert len(asked) <= 3


def test_the_middle_is_asked_first():
    conversation = binary_search(PROBLEM, (solution(),), BinarySearch(k=8), POLICY)
    [request] = next(conversation)
    assert (request.prompt.prefix, request.n, request.requester) == (
        "1\n2\n3\n",
        8,
        "binary_search",
    )


def test_one_unlucky_prefix_sends_it_to_the_wrong_half_for_good():
    unlucky = lambda n, request: answers(*["7" if n == 3 else "6"] * request.n)  # noqa: E731
    found, _ = talk(binary_search(PROBLEM, (solution(),), BinarySearch(k=8), POLICY), unlucky)
    assert decided(found) == 2


def test_solutions_share_rollouts_and_right_ones_are_not_searched():
    right = solution("1\n", "Answer: 6", outcome=Verdict.CORRECT)
    both = (solution(), solution(*STEPS[:5], "Answer: 9"), right)
    found, asked = talk(binary_search(PROBLEM, both, BinarySearch(k=2), POLICY), first_error_at(2))
    assert len(asked) == len(set(asked)) == len(found.evidence)
    assert decided(found) == 2


def test_nothing_to_search():
    found, asked = talk(binary_search(PROBLEM, (), BinarySearch(), POLICY), first_error_at(0))
    assert (found.evidence, asked) == ((), [])
    one = solution("Answer: 7")
    found, asked = talk(binary_search(PROBLEM, (one,), BinarySearch(), POLICY), first_error_at(0))
    assert (found.evidence, asked) == ((), [])


def test_no_answer_leaves_the_place_unknown():
    dead = lambda n, request: Failed("server gone")  # noqa: E731
    found, asked = talk(binary_search(PROBLEM, (solution(),), BinarySearch(), POLICY), dead)
    assert (len(asked), [e.verdict for e in found.evidence]) == (1, [Verdict.UNKNOWN])
    assert decided(found) is None


def test_fewer_completions_than_asked_decide_nothing_unless_one_is_right():
    short = lambda text: lambda n, request: answers(*[text] * (request.n - 3))  # noqa: E731
    search = lambda: binary_search(PROBLEM, (solution(),), BinarySearch(k=8), POLICY)  # noqa: E731
    found, asked = talk(search(), short("7"))
    assert [(e.verdict, e.score, e.n, e.reason) for e in found.evidence] == [
        (Verdict.UNKNOWN, None, 5, "completions that did not come: 3")
    ]
    assert (asked, decided(found)) == ([3], None)
    found, asked = talk(search(), short("6"))
    assert {(e.verdict, e.n) for e in found.evidence} == {(Verdict.CORRECT, 5)}
    assert (asked, decided(found)) == ([3, 4, 5], 5)


def others(n_right, n_wrong):
    """Further solutions of the problem, of one step: nothing to be searched."""
    pair = ((n_right, Verdict.CORRECT), (n_wrong, Verdict.WRONG))
    return [solution(f"Answer: {v}{i}", outcome=v) for n, v in pair for i in range(n)]


@pytest.mark.parametrize(
    ("n_right", "n_wrong", "steps_before", "n"),
    [
        # Share of right ones 8/10: late, and 0 of 2 is rare enough. 1/10: early, and all k.
        (7, 0, 10, 2),
        (0, 7, 8, 16),
        # 41/43: one would do, but a single rollout says little.
        (40, 0, 10, 2),
        # 4/8: in the middle; 0.5 ** 5 is below 0.05.
        (3, 2, 9, 5),
    ],
)
def test_an_adaptive_search_begins_and_draws_by_how_hard_the_problem_is(
    n_right, n_wrong, steps_before, n
):
    long = solution(*(f"{i}\n" for i in range(19)), "Answer: 7")
    solutions = (long, *others(n_right, n_wrong))
    settings = BinarySearch(k=16, adaptive=True)
    [request] = next(binary_search(PROBLEM, solutions, settings, POLICY))
    assert (request.prompt.prefix.count("\n"), request.n) == (steps_before, n)
    # The same samples, but with one text for all that are right, and the wrong one.
    n_all = n_right + n_wrong + 1
    samples = ProblemSamples(7, n_all, n_all, n_right)
    pair = tuple(replace(one, samples=samples) for one in (long, *others(1, 0)))
    [request] = next(binary_search(PROBLEM, pair, settings, POLICY))
    assert (request.prompt.prefix.count("\n"), request.n) == (steps_before, n)


@pytest.mark.parametrize("place", range(6))
def test_an_adaptive_search_finds_the_first_error_too(place):
    settings = BinarySearch(k=8, adaptive=True)
    conversation = binary_search(PROBLEM, (solution(), *others(2, 0)), settings, POLICY)
    found, asked = talk(conversation, first_error_at(place))
    assert decided(found) == place
    assert len(asked) <= 3
