"""What replies without a readable answer do to rollouts, solving, and a run's identity."""

from dataclasses import replace
from fractions import Fraction

import pytest

from labeler.checking.answers.base import UNREAD, Reading
from labeler.checking.answers.readers import AS_BEFORE, AUTO, BY_DEFAULT
from labeler.config import RunConfig
from labeler.driver.requests import CheckResult, Completion, Samples
from labeler.labelers.base import MOST_UNREAD, Rollout, Rollouts, reading_counts
from labeler.labelling.solving import solve
from labeler.records import Problem, Rejection, Verdict
from labeler.unread import Unread, one_line, unread_by_asker
from tests.labelers.talking import POLICY

RIGHT, WRONG = CheckResult(Verdict.CORRECT), CheckResult(Verdict.WRONG, "different numbers")
NONE = BY_DEFAULT.unread()


def rollouts(*outcomes: CheckResult) -> Rollouts:
    text = Completion("text", 1, "stop")
    return Rollouts(tuple(Rollout(text, one, one.reason == UNREAD) for one in outcomes))


@pytest.mark.parametrize(
    ("outcomes", "value", "counts"),
    [
        ((RIGHT, WRONG, WRONG, WRONG, NONE), 0.25, (4, 1)),
        ((RIGHT, RIGHT, WRONG, NONE), None, (0, 0)),
        ((NONE, NONE), None, (0, 0)),
        ((RIGHT, RIGHT), 1.0, (2, 2)),
    ],
)
def test_a_prefix_of_whose_rollouts_more_than_a_fifth_cannot_be_read_has_no_value(
    outcomes, value, counts
):
    assert Fraction(1, 5) == MOST_UNREAD
    assert (rollouts(*outcomes).value, rollouts(*outcomes).counts) == (value, counts)


def test_a_run_may_hold_them_for_wrong_and_still_counts_them():
    held = Reading(AUTO, Verdict.WRONG).unread()
    found = rollouts(RIGHT, held)
    assert (found.value, reading_counts([found])) == (0.5, {"replies": 2, "unread": 1})


def test_a_sample_without_an_answer_is_rejected_with_its_text_and_counted():
    problem = Problem("p", "math", "1 + 1?", "2")
    talk = solve(problem, POLICY, 2, None)
    next(talk)
    replies = (Completion("I cannot say.", 3, "stop"), Completion("So it is 2 pens.", 4, "stop"))
    talk.send([Samples(replies, 5, "tiny")])
    with pytest.raises(StopIteration) as end:
        talk.send([RIGHT])
    solved = end.value.value
    assert solved.rejections == (Rejection("solve", "p/0", UNREAD, "I cannot say."),)
    assert (solved.n_replies, solved.n_unread, len(solved.solutions)) == (2, 1, 1)
    assert solved.solutions[0].final_answer == "2"


def test_the_line_names_who_asked_and_warns_from_two_percent():
    counts = {
        "solve": {"samples": 50, "replies": 50, "unread": 1},
        "omegaprm": {"states": 3, "replies": 100, "unread": 1},
        "judge": {"solved": 4},
    }
    found = unread_by_asker(counts)
    assert found == {"omegaprm": Unread(100, 1), "solve": Unread(50, 1)}
    assert {name: one.warns for name, one in found.items()} == {"omegaprm": False, "solve": True}
    assert one_line(found).startswith(
        "replies without a readable answer: omegaprm 1 of 100 (1.0%); solve 1 of 50 (2.0%): choose"
    )


def config(**more: object) -> RunConfig:
    content = {
        "problems": {"kind": "plain", "path": "p.jsonl"},
        "policy": {"engine": "transformers", "model": "m"},
        "labelers": [{"kind": "outcome"}],
    }
    return RunConfig.model_validate(content | more, strict=False)


def test_the_reading_is_part_of_a_runs_identity_but_for_the_one_before_there_was_a_choice():
    ways = [
        {}, {"answers": "marked"}, {"answers": "marked", "unreadable": "wrong"},
        {"answers": "last_number"}, {"answers": {"regex": "a"}}, {"answers": {"regex": "b"}},
    ]  # fmt: skip
    assert len({config(**way).identity() for way in ways}) == len(ways)
    assert config().identity() == config(answers="auto", unreadable="unknown").identity()
    known = config(answers="marked", unreadable="wrong").model_dump()
    assert (known["answers"], AS_BEFORE.fingerprint) == ("marked", "answers-marked-1-wrong")
    assert replace(AS_BEFORE) == Reading(AS_BEFORE.reader, Verdict.WRONG)
