"""What is said of a whole answer: it is the outcome, and no other solution's."""

from dataclasses import replace

import pytest

from labeler.consensus.base import Counts
from labeler.consensus.first_zero import FirstZero
from labeler.consensus.fusion import Fusion
from labeler.consensus.label import by_prefix, label_solution, recompute_solution
from labeler.consensus.observations import said_of
from labeler.consensus.sources import OUTCOME
from labeler.labelers.shared.last_step import last_step_evidence
from labeler.records import Asks, Evidence, Verdict, prefix_id
from tests.consensus.talk import PROBLEM, rollouts, solution

RIGHT, WRONG, UNKNOWN = Verdict.CORRECT, Verdict.WRONG, Verdict.UNKNOWN


def solver(verdict, n_steps=2, labeler="solver"):
    """What the solver says of a solution with so many steps."""
    prefix = prefix_id("p", solution(n_steps).steps)
    decided = verdict is not UNKNOWN
    return Evidence(
        prefix, labeler, "1", Asks.VALUE, verdict, None, int(decided), int(verdict is RIGHT),
        rationale="HiGHS: optimal" if decided else "", model="bubblewrap",
        reason="" if decided else "no sandbox",
    )  # fmt: skip


def labelled(one, *pieces, rule=None, about_it=()):
    grouped = by_prefix([*pieces, last_step_evidence(PROBLEM, one)])
    return label_solution(PROBLEM, one, grouped, rule or FirstZero(), about_it)


@pytest.mark.parametrize(
    ("checked", "solved", "outcome", "reason"),
    [
        (UNKNOWN, [RIGHT], RIGHT, "solver: HiGHS: optimal"),
        (UNKNOWN, [WRONG], WRONG, "solver: HiGHS: optimal"),
        (UNKNOWN, [UNKNOWN], UNKNOWN, ""),
        (UNKNOWN, [], UNKNOWN, ""),
        # The answer check goes first, and who contradicts himself says nothing.
        (WRONG, [RIGHT], WRONG, ""),
        (RIGHT, [WRONG], RIGHT, ""),
        (UNKNOWN, [RIGHT, WRONG], UNKNOWN, ""),
        (UNKNOWN, [UNKNOWN, WRONG], WRONG, "solver: HiGHS: optimal"),
    ],
)
def test_the_solvers_verdict_is_the_outcome_where_the_answer_check_has_none(
    checked, solved, outcome, reason
):
    pieces = [replace(solver(verdict), labeler_version=str(i)) for i, verdict in enumerate(solved)]
    found = labelled(solution(2, checked), *pieces)
    assert (found.solution.outcome, found.solution.outcome_reason) == (outcome, reason)


def test_rollouts_from_the_end_of_a_text_are_no_outcome():
    end = replace(rollouts(8, 8), prefix_id=prefix_id("p", solution(2).steps))
    assert labelled(solution(2, UNKNOWN), end).solution.outcome is UNKNOWN


def test_rows_that_an_earlier_build_wrote_get_it_when_they_are_decided_anew():
    one = solution(2, UNKNOWN)
    row = replace(labelled(one, solver(RIGHT)), solution=one)
    again = recompute_solution(row, FirstZero())
    assert again.solution.outcome is RIGHT
    assert recompute_solution(again, FirstZero()) == again


def test_the_outcome_is_one_voice_whoever_found_it():
    found = labelled(solution(2, UNKNOWN), solver(WRONG))
    said = said_of(found.solution, [step.evidence for step in found.steps])
    assert said == [{}, {OUTCOME: Counts(1, 0)}]
    checked = labelled(solution(2, WRONG), solver(WRONG))
    said = said_of(checked.solution, [step.evidence for step in checked.steps])
    assert [sorted(str(source) for source in step) for step in said] == [
        [],
        ["outcome", "solver@bubblewrap"],
    ]


@pytest.mark.parametrize("rule", [FirstZero(), Fusion()], ids=lambda rule: rule.name)
@pytest.mark.parametrize("verdict", [RIGHT, WRONG])
def test_a_solvers_verdict_is_no_value_of_a_solution_that_goes_on(rule, verdict):
    whole = labelled(solution(3, RIGHT), solver(verdict, 2), rule=rule)
    assert [[e.labeler for e in step.evidence] for step in whole.steps] == [[], [], ["outcome"]]


def test_what_rests_on_how_one_solution_ends_stands_in_its_row_only():
    flag = Evidence(
        prefix_id("p", solution(1).steps), "rubric", "1", Asks.CORRECTNESS, WRONG,
        rationale="false positive: miracle_step; a1",
    )  # fmt: skip
    plain = replace(flag, rationale="a1")
    right, wrong = solution(2, RIGHT), replace(solution(3, WRONG), solution_id="t")
    rows = [labelled(right, plain, about_it=[flag]), labelled(wrong, plain)]
    assert [row.steps[0].evidence for row in rows] == [(plain, flag), (plain,)]
