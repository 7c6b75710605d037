"""The oracle on replies as real models write them, in several styles."""

import pytest

from labeler.oracle.free_text import Reading, grade_text
from labeler.oracle.generate import Difficulty, generate_problem
from labeler.oracle.graph import Node, OracleProblem, Result, reference_steps
from labeler.oracle.mistakes import with_slip
from labeler.oracle.oracle import ErrorKind as E
from labeler.oracle.oracle import grade
from labeler.records import Problem

TEXT = (
    "Mia has 45 apples. Mia buys 3 bags of 7 apples. Mia gives 6 apples to Tom. Tom has 12 books. "
    "Mia sells 25 percent of the apples. How many apples does Mia have now?"
)
NODES = (
    Node("buys 3 bags of 7", "*", 3, 7),
    Node("then", "+", 45, Result(0)),
    Node("gives 6", "-", Result(1), 6),
    Node("sells 25 percent", "%", Result(2), 25),
    Node("then", "-", Result(2), Result(3)),
)
PROBLEM = OracleProblem(Problem("p", "math", TEXT, "45"), NODES, stray=(12,))
RIGHT, WRONG, NEUTRAL, OPEN = Reading.RIGHT, Reading.WRONG, Reading.NEUTRAL, Reading.UNDECIDED


def read(*steps):
    return [step.reading for step in grade_text(PROBLEM, steps).steps]


def error(*steps):
    return grade_text(PROBLEM, steps).steps[-1].error


@pytest.mark.parametrize(
    ("steps", "readings"),
    [
        pytest.param(
            ["Let's break this down step-by-step:\n\n",
             "Mia buys 3 bags of 7 apples, so she buys 3 * 7 = 21 apples.\n\n",
             "Now she has 45 + 21 = 66 apples.\n\n",
             "She gives 6 away: 66 - 6 = 60.\n\n",
             "25% of 60 is 60 * 25 / 100 = 15 apples.\n\n",
             "So she has 60 - 15 = 45 apples left.\n\n",
             "The answer is 45."],
            [NEUTRAL, RIGHT, RIGHT, RIGHT, RIGHT, RIGHT, RIGHT],
            id="prose, one equation a line",
        ),
        pytest.param(
            ["Bags: \\[ 3 \\times 7 = 21 \\]\n\n", "Total: $45 + 21 = 66$\n\n",
             "$$66 - 6 = 60$$\n\n", "\\( 0.25 \\times 60 = 15 \\)\n\n",
             "$60 - 15 = \\boxed{45}$"],
            [RIGHT] * 5,
            id="LaTeX",
        ),
        pytest.param(
            ["She buys 3 x 7 = 21 apples and then has 45 + 21 = 66. After giving 6 away she has "
             "66 - 6 = 60.\n", "She sells 60 / 4 = 15, which leaves 60 - 15 = 45.\n", "#### 45"],
            [RIGHT, RIGHT, RIGHT],
            id="several equations in a sentence; a quarter is 25 percent",
        ),
        pytest.param(
            ["45 + 3 * 7 - 6 = 45 + 21 - 6 = 60\n", "60 - 60 * 25% = 45\n"],
            [RIGHT, RIGHT],
            id="composed",
        ),
        pytest.param(
            ["**Step 1:** Mia has 45 apples and buys 3 bags of 7 apples.\n",
             "2. Mia gives 6 apples to Tom, who has 12 books.\n"],
            [NEUTRAL, NEUTRAL],
            id="restating the problem",
        ),
        pytest.param(["<<3*7=21>>21 apples are bought: 3*7=21\n"], [RIGHT], id="calculator marks"),
        pytest.param(["3 * 7 = 23\n", "45 + 23 = 68\n"], [WRONG, WRONG], id="carried on"),
        pytest.param(["45 + 12 = 57\n"], [WRONG], id="a distractor"),
        pytest.param(["60 + 6 = 66\n"], [OPEN], id="a right value by a wrong way"),
        pytest.param(["60 * 0.75 = 45\n"], [OPEN], id="a right value by another way"),
        pytest.param(["21 - 6 = 15\n"], [OPEN], id="a part of a longer sum"),
        pytest.param(["So Mia has 70 apples now.\n"], [OPEN], id="a number without an equation"),
        pytest.param(["3 * 7 = 21, so Mia has 70 apples now.\n"], [OPEN], id="and beside one"),
        pytest.param(["So Mia has 60 apples now.\n"], [OPEN], id="true, but not derived yet"),
        pytest.param(["3 * 7 = 21\n", "So she bought 21 apples.\n"], [RIGHT, NEUTRAL], id="recap"),
        pytest.param(["She has 45 + 12 apples.\n"], [OPEN], id="no equation"),
        pytest.param(["Total apples = 45 + 21 = 66\n"], [RIGHT], id="a named quantity"),
        pytest.param(["1. 3 bags × 7 apples/bag = 21 apples\n"], [RIGHT], id="units"),
        pytest.param(["- Bought: 3 * 7 = 21\n- In total: 45 + 21 = 66\n"], [RIGHT], id="a list"),
        pytest.param(["| 45 + 21 | 66 |\n"], [OPEN], id="a table"),
        pytest.param(["3 * 7 = 21 and 45 + 12 = 57.\n"], [WRONG], id="right and wrong"),
        pytest.param(["Is 45 + 21 = 67?\n"], [OPEN], id="a question"),
        pytest.param(["There are 24 hours in 24 * 1 = 24\n"], [OPEN], id="numbers of its own"),
        pytest.param(["Let x = 45 + 21\n"], [OPEN], id="computed without a value"),
    ],
)  # fmt: skip
def test_readings(steps, readings):
    assert read(*steps) == readings


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        (["3 * 7 = 22"], E.ARITHMETIC_SLIP),
        (["66 - 7 = 59"], E.WRONG_OPERAND),
        (["45 + 12 = 57"], E.WRONG_OPERAND),
        (["45 - 21 = 24"], E.WRONG_OPERATOR),
        (["3 + 7 = 10"], E.WRONG_OPERATOR),
        (["3 * 7 = 22", "45 + 22 = 67"], E.WRONG_OPERAND),
        (["45 + 21 = 66", "The answer is 66."], E.WRONG_ANSWER),
        (["45 + 21 = 66", "\\boxed{66}"], E.WRONG_ANSWER),
    ],
)
def test_kinds_of_errors(steps, kind):
    assert error(*steps) == kind


def test_the_first_error_is_unknown_behind_an_undecided_step_or_where_the_end_is_missing():
    assert grade_text(PROBLEM, ["3 * 7 = 21", "45 + 12 = 57"]).first_error == 1
    found = grade_text(PROBLEM, ["60 + 6 = 66", "45 + 12 = 57"])
    assert (found.first_error, found.n_undecided) == (None, 1)
    assert grade_text(PROBLEM, ["3 * 7 = 21", "Mia gives 6 apples."]).first_error is None
    assert grade_text(PROBLEM, ["3 * 7 = 21", "60 - 15 = 45"]).first_error == -1


@pytest.mark.parametrize("index", range(60))
def test_agrees_with_the_exact_oracle_on_what_it_decides(index):
    problem = generate_problem(5, index, Difficulty(3, 8, 195, 0.3))
    right = reference_steps(problem.nodes, problem.values())
    assert grade_text(problem, right).first_error == -1
    at = index % len(problem.nodes)
    slipped = with_slip(problem, at, problem.values()[at] + 997)
    first = grade_text(problem, slipped).first_error
    assert first == grade(problem, slipped).first_error == at
