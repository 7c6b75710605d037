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


NOTATIONS = [
    # a number that belongs to letters
    "log2(8) = 3, 2log2(8) = 6 and log10(100) + 1 = 3.",
    "x2 = 3, so x2 + 1 = 4, and H2O has 2 * 1 + 16 = 18.",
    "Area1 = 3 * 4 = 12 and Area2 = 2 * 3 = 6.",
    "500 + 500 = 1000 songs on her mp3 player.",
    # functions and operations in words
    "log 100 + 1 = 3, sin30 + 1/2 = 1, 3sin30 + 1 = 2.5 and sqrt 9 + 1 = 4.",
    "The square root of 9 + 1 = 4, and the absolute value of -5 + 1 = 6.",
    "2 to the 3 + 1 = 9, and 5 choose 2 + 1 = 11.",
    "The product of 3 and 4 + 2 = 14.",
    "3 groups of 4 + 2 = 14, 3 times as many as 4 + 2 = 14.",
    "3 tens + 4 = 34 and 5 factorial + 1 = 121.",
    # one quantity in two units
    "1 hour 30 minutes + 45 minutes = 2 hours 15 minutes",
    "30 + 45 + 60 = 2 hours, 15 minutes",
    "5 feet 3 inches + 9 inches = 6 feet, and 60 + 3 = 5 ft. 3 in.",
    "3 lb 4 oz = 3 * 16 + 4 = 52 oz, and 2000 + 300 = 2 kg 300 g.",
    r"\[30 + 45 + 60 = 2 \text{ hours and } 15 \text{ minutes}\]",
    '5\' + 3" = 63"',
    "1.5 hours + 30 = 120, $1 + 50 = 150.",
    # ranges, scores, names
    "Pages 10-15 = 6 pages, 1-10 = 10 numbers.",
    "A 10-3 record = 13 games, and a 9-5 job = 8 hours.",
    "Step 2 - 3 + 4 = 7",
    # values that go on, or that are made of others
    "2/3 = 0.67 * 3 = 2.01",
    "3 cats + 2 dogs = 3 * 4 + 2 * 4 = 20 legs",
    "10 + 6 (4 + 2) = 16",
    "3-1/2 + 1/2 = 4, 1-1/2 cups + 1/2 cup = 2 cups.",
    "√9+16 = 5, 3 . 4 + 1 = 13.",
    "0.1 + 0.2 = 0.30000000000000004",
    "350° + 20° = 10°, π + 180° = 360°, 2π = 360.",
]

OTHER_ARITHMETIC = [
    "In hexadecimal, 8 + 8 = 10.",
    "In octal 7 + 1 = 10.",
    "1 + 1 = 10 in binary.",
    "5 + 4 = 12 in base 7.",
    "1 XOR 1: bitwise, 1 + 1 = 0.",
    r"In $\mathbb{Z}/5$, $3 + 4 = 2$.",
    "7 + 8 = 3 on a 12-hour clock.",
    "9 + 5 = 2 o'clock",
    "11 + 3 = 2 pm, 10 pm + 5 hours = 3 am.",
    "Concatenating, 1 + 2 = 12.",
    "'1' + '2' = '12'",
    '"1" + "2" = "12"',
]

NOT_STATED = [
    "Is 2 + 2 = 5? No.",
    "Does 3*4 = 13?",
    r"What about \(2 + 2 = 5\)?",
    "Expanding, is (x+1)(x+2) = x^2 + 2x + 2?",
    "We check whether 3 * 4 = 13.",
    "If 3 * 4 = 13, we are done.",
    "One might write 5 + 3 = 9.",
    "Instead of 5 + 3 = 9 we get 8.",
    "She thought that 5 + 3 = 9.",
]


@pytest.mark.parametrize("step", [*NOTATIONS, *OTHER_ARITHMETIC, *NOT_STATED])
def test_what_only_looks_like_a_false_claim_is_not_flagged(step: str) -> None:
    assert wrong(step) == []


BESIDE = {
    "The mp3 player costs 5 + 3 = 9.": "5 + 3 = 9",
    "After 2 hours 15 minutes she has 3 + 4 = 8 miles.": "3 + 4 = 8 miles",
    "He needs an average of 8 / 2 = 5 a day.": "8 / 2 = 5 a day",
    "It grew from 4 to 4*2 = 9.": "4*2 = 9",
    "Page 5 has 10 - 3 = 8 lines.": "10 - 3 = 8 lines",
    "So 3-5 = 2.": "3-5 = 2",
    "3 cats + 2 dogs = 6 pets": "3 cats + 2 dogs = 6 pets",
    '70 - 3 = 66" tall': '70 - 3 = 66" tall',
    "2 hours + 3 hours = 6 hours": "2 hours + 3 hours = 6 hours",
    "3 + 4 = 8\nHow many are left?": "3 + 4 = 8",
    "How many are there? 3 + 4 = 8.": "3 + 4 = 8",
    "If he has two, then 3 + 4 = 8.": "3 + 4 = 8",
}


@pytest.mark.parametrize(("step", "claim"), BESIDE.items())
def test_a_false_claim_beside_what_only_looks_like_one_is_named(step: str, claim: str) -> None:
    assert wrong(step) == [claim]


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
