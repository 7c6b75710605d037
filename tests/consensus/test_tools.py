"""What a tool computes weighs more than what a model says, and its counts are no votes."""

from dataclasses import replace

import pytest

from labeler.consensus.base import Counts, fitted
from labeler.consensus.each_step import EachStep
from labeler.consensus.fusion import Fusion
from labeler.consensus.label import recompute_solution
from labeler.consensus.observations import against_each_kind
from labeler.consensus.sources import (
    NOTHING_FALSE,
    Source,
    counts_by_source,
    found_nothing_false,
)
from labeler.labelers.methods import METHODS
from labeler.records import (
    Asks,
    Consensus,
    LabeledSolution,
    LabeledStep,
    Verdict,
)
from tests.consensus.simulation import JUDGE, Judge, ece, simulate
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


def row_of(name, outcome, evidence):
    made = solution(3, outcome, name)
    marked = tuple(
        LabeledStep(text, f"{name}{t}", None, None, pieces)
        for t, (text, pieces) in enumerate(zip(made.steps, evidence, strict=True))
    )
    return LabeledSolution(PROBLEM, made, marked, None, Consensus("", False, ""))


def test_a_tool_that_only_ever_flags_is_not_learned_away():
    silent = [row_of(f"r{i}", Verdict.CORRECT, [(), (), ()]) for i in range(50)]
    flags = [(), (flagged(n=1, n_correct=0),), ()]
    rows = [*silent, *(row_of(f"w{i}", Verdict.CORRECT, flags) for i in range(10))]
    rule = fitted(Fusion(), rows)
    assert all(recompute_solution(one, rule).steps[1].probability < 0.25 for one in rows[50:])


@pytest.mark.parametrize(
    ("pieces", "probability"),
    [
        ([replace(flagged(n=1, n_correct=0), score=0.05)], 0.05),
        ([flagged(n=1, n_correct=0)], 0.0),  # a tool that does not say what its flags are worth
        ([replace(flagged(n=1, n_correct=0), score=0.05), said("-", "judge", "")], 0.0),
        ([said("-", "program", "")], 0.0),
        ([said("+", "program", "")], 1.0),
        ([said("?", "tool_check", "")], None),
    ],
)
def test_without_learning_a_flag_is_worth_what_it_says_itself(pieces, probability):
    assert EachStep().decide(solution(1, None), [tuple(pieces)]).probabilities == (probability,)


def test_which_labelers_are_tools():
    assert sorted(method.name for method in METHODS.values() if method.is_tool) == [
        "diagnostics",
        "entity_gain",
        "evidence_check",
        "program",
        "sufficiency",
        "tool_check",
        "tool_match",
        "trace",
    ]


def looked(*, n=1, n_correct=1, reason="1 claims hold"):
    """A tool that decided claims of a step and flagged none."""
    piece = said("+", "tool_check", "")
    return replace(piece, verdict=Verdict.UNKNOWN, n=n, n_correct=n_correct, reason=reason)


TOOL = Source(Asks.CORRECTNESS, "tool_check", "", NOTHING_FALSE)


@pytest.mark.parametrize(
    ("pieces", "found"),
    [
        ([looked()], {TOOL}),
        ([looked(n=3, n_correct=3)], {TOOL}),
        ([looked(n=0, n_correct=0, reason="no claim that arithmetic can decide")], set()),
        ([looked(n=0, n_correct=0, reason="ran out of time")], set()),
        ([flagged(n=2, n_correct=1)], set()),
        ([looked(), flagged(n=2, n_correct=1)], set()),
        ([said("+", "judge", "tiny")], set()),
    ],
)
def test_which_tools_found_nothing_false(pieces, found):
    assert found_nothing_false(pieces) == found


def test_a_flag_that_was_not_raised_speaks_against_each_kind_that_was():
    sums, counts = (TOOL._replace(kind=kind) for kind in ("arithmetic", "count"))
    judge = Source(Asks.CORRECTNESS, "judge", "tiny")
    assert against_each_kind({TOOL: Counts(1, 1), judge: Counts(1, 0)}, [judge, sums, counts]) == {
        judge: Counts(1, 0), sums: Counts(1, 1), counts: Counts(1, 1),
    }  # fmt: skip


@pytest.mark.parametrize("outcome", [Verdict.WRONG, Verdict.UNKNOWN])
def test_a_tool_that_flags_nothing_labels_nothing(outcome):
    flag = replace(flagged(n=1, n_correct=0), reason="arithmetic")
    rows = [row_of(f"w{i}", Verdict.WRONG, [(looked(),), (flag,), ()]) for i in range(20)]
    rule = fitted(Fusion(), rows)
    decision = rule.decide(solution(3, outcome), [(looked(),)] * 3)
    assert (decision.labels, decision.first_error, decision.kept) == ((None,) * 3, None, False)


def tool_of(piece):
    """A simulated voice as what `tool_check` says: it never calls a step right."""
    if piece.labeler != "tool_check":
        return piece
    if piece.verdict is Verdict.WRONG:
        return replace(piece, n=1, n_correct=0, reason="arithmetic")
    return replace(piece, verdict=Verdict.UNKNOWN, n=1, n_correct=1, reason="1 claims hold")


def without_answers(seed):
    """Solutions of which nobody knows the outcome, judged and looked at by a tool; the truth."""
    tool = Judge("tool_check", "", right=0.9995, error=0.5, after=0.87, stops=False)
    for row, truth in simulate(600, (JUDGE, tool), seed, monte_carlo=False):
        unknown = replace(row.solution, outcome=Verdict.UNKNOWN)
        told = tuple(replace(s, evidence=tuple(map(tool_of, s.evidence))) for s in row.steps)
        yield replace(row, solution=unknown, steps=told), truth


@pytest.mark.parametrize("seed", range(3))
def test_a_judge_and_a_tool_are_calibrated_where_no_answer_is_known(seed):
    """What the tool leaves alone tells right steps from those behind an error, as the judge cannot:
    without it, most steps of this set were taken for such (ECE 0.26 to 0.30)."""
    rows, truths = zip(*without_answers(seed), strict=True)
    rule = fitted(Fusion(), rows)
    promised, happened = [], []
    for row, truth in zip(rows, truths, strict=True):
        posterior = rule.first_error_posterior(row.solution, [s.evidence for s in row.steps])
        for t in range(len(row.steps)):
            promised.append(1 - sum(posterior[: t + 1]))
            happened.append(truth == -1 or t < truth)
    assert ece(promised, happened) < 0.04
