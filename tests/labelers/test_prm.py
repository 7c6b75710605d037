"""A process reward model as a source, talked to with literal replies."""

import pytest
from pydantic import ValidationError

from labeler.driver.requests import Classified, Classify, Failed, Message, Prompt
from labeler.labelers.base import Findings
from labeler.labelers.prm import PRM, prm
from labeler.records import Asks, Evidence, Verdict, prefix_id
from tests.labelers.talking import POLICY, PROBLEM, STEPS, finish, solution

SCORES = (0.9, 0.25, 0.5)
REPLY = Classified(SCORES, 40, "prm@1")
ZEROS = {"solutions": 0, "steps": 0, "unknown": 0}


ONE = (solution(*STEPS),)


def said(*replies, settings=None, solutions=ONE):
    conversation = prm(PROBLEM, solutions, settings or PRM(), POLICY)
    return finish(conversation, *([list(replies)] if replies else []))


def piece(t, verdict=Verdict.UNKNOWN, **more):
    known = {
        "prefix_id": prefix_id("p", STEPS[: t + 1]), "labeler": "prm", "labeler_version": "1",
        "asks": Asks.CORRECTNESS, "verdict": verdict, "score": SCORES[t], "signal": SCORES[t],
        "model": "prm@1",
        "rationale": f"the model's score is {SCORES[t]:.4f}",
        "reason": "a score, not a verdict" if verdict is Verdict.UNKNOWN else "",
    }  # fmt: skip
    cost = {"calls": 1, "prompt_tokens": 40} if t == len(STEPS) - 1 else {}
    return Evidence(**(known | cost | more))


def test_one_request_per_solution_gives_scores_and_no_verdict():
    [[asked]], found = said(REPLY)
    assert asked == Classify(
        Prompt((Message("user", PROBLEM.text),)), STEPS, "prm", requester="prm"
    )
    assert found.evidence == (piece(0), piece(1), piece(2))
    assert found.statistics == {"solutions": 1, "steps": 3, "unknown": 0}


def test_a_threshold_makes_votes_of_scores_and_the_threshold_itself_is_right():
    _, found = said(REPLY, settings=PRM(threshold=0.5))
    assert found.evidence == (
        piece(0, Verdict.CORRECT, n=1, n_correct=1),
        piece(1, Verdict.WRONG, n=1),
        piece(2, Verdict.CORRECT, n=1, n_correct=1),
    )


def test_a_value_has_a_verdict_and_no_count_for_nobody_rolled_out():
    _, found = said(Classified(SCORES, 40, "prm@1", Asks.VALUE), settings=PRM(threshold=0.5))
    assert found.evidence == (
        piece(0, Verdict.CORRECT, asks=Asks.VALUE),
        piece(1, Verdict.WRONG, asks=Asks.VALUE),
        piece(2, Verdict.CORRECT, asks=Asks.VALUE),
    )


def test_the_settings_say_what_scores_are_of_where_the_family_has_it_wrong():
    _, found = said(Classified(SCORES, 40, "prm@1", Asks.VALUE), settings=PRM(asks="correctness"))
    assert {e.asks for e in found.evidence} == {Asks.CORRECTNESS}


def test_scores_are_read_off_a_rising_line_before_the_threshold():
    settings = PRM(calibration=((0.2, 0.0), (0.3, 0.5), (0.8, 1.0)), threshold=0.5)
    _, found = said(REPLY, settings=settings)
    scores = [e.score for e in found.evidence]
    assert scores == pytest.approx([1.0, 0.25, 0.7])
    assert [e.verdict for e in found.evidence] == [
        Verdict.CORRECT, Verdict.WRONG, Verdict.CORRECT,
    ]  # fmt: skip


@pytest.mark.parametrize("points", [((0.5, 0.1), (0.5, 0.2)), ((0.1, 0.9), (0.9, 0.1))])
def test_a_line_that_does_not_rise_is_no_calibration(points):
    with pytest.raises(ValidationError, match="its points must rise"):
        PRM(calibration=points)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Failed("the solution has 600 tokens, the model takes 512"),
         "the solution has 600 tokens, the model takes 512"),
        (Classified((0.5, 0.5), 40, "prm@1"), "no score for each step"),
    ],
)  # fmt: skip
def test_an_error_is_unknown_with_its_reason(reply, reason):
    _, found = said(reply, settings=PRM(threshold=0.5))
    assert found.evidence == tuple(
        piece(t, score=None, signal=None, model="", rationale="", reason=reason, calls=int(t == 2),
              prompt_tokens=0)
        for t in range(3)
    )  # fmt: skip


def test_what_two_solutions_share_is_said_once_and_both_calls_are_paid():
    other = (*STEPS[:2], "5 * 4 = 22\n")
    solutions = (solution(*STEPS), solution(*other))
    _, found = said(REPLY, Classified((0.9, 0.25, 0.125), 41, "prm@1"), solutions=solutions)
    assert [e.score for e in found.evidence] == [0.9, 0.25, 0.5, 0.125]
    assert sum(e.calls for e in found.evidence) == 2
    assert sum(e.prompt_tokens for e in found.evidence) == 81


def test_without_a_solution_nothing_is_asked():
    assert said(solutions=()) == ([], Findings(statistics=ZEROS))
