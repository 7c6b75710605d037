"""SCAN's denoised labels and relative progress, by hand from literal counts."""

from dataclasses import replace

import pytest

from labeler.consensus.base import Counts, Decision, Learner, fitted
from labeler.consensus.label import by_prefix, label_solution, recompute_solution
from labeler.consensus.pass_rates import PassRates, pass_rates
from labeler.consensus.progress import progress
from labeler.consensus.relative_progress import RelativeProgress
from labeler.consensus.scan import Scan, ScanRule
from labeler.records import Evidence, ProblemSamples, Verdict
from tests.consensus.talk import PROBLEM, rollouts, solution, steps

RIGHT, WRONG, UNKNOWN = Verdict.CORRECT, Verdict.WRONG, Verdict.UNKNOWN
EIGHTY = PassRates({"p": Counts(10, 8)})


def mc(*counts):
    return steps(("monte_carlo", list(counts)))


def scanned(counts, outcome=WRONG, **settings):
    return Scan(ScanRule(**settings), rates=EIGHTY).decide(
        solution(len(counts), outcome), mc(*counts)
    )


@pytest.mark.parametrize(
    ("counts", "place", "soft"),
    [
        # SC = 0.8. Two steps before the zero count as 0.5 / 0.8 and 0.25 / 0.8, others as alive.
        ([(8, 6), (8, 2), (8, 4), (8, 2), (8, 0), (1, 0)], 4, (1.0, 1.0, 0.625, 0.3125, 0.0, None)),
        ([(8, 0), (8, 0), (1, 0)], 0, (0.0, None, None)),
        # Only the answer shows the error; 8/8 is more than SC, and no label is more than 1.
        ([(8, 8), (8, 4), (1, 0)], 2, (1.0, 0.625, 0.0)),
        # A step that a search passed over: alive, but near the error its value is not known.
        ([None, (8, 8), None, (8, 8), (8, 0), (1, 0)], 4, (1.0, 1.0, None, 1.0, 0.0, None)),
        ([(1, 0)], 0, (0.0,)),
    ],
)
def test_soft_labels_of_a_wrong_solution_by_distance_from_its_first_zero(counts, place, soft):
    decision = scanned(counts)
    assert decision.first_error == place
    assert decision.probabilities == pytest.approx(soft)
    assert decision.labels == (*[1] * place, -1, *[None] * (len(counts) - place - 1))
    assert decision.kept


@pytest.mark.parametrize(
    ("tolerance", "soft"),
    [(0, (1.0, 1.0, 0.0, None)), (1, (1.0, 0.3125, 0.0, None)), (9, (0.625, 0.3125, 0.0, None))],
)
def test_the_tolerance_is_how_far_the_soft_labels_reach(tolerance, soft):
    decision = scanned([(8, 4), (8, 2), (8, 0), (1, 0)], tolerance=tolerance)
    assert decision.probabilities == pytest.approx(soft)


def test_a_right_answer_is_believed_without_a_look_at_rollouts():
    decision = scanned([(8, 0), None, (1, 1)], RIGHT)
    assert decision == Decision(-1, (1, 1, 1), (1.0, 1.0, 1.0))


@pytest.mark.parametrize(
    ("rates", "counts", "outcome", "reason"),
    [
        (Counts(10, 7), [(8, 8), (8, 0), (1, 0)], WRONG, "self-confidence 7 of 10 is below 0.75"),
        (Counts(10, 7), [(8, 8), (8, 0), (1, 1)], RIGHT, "self-confidence 7 of 10 is below 0.75"),
        (Counts(0, 0), [(8, 8), (8, 0), (1, 0)], WRONG,
         "no self-confidence: no solution of its problem was decided"),
        (Counts(4, 4), [(8, 8), (8, 8)], UNKNOWN, "its outcome is unknown"),
        (Counts(4, 3), [(8, 8), None, (8, 0), (1, 0)], WRONG,
         "first error between steps 1 and 2"),
    ],
)  # fmt: skip
def test_what_is_left_out_and_why(rates, counts, outcome, reason):
    rule = Scan(rates=PassRates({"p": rates}))
    decision = rule.decide(solution(len(counts), outcome), mc(*counts))
    nothing = (None,) * len(counts)
    assert decision == Decision(None, nothing, nothing, reason)


def short(n=5):
    """What `monte_carlo` says where completions did not come and none that came is right."""
    return replace(rollouts(8, 0), verdict=UNKNOWN, score=None, n=n, reason="3 did not come")


def test_evidence_that_came_short_is_no_zero():
    evidence = [(rollouts(8, 8),), (short(),), (rollouts(1, 0),)]
    written = solution(3)
    assert Scan(rates=EIGHTY).decide(written, evidence).reason == (
        "first error between steps 1 and 2"
    )
    decision = RelativeProgress(rates=EIGHTY).decide(written, evidence)
    assert (decision.first_error, decision.reason) == (None, "no rollouts on some step")


def labelled(name, outcome, problem=PROBLEM):
    written = replace(solution(1, outcome, name), problem_id=problem.problem_id)
    return label_solution(problem, written, by_prefix(()), Scan())


def test_the_self_confidence_of_a_problem_is_the_share_of_its_right_solutions():
    other = replace(PROBLEM, problem_id="q")
    rows = [
        labelled("a", RIGHT), labelled("b", RIGHT), labelled("c", WRONG), labelled("d", UNKNOWN),
        labelled("e", WRONG, other), labelled("f", UNKNOWN, replace(PROBLEM, problem_id="r")),
    ]  # fmt: skip
    found = pass_rates(rows)
    assert found.by_problem == {"p": Counts(3, 2), "q": Counts(1, 0)}
    assert found.report() == {"n_problems": 2, "n_solutions": 4, "mean_pass_rate": 1 / 3}
    rule = fitted(Scan(ScanRule(min_self_confidence=0.6)), rows)
    assert isinstance(rule, Learner)
    assert rule.report() == {**found.report(), "n_problems_trusted": 1}


@pytest.mark.parametrize(
    ("counts", "min_correct", "right"),
    [
        # The ratio 1/2 of a value that rests on two right rollouts is noise; MC > 0 decides.
        ([(8, 2), (8, 1), (1, 0)], 4, [True, True, False]),
        ([(8, 2), (8, 1), (1, 0)], 0, [True, False, False]),
        ([(8, 8), (8, 4), (1, 0)], 4, [True, False, False]),
        # Counts differ from step to step: 8/16 after 6/8 is a ratio of 2/3.
        ([(8, 6), (16, 8), (1, 1)], 4, [True, False, True]),
        ([(8, 0), (8, 8), (1, 1)], 4, [False, False, False]),
        ([(1, 1)], 4, [True]),
        ([(1, 0)], 4, [False]),
    ],
)
def test_a_ratio_is_believed_only_where_enough_stands_under_it(counts, min_correct, right):
    assert progress([Counts(*c) for c in counts], 0.8, min_correct=min_correct) == right


@pytest.mark.parametrize(
    ("pass_rate", "right"),
    [
        (Counts(0, 0), True),  # unknown: MC > 0
        (Counts(16, 10), True),  # 4/8 after 10/16 is 0.8
        (Counts(16, 11), False),
        (Counts(2, 2), True),  # too few solutions to divide by
    ],
)
def test_before_the_first_step_stands_the_problem_s_pass_rate(pass_rate, right):
    found = progress([Counts(8, 4), Counts(8, 4)], 0.8, start=pass_rate, min_correct=4)
    assert found == [right, True]


@pytest.mark.parametrize(
    ("counts", "place"),
    [
        ([(8, 2), (8, 2), (1, 0)], 0),
        ([(8, 7), (8, 5), (8, 5), (1, 0)], 1),
        ([(8, 7), (8, 6), (1, 0)], 2),
        ([(8, 7), (8, 6), (1, 1)], -1),
        ([(8, 0), (8, 0), (1, 0)], 0),
        ([(1, 0)], 0),
    ],
)
def test_relative_progress_puts_the_first_error_at_the_first_fall(counts, place):
    rule = RelativeProgress(rates=PassRates({"p": Counts(10, 8)}))
    decision = rule.decide(solution(len(counts)), mc(*counts))
    assert (decision.first_error, decision.kept) == (place, True)


def test_judges_say_nothing_about_value():
    judged = Evidence("", "judge", "1", "correctness", WRONG)
    evidence = [(rollouts(8, 8), judged), (rollouts(1, 0),)]
    assert Scan(rates=EIGHTY).decide(solution(2), evidence).first_error == 1
    assert RelativeProgress().decide(solution(2), evidence).first_error == 1


def test_a_wrong_answer_that_nothing_places_is_left_open():
    reason = "its answer is wrong, and nothing says where"
    assert scanned([(8, 8), (8, 8)]) == Decision(None, (None, None), (None, None), reason)


def drawn(name, outcome, samples, problem=PROBLEM):
    row = labelled(name, outcome, problem)
    return replace(row, solution=replace(row.solution, samples=samples))


SIXTEEN = ProblemSamples(seed=7, n=16, n_decided=16, n_correct=15)


@pytest.mark.parametrize(
    ("rows", "counts"),
    [
        # Fifteen samples of one text and one other: two rows, sixteen samples.
        ([drawn("a", RIGHT, SIXTEEN), drawn("b", WRONG, SIXTEEN)], Counts(16, 15)),
        # What a search wrote beside them, or a row that a filter left out, changes nothing.
        ([drawn("b", WRONG, SIXTEEN)], Counts(16, 15)),
        ([drawn(name, WRONG, SIXTEEN) for name in "abcdef"], Counts(16, 15)),
        # One that was cut off is no sample that failed.
        ([drawn("a", RIGHT, ProblemSamples(7, 16, 15, 15))], Counts(15, 15)),
        # Two runs drew twice, also where they found as many right.
        ([drawn("a", RIGHT, SIXTEEN), drawn("a", RIGHT, replace(SIXTEEN, seed=8))], Counts(32, 30)),
        # Beside samples, rows without any are passed over; without samples they count themselves.
        ([drawn("a", RIGHT, SIXTEEN), drawn("c", WRONG, None)], Counts(16, 15)),
        ([drawn("a", RIGHT, None), drawn("c", WRONG, None)], Counts(2, 1)),
        # No sample could be decided, but a method of whole answers found outcomes.
        ([drawn("a", RIGHT, ProblemSamples(7, 16, 0, 0))], Counts(1, 1)),
    ],
)  # fmt: skip
def test_pass_rates_are_those_of_all_samples(rows, counts):
    assert pass_rates(rows).by_problem == {"p": counts}
    assert pass_rates(rows[::-1]).by_problem == {"p": counts}


def test_no_solution_is_dropped_for_a_rate_that_deduplication_made():
    rows = [drawn("a", RIGHT, SIXTEEN), drawn("b", WRONG, SIXTEEN)]
    rule = fitted(Scan(), rows)
    assert [recompute_solution(row, rule).consensus.reason for row in rows] == [
        "",
        "no evidence on the end",
    ]
    before = fitted(Scan(), [drawn("a", RIGHT, None), drawn("b", WRONG, None)])
    assert recompute_solution(rows[0], before).consensus.reason == (
        "self-confidence 1 of 2 is below 0.75"
    )
