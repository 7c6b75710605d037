"""Information gain and path faithfulness, talked to with literal replies."""

import dataclasses
import math

import pytest
from pydantic import ValidationError

from labeler.driver.requests import Failed, Score, Scores
from labeler.labelers.information_gain import InformationGain, information_gain
from labeler.records import Asks, Evidence, Verdict, prefix_id
from tests.labelers.talking import POLICY, PROBLEM, STEPS, finish, solution

ONE = (solution(*STEPS),)


def answer(*logprobs):
    """The gold answer 20 in two tokens, behind a space that is one of its own."""
    return Scores((-9.0, *logprobs), 10, "tiny@1", (" ", "2", "0"))


BELIEFS = [answer(-2.0, -2.0), answer(-0.5, -1.5), answer(-4.0, -2.0), answer(-3.0, -3.0)]
"""Mean log-probabilities -2, -1, -3, -3 before the first step and after each of the three."""


def said(replies, settings=None, problem=PROBLEM, solutions=ONE):
    conversation = information_gain(problem, solutions, settings or InformationGain(), POLICY)
    return finish(conversation, *([replies] if replies else []))


def piece(t, signal, score, rationale, verdict=Verdict.UNKNOWN, **more):
    known = {
        "prefix_id": prefix_id("p", STEPS[: t + 1]), "labeler": "information_gain",
        "labeler_version": "1", "asks": Asks.VALUE, "verdict": verdict, "score": score,
        "rationale": rationale, "model": "tiny@1", "signal": signal,
        "reason": "a score, not a verdict" if verdict is Verdict.UNKNOWN else "",
    }  # fmt: skip
    cost = {"calls": 4, "prompt_tokens": 52} if t == 0 else {}
    return Evidence(**(known | cost | more))


def test_the_answer_is_asked_behind_every_prefix_and_a_step_is_what_it_adds():
    [asked], found = said(BELIEFS)
    prompts = [
        POLICY.prompt(PROBLEM, (*STEPS[:t], "Answer:" if t < 3 else "\nAnswer:")) for t in range(4)
    ]
    assert asked == [
        Score(prompt, " 20", "policy", requester="information_gain") for prompt in prompts
    ]
    assert found.evidence == (
        piece(0, 1.0, math.exp(-1), "gain +1, log p -1"),
        piece(1, -2.0, math.exp(-3), "gain -2, log p -3"),
        piece(2, 0.0, math.exp(-3), "gain +0, log p -3"),
    )
    assert found.statistics == {"solutions": 1, "scored": 3}


def test_the_released_code_takes_the_difference_of_probabilities():
    _, found = said(BELIEFS, InformationGain(scale="probability"))
    p = [math.exp(x) for x in (-2, -1, -3, -3)]
    assert [e.signal for e in found.evidence] == [p[1] - p[0], p[2] - p[1], 0.0]


def test_what_closes_the_answer_does_not_count():
    closed = [
        dataclasses.replace(one, logprobs=(*one.logprobs, -7.0), tokens=(*one.tokens, "</a>"))
        for one in BELIEFS
    ]
    [asked], found = said(closed, InformationGain(bridge="\n<a> {answer}</a>"))
    assert asked[1].continuation == " 20</a>"
    assert asked[1].prompt.prefix == STEPS[0] + "<a>"
    assert [e.signal for e in found.evidence] == [1.0, -2.0, 0.0]


def test_a_loss_beyond_the_limit_is_wrong_and_a_gain_is_never_right():
    _, found = said(BELIEFS, InformationGain(drop=1.5))
    assert [e.verdict for e in found.evidence] == [
        Verdict.UNKNOWN, Verdict.WRONG, Verdict.UNKNOWN,
    ]  # fmt: skip


def test_solutions_that_share_a_beginning_ask_for_it_once():
    other = solution(*STEPS[:2], "Answer: 22")
    [asked], found = said([*BELIEFS, BELIEFS[1]], solutions=(*ONE, other))
    assert len(asked) == 5
    assert len(found.evidence) == 4


def test_an_error_silences_the_two_steps_it_stands_between():
    _, found = said([BELIEFS[0], Failed("too long"), *BELIEFS[2:]])
    assert [(e.signal, e.reason) for e in found.evidence] == [
        (None, "too long"), (None, "too long"), (0.0, "a score, not a verdict"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("problem", "settings", "reason"),
    [
        (dataclasses.replace(PROBLEM, gold_answer=None), None, "the problem has no gold answer"),
        (dataclasses.replace(PROBLEM, reference_solution=()),
         InformationGain(reading="faithfulness"), "the problem has no reference solution"),
    ],
)  # fmt: skip
def test_without_what_it_needs_nothing_is_asked(problem, settings, reason):
    asked, found = said([], settings, problem)
    assert asked == []
    assert {(e.verdict, e.reason) for e in found.evidence} == {(Verdict.UNKNOWN, reason)}
    assert len(found.evidence) == 3


def read(mean):
    return Scores((mean - 0.5, mean + 0.5), 10, "tiny@1", ("a", "b"))


def test_faithfulness_takes_the_suffix_of_the_reference_that_gains_most():
    """Step 0 is compared at both steps of the reference, later ones at its last."""
    replies = {
        (1, 0): read(-1.0), (0, 0): read(-1.5), (1, 1): read(-2.0), (0, 1): read(-3.0),
        (2, 1): read(-2.5), (3, 1): read(-2.25),
    }  # fmt: skip
    conversation = information_gain(PROBLEM, ONE, InformationGain(reading="faithfulness"), POLICY)
    asked = next(conversation)
    texts = {"2 + 3 = 5\n5 * 4 = 20": 0, "5 * 4 = 20": 1}
    starts = {POLICY.prompt(PROBLEM, STEPS[:t]).prefix: t for t in range(3)}
    starts["".join(STEPS) + "\n"] = 3
    keys = [(starts[one.prompt.prefix], texts[one.continuation]) for one in asked]
    assert keys == [(1, 0), (0, 0), (1, 1), (0, 1), (2, 1), (3, 1)]
    with pytest.raises(StopIteration) as stop:
        conversation.send([replies[key] for key in keys])
    assert [(e.signal, e.rationale) for e in stop.value.value.evidence] == [
        (1.0, "gain +1 of the reference from its step 1"),
        (-0.5, "gain -0.5 of the reference from its step 1"),
        (0.25, "gain +0.25 of the reference from its step 1"),
    ]


def test_a_bridge_without_a_place_for_the_answer():
    with pytest.raises(ValidationError, match="exactly once"):
        InformationGain(bridge="Answer:")
