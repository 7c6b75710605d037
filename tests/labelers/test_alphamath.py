"""AlphaMath's search, talked to by a policy whose steps are letters; "x" loses the value."""

import pytest

from labeler.driver.requests import Completion, Failed, Samples
from labeler.labelers.alphamath import AlphaMath, alphamath, puct
from labeler.labelers.base import Policy
from labeler.records import Problem, Sampling, Verdict, prefix_id
from tests.labelers.playing import checking, play

PROBLEM = Problem("p", "math", "?", "42")
POLICY = Policy("tiny", "1", "{problem}", "", Sampling(), "\n", run_seed=0)
ANSWERS = {"A": "Answer: 42", "W": "Answer: 7"}


def lines(text):
    """`abA` -> steps a, b and a right answer; `abW` -> a wrong one."""
    return "".join(ANSWERS.get(letter, f"{letter}\n") for letter in text)


def completion(text, *logprobs, finish="stop"):
    """A rollout whose tokens are its steps, each with a log-probability if any are given."""
    steps = tuple(lines(letter) for letter in text)
    return Completion(lines(text), len(text), finish, steps if logprobs else (), logprobs)


def search(rollouts, **settings):
    """Findings, and the prefixes that were asked; `rollouts` gives a prefix's continuations."""
    asked = []

    def answer(request):
        assert request.logprobs
        asked.append(request.prompt.prefix.replace("\n", ""))
        found = rollouts(asked[-1])
        if isinstance(found, Failed):
            return found
        made = [c if isinstance(c, Completion) else completion(c) for c in found]
        return Samples(tuple(made), 10, "tiny")

    found, _ = play(alphamath(PROBLEM, (), AlphaMath(**settings), POLICY), checking("42", answer))
    return found, asked


def values(found):
    """By prefix in letters: Q, N."""
    texts = {}
    for solution in found.solutions:
        for t in range(len(solution.steps)):
            texts[prefix_id("p", solution.steps[: t + 1])] = "".join(solution.steps[: t + 1])
    return {
        texts[e.prefix_id].replace("\n", ""): (None if e.score is None else 2 * e.score - 1, e.n)
        for e in found.evidence
    }


def knows_the_way(length):
    """All rollouts are right, unless an x was written; two of each."""

    def rollouts(prefix):
        rest = "a" * (length - len(prefix))
        return [rest + ("W" if "x" in prefix else "A")] * 2

    return rollouts


def test_every_rollout_is_backed_up_to_all_states_on_its_way():
    replies = {"": ["abA", "cW"], "a": ["bA", "dW"], "ab": ["A", "A"]}
    found, asked = search(replies.__getitem__, rounds=3, children=2, c_puct=0.0)
    # Down by Q: a has +1, c has -1; below a, b has +1.
    assert asked == ["", "a", "ab"]
    # a: its own rollout, b's and d's, and two from b. The last steps are decided by their answer.
    assert values(found) == {
        "a": (pytest.approx(3 / 5), 5), "c": (-1.0, 1), "ab": (1.0, 3), "ad": (-1.0, 1),
    }  # fmt: skip
    assert found.statistics == {
        "rounds": 3, "states": 5, "rollouts": 6, "replies": 6, "unread": 0,
    }  # fmt: skip


def test_with_gamma_a_rollout_counts_less_at_each_level_above_and_the_score_is_q():
    replies = {"": ["abA", "cW"], "a": ["bA", "dW"]}
    found, _ = search(replies.__getitem__, rounds=2, children=2, c_puct=0.0, gamma=0.5)
    # a: its own rollout, and half of b's and of d's.
    assert values(found) == {
        "a": (pytest.approx((1 + 0.5 - 0.5) / 3), 3), "c": (-1.0, 1), "ab": (1.0, 1),
        "ad": (-1.0, 1),
    }  # fmt: skip


def test_evidence_says_q_and_pays_for_what_was_sampled_from_there():
    replies = {"": ["aaA", "bW"], "a": ["bA", "dW"]}
    found, _ = search(replies.__getitem__, rounds=2, children=2, c_puct=0.0)
    first = found.evidence[0]
    assert first.rationale == "Q +0.333, N 3, prior 0.500"
    assert (first.verdict, first.score, first.n, first.n_correct) == (
        Verdict.CORRECT, pytest.approx(2 / 3), 3, 2,
    )  # fmt: skip
    assert (first.calls, first.prompt_tokens, first.completion_tokens) == (1, 10, 4)
    assert [e.calls for e in found.evidence[1:]] == [0, 0, 0]


@pytest.mark.parametrize("place", range(3))
def test_the_first_error_is_where_the_value_is_lost(place):
    def rollouts(prefix):
        rest = "a" * (2 - len(prefix))
        return ["x" + rest + "W", "a" + rest + "A"] if len(prefix) == place else (
            [rest + "aW"] * 2 if "x" in prefix else [rest + "aA"] * 2
        )  # fmt: skip

    found, _ = search(rollouts, rounds=30, children=2)
    q = {prefix: value for prefix, (value, _) in values(found).items()}
    alive = [q["a" * t] for t in range(1, place + 1)]
    assert all(value > 0 for value in alive)
    assert q["a" * place + "x"] == -1.0


def test_an_error_in_the_answer_leaves_all_prefixes_alive():
    found, _ = search(lambda p: ["aaW", "aaA"] if not p else knows_the_way(2)(p), rounds=9)
    assert {e.verdict for e in found.evidence} == {Verdict.CORRECT}


@pytest.mark.parametrize(("answer", "q"), [("A", 1.0), ("W", -1.0)])
def test_all_right_and_all_wrong(answer, q):
    found, _ = search(lambda p: ["a" * (2 - len(p)) + answer] * 2, rounds=9, children=2)
    assert {value for value, _ in values(found).values()} == {q}
    assert [s.outcome for s in found.solutions] == [
        Verdict.CORRECT if answer == "A" else Verdict.WRONG
    ]


def test_a_solution_of_one_step_has_no_state_to_value():
    found, asked = search(lambda p: ["A", "W"], rounds=9, children=2)
    assert (asked, found.evidence) == ([""], ())
    assert [s.steps for s in found.solutions] == [("Answer: 42",), ("Answer: 7",)]


def test_a_search_ends_when_nothing_is_left_to_expand():
    found, asked = search(knows_the_way(2), rounds=99, children=2)
    assert asked == ["", "a", "aa"]
    assert found.statistics["rounds"] == 3


def test_the_prior_is_the_mean_likelihood_of_the_step_s_tokens():
    texts = [completion("abA", -0.5, -9.0, -9.0), completion("cW", -2.0, -9.0)]
    found, _ = search(lambda p: texts if not p else ["A", "A"], rounds=1, children=2)
    assert [e.rationale for e in found.evidence] == [
        "Q +1.000, N 1, prior 0.607", "Q -1.000, N 1, prior 0.135",
    ]  # fmt: skip


def test_a_likely_step_is_expanded_before_an_unlikely_one_of_the_same_value():
    texts = [completion("bA", -3.0, 0.0), completion("aaA", -0.1, 0.0, 0.0)]
    _, asked = search(lambda p: texts if not p else ["A", "A"], rounds=2, children=2)
    assert asked == ["", "a"]


def test_puct():
    assert puct(0.5, 3, 0.2, 16, 1.5) == pytest.approx(0.5 + 1.5 * 0.2 * 4 / 4)
    assert puct(0.0, 0, 1.0, 4, 2.0) == 4.0


def test_what_was_cut_off_is_worth_nothing():
    cut = [completion("aa", finish="length"), completion("aA")]
    found, _ = search(lambda p: cut if not p else ["A"] * 2, rounds=1, children=2)
    assert values(found) == {"a": (1.0, 1)}
    never = [completion("aa", finish="length")] * 2
    found, _ = search(lambda p: never, rounds=1, children=2)
    assert [(e.verdict, e.n, e.reason) for e in found.evidence] == [
        (Verdict.UNKNOWN, 0, "cut off before its end: 2")
    ]
    assert found.solutions == ()


def test_fewer_completions_than_asked_leave_a_state_without_a_right_one_unknown():
    replies = {"": ["aW", "bA"], "b": ["A", "A"], "a": ["W"]}
    found, _ = search(lambda p: replies[p], rounds=3, children=2)
    by_value = {e.score: (e.verdict, e.n, e.reason) for e in found.evidence}
    assert by_value == {
        None: (Verdict.UNKNOWN, 2, "completions that did not come: 1"),
        1.0: (Verdict.CORRECT, 3, ""),
    }


def test_a_sampler_that_failed_is_asked_no_more_and_nothing_is_claimed():
    found, asked = search(lambda p: Failed("server gone"))
    assert (asked, found.evidence, found.solutions) == ([""], (), ())
    found, asked = search(lambda p: ["aA", "bW"] if not p else Failed("server gone"), children=2)
    assert asked == ["", "a", "b"]
    assert values(found) == {"a": (1.0, 1), "b": (-1.0, 1)}
