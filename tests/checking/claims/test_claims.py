"""What is a claim, what is none, and how each is decided: a table."""

from __future__ import annotations

import pytest

from labeler.checking.claims.steps import check_solution
from labeler.records import Verdict


def wrong(*steps: str, problem: str = "") -> list[str]:
    """The false links of all steps."""
    found = check_solution(problem, steps)
    return [str(link) for links in found for link in links if link.verdict is Verdict.WRONG]


FALSE = {
    "7995 (total) - 2595 (rainbow) = 4500.": "7995 (total) - 2595 (rainbow) = 4500",
    "She pays 495 students * $15/student = $7455.": "495 students * $15/student = $7455",
    r"\[ \$10 + \$24 + \$12 + \$14 = \$50 \]": r"\$10 + \$24 + \$12 + \$14 = \$50",
    "A = (-5 + 9 * -4) = -5 + 36 = 31.": "(-5 + 9 * -4) = -5 + 36",
    "[(-2 + 3) * 4] = 5": "[(-2 + 3) * 4] = 5",
    "20% of 50 is fine, but 20% of 50 = 11.": "20% of 50 = 11",
    r"$\frac{7}{2} + \frac12 = 5$": r"\frac{7}{2} + \frac12 = 5",
    r"$\sqrt{16} + 4! = 27$": r"\sqrt{16} + 4! = 27",
    r"$\tan 30^\circ = \sqrt{3}$": r"\tan 30^\circ = \sqrt{3}",
    r"$\binom{5}{2} = 20$": r"\binom{5}{2} = 20",
    r"Expanding, $(x+1)(x+2) = x^2 + 2x + 2$.": "(x+1)(x+2) = x^2 + 2x + 2",
    "So 150 + x = 500. Subtracting 150 from both sides, we get x = 350 - 150.": (
        "150 + x = 500 = x = 350 - 150"
    ),
    r"\[\text{Total} = 52 + 24\]\[\text{Total} = 78\]": "52 + 24 = 78",
}


@pytest.mark.parametrize(("step", "claim"), FALSE.items())
def test_a_false_claim_is_named(step: str, claim: str) -> None:
    assert [text.replace("( ", "(") for text in wrong(step)] == [claim]


NO_ERRORS = [
    "60 minutes = 1 hour.",
    "2 hours + 30 minutes = 150 minutes.",
    "5 * 25 cents = $1.25.",
    "20 / 80 = 25%, and 20 / 80 * 100 = 25%.",
    "10 / 3 = 3.33, so about 3.",
    r"$10/3 \approx 3.3$, $\pi = 3.14$, $\sqrt2 = 1.41$",
    "5 + 3 = 8 * 2 = 16.",
    "The price per apple * 5 + 3 = 10.",
    "12 groups = 54 / 9.",
    "48 hours = 2400 quarts + 600 quarts.",
    r"$2\frac{1}{2} = \frac{5}{2}$ and 1 1/2 / 1/2 = 3.",
    "25 / 1/3 = 75.",
    "$x^2 + 2 = x^2 + 4x + 4$, so we expand nothing.",
    r"We have $x-1 = 7$ or $x-1 = -7$, so $x = 8$ or $x = -6$.",
    r"$17 \equiv 2 \pmod 5$, $3^5 = 243 = 5 \cdot 2 \pmod 7$",
    "3:4 = 6:8 and f(2) = 5, g(2) + 1 = 9.",
    r"$0.\overline{3} = 1/3$, $100x = 5.\overline{05}$ so $99x = 5$.",
    "That 2 + 2 = 5 is not true.",
    r"$45, 90, \ldots, 990 = 1\cdot45, 2\cdot45$",
    "1) 5 + 3 = 8\n- 8! = 40320\n- 4 + 1 = 5",
    "Mark leaves at 11 a.m. - 2 hours = 9 a.m.",
    "He read 14, 400 / 80 = 180 pages, .8 + . 84 = 1.64.",
    r"\begin{align*}S &= 1 + 2 \\ &\qquad + 3 \\ &= 6\end{align*}",
    r"$6!/6 = 5!= 5 \cdot 24$",
    r"500 \div 13 = 13 \cdot 38 + 6",
]


@pytest.mark.parametrize("step", NO_ERRORS)
def test_what_is_no_error_is_not_flagged(step: str) -> None:
    assert wrong(step) == []


def test_an_operation_that_the_problem_defines_is_not_multiplication() -> None:
    assert wrong("4 * 3 = 2(4) + 3(3) = 17", problem="The operation a * b is 2a + 3b.") == []


def test_values_are_carried_from_step_to_step() -> None:
    steps = ("A = 5 - 46 = -41.", "B = 10 + 2 = 12.", "Then A * B = -41 * 13 = -533.")
    assert wrong(*steps) == ["A * B = -41 * 13"]


def test_a_name_with_two_values_is_not_carried() -> None:
    assert wrong("A = 5 - 46 = -41.", "A = 3 + 1 = 4.", "Then A * 2 = -41 * 2 = -82.") == []


HUGE = [
    "9^9^9^9^9 = 1",
    "((((2^9999)^9999)^9999)^9999) + 1 = 3",
    "300!^300! = 1",
    r"\sqrt{" * 200 + "2" + "}" * 200 + " = 1",
    "1/2x" * 60 + " = 1",
    "(" * 500 + "1 + 1" + ")" * 500 + " = 3",
    "2\\frac{1}{2}" * 90 + " = 1",
    "1 = 1 + 1 " * 3000,
    "0.11 + " * 90 + "0.11 = 3",
    r"\binom{1000}{500}^{20} = 3",
    "A = 2 + 9^6000 = 9^6000. A + 1 = 2 + 2.",
    "x/9^6000 = 2 + 1, so x = 2",
    r"\tan(\exp(\exp(9))) = 1",
    "2 - " + "-" * 5000 + "2 = 1",
]


@pytest.mark.parametrize("text", HUGE)
def test_what_is_too_large_is_not_decided_and_does_not_hang(text: str) -> None:
    check_solution("", (text,))
