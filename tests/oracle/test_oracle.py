"""The oracle says exactly which steps are right, and what kind of error the first wrong one is."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.errors import ConfigError
from labeler.oracle.generate import Difficulty, generate_problem
from labeler.oracle.graph import Node, OracleProblem, Result, reference_steps
from labeler.oracle.mistakes import TEACHABLE, with_mistake
from labeler.oracle.oracle import ErrorKind as E
from labeler.oracle.oracle import grade
from labeler.oracle.tasks import annotate_answer, judge_answer, read_verdicts
from labeler.records import Problem, Verdict

# Mia has 45 apples. She buys 3 bags of 7 apples. She gives 6 to Tom. Tom has 12 books.
NODES = (
    Node("buys 3 bags of 7", "*", 3, 7),
    Node("then", "+", 45, Result(0)),
    Node("gives 6", "-", Result(1), 6),
)
REFERENCE = reference_steps(NODES, (21, 66, 60))
PROBLEM = OracleProblem(
    Problem("p", "math", "Mia has 45 apples ...", "60", REFERENCE), NODES, stray=(12,)
)
BUY, ADD, GIVE, ANSWER = REFERENCE


def test_the_reference_reads_as_people_write_it():
    assert "".join(REFERENCE) == (
        "Step 1: buys 3 bags of 7: 3 * 7 = 21.\n"
        "Step 2: then: 45 + 21 = 66.\n"
        "Step 3: gives 6: 66 - 6 = 60.\n"
        "Answer: 60"
    )


@pytest.mark.parametrize(
    ("steps", "errors"),
    [
        pytest.param([BUY, ADD, GIVE, ANSWER], [None] * 4, id="right"),
        pytest.param(
            [BUY, "Step 2: then: 21 + 45 = 66.\n", GIVE, ANSWER], [None] * 4, id="sums commute"
        ),
        pytest.param(
            ["Step 1: buys 3 bags of 7: 3 * 7 = 22.\n", "Step 2: then: 45 + 22 = 67.\n"],
            [E.ARITHMETIC_SLIP, E.WRONG_OPERAND],
            id="a slip in the first step is carried on",
        ),
        pytest.param(
            [BUY, "Step 2: then: 45 + 12 = 57.\n"], [None, E.WRONG_OPERAND], id="a distractor"
        ),
        pytest.param(
            [BUY, "Step 2: then: 45 - 21 = 24.\n"], [None, E.WRONG_OPERATOR], id="operator"
        ),
        pytest.param(
            [BUY, ADD, "Step 3: gives 6: 6 - 66 = 60.\n"],
            [None, None, E.WRONG_OPERATOR],
            id="differences do not commute",
        ),
        pytest.param([ADD, GIVE], [E.SKIPPED_STEP, None], id="a value that no step derived"),
        pytest.param(
            [BUY, "Step 2: gives 6: 45 - 6 = 39.\n"],
            [None, E.SKIPPED_STEP],
            id="an event passed over",
        ),
        pytest.param([BUY, BUY, ADD], [None, E.REPEATED_STEP, None], id="repeated"),
        pytest.param(
            [BUY, ADD, "Answer: 66"], [None, None, E.EARLY_ANSWER], id="answers too early"
        ),
        pytest.param(
            [BUY, ADD, GIVE, "Answer: 66"], [None, None, None, E.WRONG_ANSWER], id="misstated"
        ),
        pytest.param(
            [BUY, ADD, "Answer: 60"], [None, None, E.EARLY_ANSWER], id="right by no way at all"
        ),
        pytest.param(["Hello.\n", BUY], [E.UNREADABLE, None], id="no claim"),
    ],
)
def test_grades(steps, errors):
    assert list(grade(PROBLEM, steps).errors) == errors


def test_cancelling_errors_are_errors_although_the_answer_is_right():
    steps = [
        BUY,
        "Step 2: then: 45 + 21 = 67.\n",
        "Step 3: gives 6: 67 - 6 = 60.\n",
        "Answer: 60",
    ]
    assert grade(PROBLEM, steps).first_error == 1


def test_percent_of():
    problem = OracleProblem(
        Problem("p", "math", "", "20"), (Node("sells 25 percent", "%", 80, 25),)
    )
    right, wrong = "Step 1: x: 80 * 25 / 100 = 20.\n", "Step 1: x: 80 * 25 = 20.\n"
    assert grade(problem, [right]).errors == (None,)
    assert grade(problem, [wrong]).errors == (E.WRONG_OPERATOR,)


DIFFICULTIES = st.builds(
    lambda low, more, number, share: Difficulty(low, min(16, low + more), number, share),
    st.integers(2, 16),
    st.integers(0, 14),
    st.integers(40, 999),
    st.floats(0, 0.5),
)


@given(st.integers(0, 10**6), st.integers(0, 1000), DIFFICULTIES)
def test_generated_problems_keep_their_promises(seed, index, difficulty):
    problem = generate_problem(seed, index, difficulty)
    values = problem.values()
    assert problem == generate_problem(seed, index, difficulty)
    assert difficulty.min_steps <= len(problem.nodes) <= difficulty.max_steps
    assert all(0 < value <= difficulty.max_number for value in values)
    assert problem.problem.gold_answer == str(values[-1])
    assert grade(problem, problem.problem.reference_solution).first_error == -1


@given(st.integers(0, 10**6), st.sampled_from(TEACHABLE))
def test_a_mistake_is_of_the_kind_asked_for_and_all_before_it_is_right(seed, kind):
    problem = generate_problem(seed, 0, Difficulty())
    steps = with_mistake(problem, kind, random.Random(seed))
    assert steps is not None
    assert grade(problem, steps).first_error_kind == kind


@given(st.integers(0, 10**6), st.sampled_from(TEACHABLE))
def test_what_a_perfect_judge_writes_reads_back_as_the_grade(seed, kind):
    problem = generate_problem(seed, 0, Difficulty())
    steps = with_mistake(problem, kind, random.Random(seed))
    found = grade(problem, steps)
    verdicts = [Verdict.CORRECT if e is None else Verdict.WRONG for e in found.errors]
    unknown = [Verdict.UNKNOWN] * (len(steps) - found.first_error - 1)
    assert read_verdicts(annotate_answer(problem, steps), len(steps)) == tuple(verdicts)
    assert read_verdicts(judge_answer(problem, steps), len(steps)) == (
        *verdicts[: found.first_error + 1],
        *unknown,
    )


def test_a_judge_that_says_nothing_readable_says_unknown():
    assert read_verdicts("maybe\nStep 2: fine: right.\n", 3) == (
        Verdict.UNKNOWN,
        Verdict.CORRECT,
        Verdict.UNKNOWN,
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_steps": 9, "max_steps": 4}, "need 1 <= min_steps <= max_steps <= 16"),
        ({"max_steps": 17}, "need 1 <= min_steps <= max_steps <= 16"),
        ({"max_number": 10}, "max_number 10: need at least 40"),
        ({"distractors": 1.0}, "need 0 <= distractors < 1"),
    ],
)
def test_impossible_difficulties(settings, message):
    with pytest.raises(ConfigError, match=message):
        Difficulty(**settings)
