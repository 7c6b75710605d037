"""Bayesian bisection, talked to with literal replies."""

from dataclasses import replace

import pytest

from labeler.driver.requests import CheckResult, Completion, Failed, Sample, Samples
from labeler.first_error.model import Rates, locate
from labeler.labelers.base import Policy
from labeler.labelers.bisect import Bisect, bisect
from labeler.records import Problem, ProblemSamples, Sampling, Verdict, prefix_id
from tests.labelers.playing import checking, play

PROBLEM = Problem("p", "math", "Count to 6.", "6")
POLICY = Policy("tiny", "1", "Solve: {problem}", "", Sampling(), "\n", run_seed=0)
STEPS = ("1\n", "2\n", "3\n", "4\n", "5\n", "Answer: 7")


THOROUGH = Bisect(min_information=1e-3)


def solution(*steps, outcome=Verdict.WRONG):
    return POLICY.solution(PROBLEM, steps or STEPS, CheckResult(outcome), 0)


def talk(conversation, alive):
    """Answers every question; `alive` maps the number of steps before it to texts of rollouts."""
    asked = []

    def answer(request):
        asked.append(len(request.prompt.prefix.splitlines()))
        return alive(asked[-1], request)

    found, _ = play(conversation, checking("6", answer))
    return found, asked


def answers(*texts):
    return Samples(tuple(Completion(f"Answer: {text}", 5, "stop") for text in texts), 10, "tiny")


def first_error_at(place):
    """Every rollout before the place is right, every one after it wrong."""
    return lambda n_steps, request: answers(*(["6" if n_steps <= place else "7"] * request.n))


def located(found, steps=STEPS):
    by_prefix = {e.prefix_id: (e.n, e.n_correct) for e in found.evidence}
    counts = [by_prefix.get(prefix_id("p", steps[: t + 1]), (0, 0)) for t in range(len(steps))]
    return int(locate(counts, Rates(), is_wrong=True).probabilities.argmax())


@pytest.mark.parametrize("place", range(6))
def test_it_finds_the_first_error_wherever_it_is(place):
    found, asked = talk(bisect(PROBLEM, (solution(),), Bisect(), POLICY), first_error_at(place))
    assert located(found) == place
    # Brute force with k = 8 asks 40.
    assert 2 * len(asked) == found.statistics["rollouts"] <= 16
    assert found.statistics["searched"] == 1


def test_it_begins_where_a_rollout_tells_most_per_token():
    conversation = bisect(PROBLEM, (solution(),), Bisect(round_size=3), POLICY)
    [request] = next(conversation)
    assert (type(request), request.n, request.requester) == (Sample, 3, "bisect")
    assert request.prompt.prefix in ("1\n2\n3\n", "1\n2\n3\n4\n")


def test_all_wrong_is_an_error_in_the_first_step_and_all_right_one_in_the_last():
    never, _ = talk(bisect(PROBLEM, (solution(),), Bisect(), POLICY), first_error_at(0))
    always, _ = talk(bisect(PROBLEM, (solution(),), Bisect(), POLICY), first_error_at(5))
    assert (located(never), located(always)) == (0, 5)
    assert {e.verdict for e in never.evidence} == {Verdict.WRONG}
    assert {e.verdict for e in always.evidence} == {Verdict.CORRECT}


@pytest.mark.parametrize("outcome", [Verdict.CORRECT, Verdict.UNKNOWN])
def test_a_solution_that_is_not_wrong_is_not_searched(outcome):
    found, asked = talk(
        bisect(PROBLEM, (solution(outcome=outcome),), Bisect(), POLICY), first_error_at(0)
    )
    assert (asked, found.evidence, found.statistics["searched"]) == ([], (), 0)


def test_a_solution_of_one_step_needs_no_search():
    found, asked = talk(
        bisect(PROBLEM, (solution("Answer: 7"),), Bisect(), POLICY), first_error_at(0)
    )
    assert (asked, found.evidence) == ([], ())


def test_noise_is_asked_again_instead_of_being_believed():
    def unlucky(n_steps, request, seen=[]):  # noqa: B006, remembers what was asked
        first = not seen
        seen.append(n_steps)
        return answers(*["7" if first or n_steps > 5 else "6"] * request.n)

    sure = Bisect(confidence=0.98, min_information=1e-3)
    found, asked = talk(bisect(PROBLEM, (solution(),), sure, POLICY), unlucky)
    assert located(found) == 5
    assert asked[0] < 5 and asked[-1] == 5


def test_where_rollouts_tell_little_it_stops_early():
    never = first_error_at(0)
    thorough = talk(bisect(PROBLEM, (solution(),), THOROUGH, POLICY), never)[0]
    frugal = talk(bisect(PROBLEM, (solution(),), Bisect(), POLICY), never)[0]
    assert frugal.statistics["rollouts"] < thorough.statistics["rollouts"]
    assert located(frugal) == 0


def test_every_round_draws_its_own_rollouts():
    seeds = []

    def noted(n_steps, request):
        seeds.append((request.prompt.prefix, request.seed))
        return first_error_at(3)(n_steps, request)

    sure = Bisect(confidence=0.999, min_information=1e-3)
    talk(bisect(PROBLEM, (solution(),), sure, POLICY), noted)
    assert len(set(seeds)) == len(seeds)
    assert len({prefix for prefix, _ in seeds}) < len(seeds)


def test_solutions_share_the_rollouts_of_their_common_beginning():
    other = solution(*STEPS[:5], "Answer: 9")
    found, asked = talk(bisect(PROBLEM, (solution(), other), THOROUGH, POLICY), first_error_at(2))
    assert len({e.prefix_id for e in found.evidence}) == len(found.evidence)
    assert found.statistics["rollouts"] == 2 * len(asked) == sum(e.n for e in found.evidence)
    assert (found.statistics["searched"], found.statistics["located"]) == (2, 2)
    assert located(found) == located(found, other.steps) == 2


def continuing(*texts):
    """Rollouts that write these steps."""
    return Samples(tuple(Completion(text, 5, "stop") for text in texts), 10, "tiny")


def counts(found, steps=STEPS):
    by_prefix = {e.prefix_id: (e.n, e.n_correct) for e in found.evidence}
    return [by_prefix.get(prefix_id("p", steps[: t + 1])) for t in range(len(steps))]


def test_a_rollout_counts_at_each_prefix_it_goes_through():
    def along(n_steps, request):
        return continuing(*["".join([*STEPS[n_steps:5], "Answer: 6"])] * request.n)

    found, [asked] = talk(bisect(PROBLEM, (solution(),), Bisect(), POLICY), along)
    # One question shows that all prefixes are alive: only the answer can be wrong.
    assert counts(found) == [None] * (asked - 1) + [(2, 2)] * (6 - asked) + [None]
    assert located(found) == 5
    assert [(e.calls, e.completion_tokens) for e in found.evidence] == [(1, 10)] + [(0, 0)] * (
        5 - asked
    )


def test_it_counts_no_further_than_where_it_leaves_the_solution():
    def leaving(n_steps, request):
        return continuing(*[f"{STEPS[n_steps]}other\nAnswer: 7"] * request.n)

    found, asked = talk(bisect(PROBLEM, (solution(),), Bisect(max_samples=4), POLICY), leaving)
    assert asked == [4, 3]
    # Two at each that is asked and two at the next, which for the third is the fourth.
    assert counts(found) == [None, None, (2, 0), (4, 0), (2, 0), None]


def test_right_solutions_of_the_problem_are_rollouts_that_cost_nothing():
    right = solution(*STEPS[:3], "other\n", "Answer: 6", outcome=Verdict.CORRECT)
    settings = Bisect(max_samples=2)
    found, [asked] = talk(bisect(PROBLEM, (solution(), right), settings, POLICY), first_error_at(4))
    assert asked > 3
    assert counts(found)[:3] == [(1, 1)] * 3
    assert sum(e.completion_tokens for e in found.evidence) == 10
    assert found.statistics["rollouts"] == 2


def test_fewer_completions_than_asked_count_as_what_they_are():
    one_less = lambda n_steps, request: answers(*["7"] * (request.n - 1))  # noqa: E731
    found, asked = talk(bisect(PROBLEM, (solution(),), Bisect(), POLICY), one_less)
    assert sum(e.n for e in found.evidence) == len(asked)


def test_nobody_answers_and_nothing_is_claimed():
    dead = lambda n_steps, request: Failed("server gone")  # noqa: E731
    found, asked = talk(bisect(PROBLEM, (solution(),), Bisect(), POLICY), dead)
    assert len(asked) == len(set(asked)) <= 5
    assert {(e.verdict, e.reason, e.n) for e in found.evidence} == {
        (Verdict.UNKNOWN, "server gone", 0)
    }
    assert found.statistics["located"] == 0


def test_the_budget_ends_a_search_that_learns_nothing():
    cut_off = lambda n_steps, request: Samples(  # noqa: E731
        tuple(Completion("on and on", 5, "length") for _ in range(request.n)), 10, "tiny"
    )
    found, asked = talk(bisect(PROBLEM, (solution(),), Bisect(max_samples=10), POLICY), cut_off)
    assert len(asked) == 5
    assert {e.verdict for e in found.evidence} == {Verdict.UNKNOWN}


def test_the_costs_of_all_rounds_are_in_the_evidence():
    found, asked = talk(bisect(PROBLEM, (solution(),), Bisect(), POLICY), first_error_at(2))
    assert sum(e.calls for e in found.evidence) == len(asked)
    assert sum(e.completion_tokens for e in found.evidence) == 5 * 2 * len(asked)


def test_other_solutions_tell_how_hard_the_problem_is():
    right = [
        replace(solution("Answer: 6", outcome=Verdict.CORRECT), solution_id=f"r{i}")
        for i in range(8)
    ]
    alone = talk(bisect(PROBLEM, (solution(),), Bisect(), POLICY), first_error_at(2))[1]
    among = talk(bisect(PROBLEM, (solution(), *right), Bisect(), POLICY), first_error_at(2))[1]
    assert len(among) <= len(alone)


@pytest.mark.parametrize(("n_right", "n_wrong"), [(14, 2), (1, 15), (8, 8)])
def test_the_rate_of_a_problem_is_that_of_all_its_samples(n_right, n_wrong):
    def asked(solutions):
        dead = lambda n, request: answers("7", "7")  # noqa: E731
        return talk(bisect(PROBLEM, tuple(solutions), THOROUGH, POLICY), dead)[1]

    def others(n, outcome):
        return [solution(f"Answer: {outcome}{i}", outcome=outcome) for i in range(n)]

    distinct = [solution(), *others(n_right, Verdict.CORRECT), *others(n_wrong - 1, Verdict.WRONG)]
    samples = ProblemSamples(seed=7, n=16, n_decided=16, n_correct=n_right)
    drawn_often = [replace(one, samples=samples) for one in distinct[:2]]
    assert asked(drawn_often) == asked(distinct)
