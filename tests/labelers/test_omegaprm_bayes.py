"""OmegaPRM whose searches keep a posterior, talked to with literal replies."""

import pytest

from labeler.driver.requests import Completion, Samples
from labeler.labelers.omegaprm import OmegaPRM, omegaprm
from labeler.records import Verdict, prefix_id
from tests.labelers.playing import checking, play
from tests.labelers.test_bisect import POLICY, PROBLEM

RIGHT = "1\n2\n3\n4\nAnswer: 6"
WRONG = "1\n2\n9\n4\nAnswer: 7"
SETTINGS = OmegaPRM(k=8, search_limit=1, search="bayes")


def talk(settings, dead_from=3):
    """Half of the root's rollouts are wrong; prefixes of `dead_from` steps on never recover."""
    asked = []

    def answer(request):
        n_steps = len(request.prompt.prefix.splitlines())
        asked.append((n_steps, request.n, request.seed))
        texts = [RIGHT, WRONG] * (request.n // 2)
        if n_steps:
            texts = [f"Answer: {7 if n_steps >= dead_from else 6}"] * request.n
        return Samples(tuple(Completion(text, 5, "stop") for text in texts), 10, "tiny")

    found, _ = play(omegaprm(PROBLEM, (), settings, POLICY), checking("6", answer))
    return found, asked


@pytest.mark.parametrize("dead_from", [1, 2, 3, 4])
def test_it_asks_around_the_first_error(dead_from):
    found, asked = talk(SETTINGS, dead_from)
    assert asked[0][:2] == (0, 8)
    assert {n for _, n, _ in asked[1:]} == {2}
    assert len(asked[1:]) <= 6
    by_prefix = {e.prefix_id: e.verdict for e in found.evidence}
    steps = WRONG.splitlines(keepends=True)
    dead = by_prefix.get(prefix_id("p", tuple(steps[:dead_from])))
    assert dead in (Verdict.WRONG, None if dead_from == 5 else Verdict.WRONG)


def test_the_searched_rollout_and_the_right_ones_become_solutions():
    found, _ = talk(SETTINGS)
    assert [(s.outcome, s.steps[-1]) for s in found.solutions] == [
        (Verdict.WRONG, "Answer: 7"),
        (Verdict.CORRECT, "Answer: 6"),
    ]
    assert found.statistics["located"] == 1


def test_every_round_at_a_prefix_draws_its_own_rollouts():
    sure = OmegaPRM(k=8, search_limit=1, search="bayes", confidence=0.99)
    _, asked = talk(sure)
    assert len({seed for _, _, seed in asked}) == len(asked)
    assert len({n_steps for n_steps, _, _ in asked}) < len(asked)


def test_the_calls_of_all_rounds_are_counted():
    found, asked = talk(SETTINGS)
    assert sum(e.calls for e in found.evidence) == len(asked) - 1


def test_bayes_looks_at_steps():
    with pytest.raises(ValueError, match="search bayes looks at steps; set unit: steps"):
        OmegaPRM(search="bayes", unit="tokens")
