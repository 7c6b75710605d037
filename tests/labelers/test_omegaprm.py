"""OmegaPRM, talked to by a policy whose steps are letters: a prefix with an "x" is lost."""

import pytest

from labeler.driver.requests import Completion, Failed, Samples
from labeler.labelers.base import Policy
from labeler.labelers.omegaprm import OmegaPRM, omegaprm
from labeler.records import Problem, Sampling, Verdict, prefix_id
from tests.labelers.playing import checking, play

PROBLEM = Problem("p", "math", "?", "42")
POLICY = Policy("tiny", "1", "{problem}", "", Sampling(), "\n", run_seed=0)


def lines(text):
    """`abA` -> steps a, b and a right answer; `abW` -> a wrong one."""
    answers = {"A": "Answer: 42", "W": "Answer: 7"}
    return "".join(answers.get(letter, f"{letter}\n") for letter in text)


def search(rollouts, **settings):
    """Findings, and the prefixes that were asked; `rollouts` gives a prefix's continuations."""
    asked = []

    def completion(text):
        return Completion(lines(text), len(text), "stop", tuple(lines(text)), ())

    def answer(request):
        asked.append(request.prompt.prefix.replace("\n", ""))
        texts = rollouts(asked[-1])
        if isinstance(texts, Failed):
            return texts
        return Samples(tuple(completion(text) for text in texts), 5, "tiny")

    found, _ = play(omegaprm(PROBLEM, (), OmegaPRM(**settings), POLICY), checking("42", answer))
    return found, asked


def wrong(found):
    """The bisected rollouts."""
    return [s for s in found.solutions if s.outcome is Verdict.WRONG]


def until_x(length):
    """A policy that knows the way, unless an x was written."""

    def rollouts(prefix):
        rest = "a" * (length - len(prefix))
        return [rest + "W"] * 2 if "x" in prefix else [rest + "A", rest + "A"]

    return rollouts


def with_root(root, then):
    return lambda prefix: then(prefix) if prefix else root


@pytest.mark.parametrize("place", range(8))
def test_the_first_error_is_found_wherever_it_is_with_log2_looks(place):
    wrong = "a" * place + "x" + "a" * (7 - place) + "W"
    found, asked = search(with_root([wrong, "aaaaaaaaA"], until_x(8)), k=2)
    solution = found.solutions[0]
    values = {e.prefix_id: e.score for e in found.evidence}
    ids = [prefix_id("p", solution.steps[: t + 1]) for t in range(9)]
    assert "".join(solution.steps) == lines(wrong)
    assert values[ids[place]] == 0.0
    assert place == 0 or values[ids[place - 1]] == 1.0
    assert len(asked) - 1 <= 4
    assert found.statistics["located"] == 1


def test_an_error_in_the_answer_is_found_without_rollouts_from_the_end():
    found, asked = search(with_root(["aaW", "aaA"], until_x(2)), k=2)
    assert asked == ["", "a", "aa"]
    assert [e.score for e in found.evidence] == [1.0, 1.0]


@pytest.mark.parametrize("root", [["aaA", "aaA"], ["aaW", "aaW"]])
def test_a_root_that_is_always_or_never_right_has_nothing_to_search(root):
    found, asked = search(with_root(root, until_x(2)), k=2)
    assert asked == [""]
    assert found.evidence == ()


def test_right_rollouts_of_the_root_are_solutions_too():
    found, _ = search(with_root(["aaA", "aaA"], until_x(2)), k=2)
    assert [(s.steps, s.outcome) for s in found.solutions] == [
        (("a\n", "a\n", "Answer: 42"), Verdict.CORRECT)
    ]


def test_a_rollout_is_selected_once_and_states_met_on_the_way_add_theirs():
    def rollouts(prefix):
        if prefix == "":
            return ["aaxaW", "aaaaA"]
        if "x" in prefix:
            return ["aW", "aW"]
        return ["axW", "aaA"] if prefix == "aa" else ["A", "A"]

    found, _ = search(rollouts, k=2)
    assert found.statistics["selected"] == 2
    assert [s.steps for s in wrong(found)] == [
        ("a\n", "a\n", "x\n", "a\n", "Answer: 7"),
        ("a\n", "a\n", "a\n", "x\n", "Answer: 7"),
    ]


def test_the_search_ends_at_its_limit():
    def rollouts(prefix):
        return ["xW", "bxW", "bA"] if prefix == "" else ["xW", "A", "bxW"]

    found, _ = search(rollouts, k=3, search_limit=2)
    assert found.statistics["selected"] == 2


def test_with_equal_values_the_shorter_rollout_is_selected_first():
    root = ["aaaaxaaW", "xW", "aaaxaW", "aaA"]
    four = lambda prefix: until_x(2)(prefix) * 2  # noqa: E731
    found, _ = search(with_root(root, four), k=4, search_limit=1)
    assert ["".join(s.steps) for s in wrong(found)] == [lines("xW")]


def test_a_state_that_ought_to_succeed_is_selected_before_one_that_seldom_does():
    """Q = alpha^(1 - MC): MC("aaa") = 3/4 comes before MC(root) = 1/4."""

    def rollouts(prefix):
        if prefix == "":
            return ["aaaxaaW", "xaW", "xaW", "aaaaA"]
        if "x" in prefix:
            return ["W"] * 4
        return ["bxW", "A", "A", "A"] if prefix == "aaa" else ["A"] * 4

    found, _ = search(rollouts, k=4, search_limit=3, beta=1.0, c_puct=0.0)
    texts = ["".join(s.steps) for s in wrong(found)]
    assert texts.index(lines("aaabxW")) < 2


def test_an_estimate_that_failed_leaves_the_place_open():
    def rollouts(prefix):
        return ["axaW", "aaaA"] if prefix == "" else Failed("server gone")

    found, _ = search(rollouts, k=2)
    assert found.statistics["located"] == 0
    assert wrong(found) == []
    assert [(e.verdict, e.reason) for e in found.evidence] == [(Verdict.UNKNOWN, "server gone")]


def test_an_estimate_that_came_short_leaves_the_place_open():
    def rollouts(prefix):
        return ["axaW", "aaaA"] if prefix == "" else ["aW"]

    found, _ = search(rollouts, k=2)
    assert (found.statistics["located"], wrong(found)) == (0, [])
    assert [(e.verdict, e.reason) for e in found.evidence] == [
        (Verdict.UNKNOWN, "completions that did not come: 1")
    ]


def test_token_mode_cuts_spans_no_shorter_than_a_sixteenth_of_a_solution():
    """Units are characters here; a rollout has 3 tokens, so the shortest span is one."""
    found, asked = search(with_root(["axW", "aaA"], until_x(2)), k=2, unit="tokens")
    [solution] = wrong(found)
    assert "".join(solution.steps) == lines("axW")
    # 13 characters are bisected down to the one that is wrong.
    assert len(asked) - 1 == 4
    dead = {e.prefix_id for e in found.evidence if e.verdict is Verdict.WRONG}
    prefixes = ["".join(solution.steps[: t + 1]) for t in range(len(solution.steps))]
    assert next(p for p in prefixes if prefix_id("p", (p,)) in dead) == "a\nx"


@pytest.mark.parametrize("how", ["paper", "bayes"])
def test_a_rollout_that_stops_at_once_has_no_step_to_find_an_error_in(how):
    found, _ = search(with_root(["", "aaA"], until_x(2)), k=2, search=how)
    assert [s.steps for s in found.solutions] == [("a\n", "a\n", "Answer: 42")]
    assert found.statistics["located"] == 0
