"""False rewritings that were taken for equations to be solved, and equations that only look so."""

import pytest

from labeler.checking.claims.steps import check_solution
from labeler.records import Verdict

FALSE = {
    "a row of one expression": (
        "We get $(n + 1)(3n^2 - 18n + 14) = (n + 1)(3n - 2)(n - 7) = 3n^3 - 20n^2 - 9n + 14$.",
        ["(n + 1)(3n^2 - 18n + 14) = (n + 1)(3n - 2)(n - 7)"],
    ),
    "a row with a slip in its middle": (
        "So $x^3 + 2x^2 + x = x(x^2 + 3x + 1) = x(x + 1)^2$.",
        ["x^3 + 2x^2 + x = x(x^2 + 3x + 1)", "x(x^2 + 3x + 1) = x(x + 1)^2"],
    ),
    "a row of two unknowns": (
        "Then $(a + b)^2 - 4ab = a^2 - 6ab + b^2 = (a - b)^2$.",
        ["(a + b)^2 - 4ab = a^2 - 6ab + b^2", "a^2 - 6ab + b^2 = (a - b)^2"],
    ),
    "an equation that is expanded": (
        "We can expand the first equation as follows:"
        r" $(a + b + c)(ab + bc + ca) = a^2b + a^2c + b^2a + b^2c + c^2a + c^2b + 2abc$.",
        ["(a + b + c)(ab + bc + ca) = a^2b + a^2c + b^2a + b^2c + c^2a + c^2b + 2abc"],
    ),
    "twice a sine": (
        r"By the identity, $\sin 2y = \sin y \cos y$.",
        [r"\sin 2y = \sin y \cos y"],
    ),
    "a double angle with a factor": (
        r"Therefore $25 \sin 2y = 25 \sin y \cos y$.",
        [r"25 \sin 2y = 25 \sin y \cos y"],
    ),
    "factorials that are cancelled": (
        r"Therefore $\frac{\binom{n}{14}}{\binom{n}{16}} = \frac{16!(n-16)!}{14!(n-14)!}"
        r" = \frac{240}{(n-16)(n-15)}$.",
        [r"\frac{16!(n-16)!}{14!(n-14)!} = \frac{240}{(n-16)(n-15)}"],
    ),
    "the cosine's turn": (
        r"Hence $\cos^2 t - \sin^2 t = 2 \cos 2t$.",
        [r"\cos^2 t - \sin^2 t = 2 \cos 2t"],
    ),
}
SILENT = {
    "sides of a triangle": "The sides are equal: $2x + 1 = 3x - 4 = x + 6$.",
    "areas": "The areas are equal: $x^2 + 3x = x^2 + 6 = x^2 + 2x + 4$.",
    "equal ratios": r"We know $\frac{x}{3} = \frac{x + 2}{5} = \frac{x + 4}{7}$.",
    "a row that is true": "So $x^3 + 2x^2 + x = x(x^2 + 2x + 1) = x(x + 1)^2$.",
    "a row set equal": "Setting both sides equal, $x^2 + 3x + 1 = x^2 + 5 = x^2 + x + 4$.",
    "a row with a value": "We have $x^2 + 3x = x^2 + 6 = 10$.",
    "an equation, expanded": "We expand the equation $(x + 1)(x + 2) = x^2 + 2x + 5$.",
    "one to be solved": "Solve $(a + b)(a - b) = a^2 + b$ for a.",
    "a sine to be solved": r"We solve $\sin 2x = \sin x \cos x$.",
    "a condition": r"If $\sin 2x = \sin x \cos x$, then $\sin x \cos x = 0$.",
    "a sum of sines": r"We have $\sin x + \cos x = \sin x - \cos x$.",
    "powers of a sine": r"So $\sin^2 x = \sin x$.",
    "a true double angle": r"Hence $50 \sin y \cos y = 25 \sin 2y$.",
    "functions of two angles": r"The law of sines gives $a \sin B = b \sin A$.",
    "values of a sequence": r"Then $\binom{n}{2} = \binom{n}{3}$.",
    "factorials that are cancelled rightly": r"Therefore $\frac{\binom{n}{14}}{\binom{n}{16}}"
    r" = \frac{16!(n-16)!}{14!(n-14)!} = \frac{240}{(n-14)(n-15)}$.",
    "a binomial with a value": r"So $\binom{n}{14} = \binom{n}{n-14} = \binom{n}{15}$ so n = 29.",
    "a binomial that is solved": r"We solve $\frac{n!}{(n-20)!} = 12 \cdot \frac{n!}{(n-19)!}$.",
    "twice a binomial": r"We need $2 \binom{n}{2} = \binom{n}{3}$.",
}


def flags(text: str, problem: str = "") -> list[str]:
    links = check_solution(problem, (text,))[0]
    return [str(link) for link in links if link.verdict is Verdict.WRONG]


@pytest.mark.parametrize(("text", "claims"), FALSE.values(), ids=FALSE)
def test_a_false_rewriting_is_flagged(text: str, claims: list[str]) -> None:
    assert flags(text) == claims


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_an_equation_is_not_taken_for_one(text: str) -> None:
    assert flags(text) == []


def test_an_equation_that_the_problem_states_is_not_one() -> None:
    problem = r"Solve $\sin 2x = \sin x \cos x$."
    assert flags(r"We write $2 \sin 2x = 2 \sin x \cos x$.", problem) == []
