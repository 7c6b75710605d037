"""Repair, talked to with literal replies: solutions with a wrong answer only."""

import dataclasses
import json

import pytest

from labeler.driver.requests import Check, CheckResult, Failed
from labeler.labelers.repair import Repair, repair
from labeler.prompts import load_prompts
from labeler.records import Asks, Verdict, prefix_id
from tests.labelers.talking import POLICY, PROBLEM, STEPS, finish, samples, solution

DEFAULT, EMBEDDED = load_prompts("default"), load_prompts("embedded")
RIGHT, WRONG, UNKNOWN = Verdict.CORRECT, Verdict.WRONG, Verdict.UNKNOWN


def reply(*verdicts, replacement="5 * 4 = 20"):
    steps = [{"step": i, "analysis": "so", "verdict": v} for i, v in enumerate(verdicts, 1)]
    wrong = next((i for i, v in enumerate(verdicts, 1) if v == "wrong"), None)
    return json.dumps({"steps": steps, "first_wrong": wrong, "replacement": replacement})


def repaired(*rounds, solutions=None, prompts=DEFAULT, **settings):
    given = solutions or (solution(*STEPS),)
    return finish(
        repair(PROBLEM, given, Repair(prompts=prompts.folder, k=2, **settings), POLICY), *rounds
    )


def said(found):
    return [(e.asks, e.verdict, e.prefix_id) for e in found.evidence]


REPAIRED = ("2 + 3 = 5\n", "5 * 4 = 20\n")


def test_a_certified_repair_flags_the_step_and_adds_the_repaired_solution():
    asked, found = repaired(
        [samples(reply("correct", "wrong"))],
        [samples("Answer: 20", "Answer: 7", model="tiny-1b")],
        [CheckResult(RIGHT), CheckResult(WRONG)],
    )
    [[ask], [roll], checks] = asked
    assert (ask.requester, ask.n, roll.n, roll.prompt.prefix) == ("repair", 1, 2, "".join(REPAIRED))
    assert checks == [Check(PROBLEM, "20", "repair"), Check(PROBLEM, "7", "repair")]
    assert said(found) == [
        (Asks.CORRECTNESS, RIGHT, prefix_id("p", STEPS[:1])),
        (Asks.CORRECTNESS, WRONG, prefix_id("p", STEPS[:2])),
        (Asks.VALUE, RIGHT, prefix_id("p", REPAIRED)),
        (Asks.CORRECTNESS, RIGHT, prefix_id("p", REPAIRED)),
    ]
    assert found.evidence[1].rationale == "so; replace by: 5 * 4 = 20 (1 of 2 right)"
    [new] = found.solutions
    assert (new.steps, new.outcome) == ((*REPAIRED, "Answer: 20"), RIGHT)
    assert found.statistics == {
        "wrong_solutions": 1, "proposed": 1, "repairs": 1, "certified": 1,
        "replies": 2, "unread": 0,
    }  # fmt: skip


@pytest.mark.parametrize("min_right", [1, 2])
def test_a_repair_that_is_not_certified_leaves_everything_unknown(min_right):
    answers = ["Answer: 20", "Answer: 7"] if min_right == 2 else ["Answer: 8", "Answer: 7"]
    checks = [CheckResult(RIGHT if a == "Answer: 20" else WRONG) for a in answers]
    _, found = repaired(
        [samples(reply("correct", "wrong"))], [samples(*answers)], checks, min_right=min_right
    )
    share = f"{min_right - 1} of 2"
    assert [(e.verdict, e.reason) for e in found.evidence[:2]] == [
        (UNKNOWN, f"the repair is not certified: {share} rollouts end right")
    ] * 2
    assert found.solutions == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (reply("correct", "correct", "correct", replacement=None), "it finds no error"),
        (reply("correct", "wrong", replacement=None), "it names the first wrong step, but no"),
        (reply("correct", "wrong", replacement="5 * 4 = 21"), "its replacement is the wrong step"),
        ("", "empty reply"),
        (reply("correct")[:-60], "no verdict"),
    ],
)
def test_without_a_replacement_nothing_is_rolled_out(text, reason):
    _, found = repaired([samples(text)])
    assert [e.verdict for e in found.evidence] == [UNKNOWN] * 3
    assert all(e.reason.startswith(reason) for e in found.evidence)


def test_a_server_that_failed_is_unknown():
    _, found = repaired([Failed("503")])
    assert [(e.verdict, e.reason) for e in found.evidence] == [(UNKNOWN, "503")] * 3


def test_nothing_is_asked_of_right_solutions_or_without_a_reference():
    asked, found = repaired(solutions=(solution(*STEPS, outcome=RIGHT),))
    assert (asked, found.evidence) == ([], ())
    bare = dataclasses.replace(PROBLEM, reference_solution=())
    asked, found = finish(repair(bare, (solution(*STEPS),), Repair(), POLICY))
    assert (asked, found.statistics) == ([], {"without_reference": 1})


def test_the_embedded_annotators_repair_is_the_reference_step_it_names():
    steps = ("Step 1: so: 2 + 3 = 5.\n", "Step 2: so: 5 * 4 = 21.\n", "Answer: 21")
    text = (
        "Step 1: 2 + 3 = 5; reference 1: 2 + 3 = 5: right.\n"
        "Step 2: 5 * 4 = 21; reference 2: 5 * 4 = 20: wrong.\n"
    )
    asked, _ = repaired(
        [samples(text)],
        [samples("Answer: 20", "Answer: 20")],
        [CheckResult(RIGHT)],
        solutions=(solution(*steps),),
        prompts=EMBEDDED,
    )
    assert asked[1][0].prompt.prefix == "Step 1: so: 2 + 3 = 5.\n5 * 4 = 20\n"


def verdict_reply(*verdicts):
    steps = [{"step": i, "analysis": "so", "verdict": v} for i, v in enumerate(verdicts, 1)]
    return json.dumps({"steps": steps})


def test_a_solution_that_is_cut_goes_on_from_before_the_wrong_step_without_a_reference():
    bare = dataclasses.replace(PROBLEM, reference_solution=())
    asked, found = finish(
        repair(bare, (solution(*STEPS),), Repair(k=2, mode="cut"), POLICY),
        [samples(verdict_reply("correct", "wrong", "wrong"))],
        [samples("5 * 4 = 20\nAnswer: 20", "5 * 4 = 9\nAnswer: 9", model="tiny-1b")],
        [CheckResult(RIGHT), CheckResult(WRONG)],
    )
    [[ask], [roll], _] = asked
    assert "reference" not in "".join(m.content for m in ask.prompt.messages)
    assert roll.prompt.prefix == "2 + 3 = 5\n"
    assert [(e.asks, e.verdict, e.prefix_id, e.rationale) for e in found.evidence] == [
        (Asks.CORRECTNESS, RIGHT, prefix_id("p", STEPS[:1]), "so"),
        (Asks.CORRECTNESS, WRONG, prefix_id("p", STEPS[:2]), "so; cut there (1 of 2 right)"),
        (Asks.VALUE, RIGHT, prefix_id("p", STEPS[:1]), ""),
    ]
    [new] = found.solutions
    assert (new.steps, new.outcome) == (("2 + 3 = 5\n", "5 * 4 = 20\n", "Answer: 20"), RIGHT)


def test_a_first_step_that_is_wrong_is_written_anew_from_the_problem():
    asked, found = finish(
        repair(PROBLEM, (solution(*STEPS),), Repair(k=1, mode="cut"), POLICY),
        [samples(verdict_reply("wrong"))],
        [samples("Answer: 20", model="tiny-1b")],
        [CheckResult(RIGHT)],
    )
    assert asked[1][0].prompt.prefix == ""
    assert said(found) == [(Asks.CORRECTNESS, WRONG, prefix_id("p", STEPS[:1]))]


def test_settings_that_came_later_are_no_part_of_older_ones():
    assert "mode" not in Repair().model_dump()
    assert Repair(mode="cut").model_dump(mode="json")["mode"] == "cut"
