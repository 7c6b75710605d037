"""Labelers compared on given solutions: who is scored by what, and what reaches consensus."""

import asyncio

from labeler.consensus.first_zero import FirstZero
from labeler.driver.driver import Driver
from labeler.driver.journal import Journal
from labeler.driver.requests import Check, CheckResult
from labeler.driver.routing import Route
from labeler.evaluation.compare import compare, examine
from labeler.evaluation.first_flag import FirstFlag
from labeler.labelers.base import Findings
from labeler.problems.solved import SolutionRecord
from labeler.records import (
    Asks,
    Evidence,
    Generator,
    Problem,
    Sampling,
    Solution,
    Verdict,
    prefix_id,
)

PROBLEM = Problem("p", "math", "1 + 1 + 1?", "3")
STEPS = ("1 + 1 = 2.\n", "2 + 1 = 4.\n", "Answer: 4\n")


def solved(steps=STEPS, first_error=1, outcome=Verdict.WRONG):
    made = Generator("m", "", Sampling(), 0, "")
    solution = Solution(f"s{len(steps)}{outcome}", "p", steps, "4", outcome, "", made)
    return SolutionRecord(PROBLEM, solution, first_error)


def says(*verdicts, asks=Asks.CORRECTNESS, counts=None, score=None):
    """A labeler that says the same of every solution's steps."""

    def labeler(problem, solutions):
        yield from ()
        return Findings(
            tuple(
                Evidence(
                    prefix_id("p", solution.steps[: t + 1]),
                    "he",
                    "1",
                    asks,
                    verdict,
                    score=score,
                    n=counts[t][0] if counts else 0,
                    n_correct=counts[t][1] if counts else 0,
                    rationale=f"step {t}",
                )
                for solution in solutions
                for t, verdict in enumerate(verdicts)
            )
        )

    return labeler


def compared(tmp_path, cases, labelers, rules=()):
    async def check(batch):
        return [CheckResult(Verdict.CORRECT if r.answer == "3" else Verdict.WRONG) for r in batch]

    async def main():
        with Journal(tmp_path / "journal.sqlite") as journal:
            async with Driver({(Check, ""): Route("rules", check, 4, 1)}, journal) as driver:
                return await examine(cases, labelers, driver, {}, lambda: None)

    return compare(asyncio.run(main()), labelers, rules, {})


RIGHT, WRONG, UNKNOWN = Verdict.CORRECT, Verdict.WRONG, Verdict.UNKNOWN


def test_a_judge_is_scored_by_its_first_flag(tmp_path):
    found = compared(tmp_path, [solved()], {"judge": says(RIGHT, WRONG, WRONG)})
    assert (found.n, found.n_erroneous) == (1, 1)
    assert found.sources["judge"].acc_erroneous == 1.0
    assert found.sources["judge"].label_precision == 1.0


def test_silence_is_no_claim_that_all_is_right(tmp_path):
    found = compared(
        tmp_path, [solved(first_error=-1, outcome=RIGHT)], {"tool": says(RIGHT, UNKNOWN)}
    )
    tool = found.sources["tool"]
    assert (tool.acc_correct, tool.coverage, tool.unknown_rate) == (0.0, 0.0, 2 / 3)


def test_false_flags_are_listed_with_what_was_said(tmp_path):
    found = compared(tmp_path, [solved()], {"tool": says(WRONG)})
    [flag] = found.flags["tool"]
    assert (flag.step, flag.truth, flag.rationale) == (0, 1, "step 0")
    assert found.sources["tool"].false_flag_rate == 1.0


def test_a_labeler_by_rollouts_is_told_the_outcome_and_always_decides(tmp_path):
    rollouts = says(RIGHT, WRONG, asks=Asks.VALUE, counts=[(8, 7), (8, 0)])
    found = compared(tmp_path, [solved()], {"mc": rollouts}, [FirstZero()])
    assert found.sources["mc"].acc_erroneous == 1.0
    assert found.consensus["first_zero"].acc_erroneous == 1.0


def test_an_outcome_that_is_not_known_is_checked(tmp_path):
    rollouts = says(RIGHT, WRONG, asks=Asks.VALUE, counts=[(8, 7), (8, 0)])
    found = compared(tmp_path, [solved(outcome=UNKNOWN)], {"mc": rollouts}, [FirstZero()])
    assert found.consensus["first_zero"].coverage == 1.0


def test_rules_read_the_evidence_of_all_labelers(tmp_path):
    labelers = {"a": says(RIGHT, RIGHT, RIGHT), "b": says(RIGHT, WRONG)}
    found = compared(tmp_path, [solved()], labelers, [FirstFlag()])
    assert found.sources["a"].acc_erroneous == 0.0
    assert found.consensus["first_flag"].acc_erroneous == 1.0


def test_solutions_whose_first_error_is_unknown_are_left_out(tmp_path):
    assert compared(tmp_path, [solved(first_error=None)], {"a": says(RIGHT)}).n == 0


def test_scores_of_a_judge_are_its_probabilities(tmp_path):
    found = compared(tmp_path, [solved()], {"a": says(RIGHT, WRONG, score=0.25)})
    # P(right) 0.25 for a right step and for the wrong one: (0.75^2 + 0.25^2) / 2.
    assert found.sources["a"].brier == 0.3125
