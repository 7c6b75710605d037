"""What a tool computes weighs more than what a model says, and its counts are no votes."""

from dataclasses import replace

import pytest

from labeler.consensus.base import Counts, fitted
from labeler.consensus.fusion import Fusion
from labeler.consensus.label import recompute_solution
from labeler.consensus.sources import counts_by_source
from labeler.labelers.methods import METHODS
from labeler.records import (
    Consensus,
    LabeledSolution,
    LabeledStep,
    Verdict,
)
from tests.consensus.talk import PROBLEM, said, solution, steps


def flagged(*, n, n_correct):
    return replace(said("-", "tool_check", ""), n=n, n_correct=n_correct)


def test_claims_that_hold_are_no_votes_for_the_step():
    [counts] = counts_by_source([flagged(n=3, n_correct=2)]).values()
    assert counts == Counts(1, 0)


@pytest.mark.parametrize("outcome", list(Verdict))
def test_a_flag_of_a_tool_is_believed_even_where_the_answer_is_right(outcome):
    evidence = [(), (flagged(n=2, n_correct=1),), ()]
    decision = Fusion().decide(solution(3, outcome), evidence)
    assert decision.probabilities[1] < 0.15
    # The error may lie before the step that it shows in.
    assert decision.first_error in (None, 1)


def test_the_same_flag_by_a_judge_alone_is_not():
    decision = Fusion().decide(solution(3, Verdict.CORRECT), steps(("judge", " - ")))
    assert decision.probabilities[1] > 0.5


def test_a_tool_that_only_ever_flags_is_not_learned_away():
    def row(name, outcome, evidence):
        made = solution(3, outcome, name)
        marked = tuple(
            LabeledStep(text, f"{name}{t}", None, None, pieces)
            for t, (text, pieces) in enumerate(zip(made.steps, evidence, strict=True))
        )
        return LabeledSolution(PROBLEM, made, marked, None, Consensus("", False, ""))

    silent = [row(f"r{i}", Verdict.CORRECT, [(), (), ()]) for i in range(50)]
    flags = [(), (flagged(n=1, n_correct=0),), ()]
    rows = [*silent, *(row(f"w{i}", Verdict.CORRECT, flags) for i in range(10))]
    rule = fitted(Fusion(), rows)
    assert all(recompute_solution(one, rule).steps[1].probability < 0.25 for one in rows[50:])


def test_which_labelers_are_tools():
    assert sorted(method.name for method in METHODS.values() if method.is_tool) == [
        "diagnostics",
        "program",
        "tool_check",
        "trace",
    ]
