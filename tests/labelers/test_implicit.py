"""Log-ratios of two models, talked to with literal replies."""

import math

import pytest
from pydantic import ValidationError

from labeler.driver.requests import Failed, Score, Scores
from labeler.labelers.base import Findings
from labeler.labelers.implicit import Implicit, implicit
from labeler.records import Asks, Evidence, Verdict, prefix_id
from tests.labelers.talking import POLICY, PROBLEM, STEPS, finish, solution

TOKENS = ("2 + 3 ", "= 5\n", "5 * 4 ", "= 21\n", "Answer: 21")
TRAINED = Scores((-0.5, -0.25, -1.0, -4.0, -0.5), 7, "orm@1", TOKENS)
REFERENCE = Scores((-1.0, -0.75, -1.0, -2.0, -0.25), 7, "ref@1", TOKENS)
"""Log-ratios 0.5 + 0.5, 0 - 2, -0.25: with beta 0.5, r = 0.5, -1, -0.125."""
ONE = (solution(*STEPS),)


def said(*replies, settings=None, solutions=ONE):
    conversation = implicit(PROBLEM, solutions, settings or Implicit(beta=0.5), POLICY)
    return finish(conversation, *([list(replies)] if replies else []))


def piece(t, verdict=Verdict.UNKNOWN, **more):
    r, q = [(0.5, 0.5), (-1.0, -0.5), (-0.125, -0.625)][t]
    known = {
        "prefix_id": prefix_id("p", STEPS[: t + 1]), "labeler": "implicit",
        "labeler_version": "1+cumulative", "asks": Asks.VALUE, "verdict": verdict,
        "score": pytest.approx(1 / (1 + math.exp(-q)), abs=1e-12),
        "rationale": f"r {r:+.6g}, q {q:+.6g}",
        "model": "orm@1/ref@1", "signal": q,
        "reason": "a score, not a verdict" if verdict is Verdict.UNKNOWN else "",
    }  # fmt: skip
    cost = {"calls": 2, "prompt_tokens": 24} if t == len(STEPS) - 1 else {}
    return Evidence(**(known | cost | more))


def test_both_models_read_the_same_solution_and_q_adds_the_steps_up():
    [asked], found = said(TRAINED, REFERENCE)
    prompt = POLICY.prompt(PROBLEM)
    assert asked == [
        Score(prompt, "".join(STEPS), "orm", requester="implicit"),
        Score(prompt, "".join(STEPS), "reference", requester="implicit"),
    ]
    assert found == Findings(
        (piece(0), piece(1), piece(2)), statistics={"solutions": 1, "scored": 1}
    )


def test_the_other_reading_is_the_steps_own_share():
    _, found = said(TRAINED, REFERENCE, settings=Implicit(beta=0.5, reading="step"))
    assert [e.signal for e in found.evidence] == [0.5, -1.0, -0.125]


def test_beta_scales_and_does_no_more():
    _, found = said(TRAINED, REFERENCE, settings=Implicit(beta=1.0))
    assert [e.signal for e in found.evidence] == [1.0, -1.0, -1.25]


def test_a_threshold_on_the_sigmoid_makes_verdicts_as_the_authors_script_does():
    _, found = said(TRAINED, REFERENCE, settings=Implicit(beta=0.5, threshold=0.5))
    assert found.evidence == (
        piece(0, Verdict.CORRECT),
        piece(1, Verdict.WRONG),
        piece(2, Verdict.WRONG),
    )


OTHER = Scores((-1.0,) * 6, 7, "ref@1", ("2 ", "+ 3 ", *TOKENS[1:]))


@pytest.mark.parametrize(
    ("replies", "read", "reason"),
    [
        ((Failed("too long"), REFERENCE), 0, "too long"),
        ((TRAINED, Failed("no echo")), 0, "no echo"),
        ((TRAINED, OTHER), 25,
         "the two models cut the text into other tokens; they must share a tokenizer"),
    ],
)  # fmt: skip
def test_an_error_is_unknown_with_its_reason(replies, read, reason):
    _, found = said(*replies)
    assert found.evidence == tuple(
        piece(t, score=None, signal=None, model="", rationale="", reason=reason,
              prompt_tokens=read if t == 2 else 0)
        for t in range(3)
    )  # fmt: skip


def test_a_model_is_not_compared_with_itself():
    with pytest.raises(ValidationError, match="ratio to itself is 1"):
        Implicit(model="reference")


def test_without_a_solution_nothing_is_asked():
    assert said(solutions=()) == ([], Findings(statistics={"solutions": 0, "scored": 0}))
