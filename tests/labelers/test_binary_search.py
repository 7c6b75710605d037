"""OmegaPRM's binary search on given solutions, talked to with literal replies."""

import pytest

from labeler.consensus.first_zero import FirstZero
from labeler.labelers.binary_search import BinarySearch, binary_search
from labeler.labelers.outcome import last_step_evidence
from labeler.records import Verdict, prefix_id
from labeler.requests import Failed
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
    assert (request.prompt.prefix, request.n, request.asker) == ("1\n2\n3\n", 8, "binary_search")


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
