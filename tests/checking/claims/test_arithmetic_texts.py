"""Properties: made arithmetic in plain text and LaTeX; true claims pass, falsified ones do not."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from labeler.checking.claims.steps import check_solution
from labeler.records import Verdict

PLAIN = {"+": "+", "-": "-", "*": "*", "/": "/"}
STYLES = {
    "plain": PLAIN,
    "typed": {"+": "+", "-": "−", "*": "×", "/": "÷"},
    "latex": {"+": "+", "-": "-", "*": r"\times", "/": r"\div"},
    "dots": {"+": "+", "-": "-", "*": r"\cdot", "/": "/"},
}


PIECES = [
    *(r"\frac", "{", "}", "(", ")", "[", "]", "^", "_", "2", "3", "17", "0.5", "1,000", "x", "y"),
    *("=", "=", "+", "-", "*", "/", r"\sqrt", "!", "%", "$", r"\(", r"\)", r"\\", "&", ",", "."),
    *(":", "of", "apples", r"\text", r"\pi", "i", "e", "|", r"\binom", r"\sin", r"^\circ", "<"),
    *(r"\approx", r"\overline", r"\boxed", "\n"),
]


@dataclass(frozen=True)
class Made:
    """A made expression: its text with every inner operation in brackets, and its value."""

    text: str
    value: Fraction
    operations: int = 0


@st.composite
def expressions(draw: st.DrawFn, style: str, depth: int = 3) -> Made:
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        number = draw(st.integers(-30, 99))
        return Made(str(number), Fraction(number))
    left, right = draw(expressions(style, depth - 1)), draw(expressions(style, depth - 1))
    sign = draw(st.sampled_from("+-*+-*+-*/"))
    assume(sign != "/" or right.value != 0)
    value = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
    }[sign](left.value, right.value)
    return Made(
        f"{bracketed(left)} {STYLES[style][sign]} {bracketed(right)}",
        value,
        left.operations + right.operations + 1,
    )


def bracketed(made: Made) -> str:
    return f"({made.text})" if made.operations else made.text


def verdicts(text: str) -> set[Verdict]:
    (links,) = check_solution("", (text,))
    return {link.verdict for link in links}


FRAMES = [
    "{}",
    "Then {}.",
    "So she has {} apples left.",
    r"Thus \({}\).",
    r"We get \[{}\] and go on.",
    "First, {}, which is what we need.",
    "1) {}\n2) Next.",
    "The total is ${}$.",
]


@st.composite
def chains(draw: st.DrawFn) -> tuple[str, list[Made], Made]:
    style = draw(st.sampled_from(sorted(STYLES)))
    frame = draw(st.sampled_from(FRAMES))
    made = draw(expressions(style).filter(lambda e: e.operations > 0))
    assume(made.value.denominator == 1)
    # In between: the same value as another sum.
    part = draw(st.integers(1, 50))
    value = int(made.value)
    sides = [made]
    if draw(st.booleans()):
        assume(part != value)
        sides.append(Made(f"{part} + {value - part}", made.value, 1))
    return frame, sides, Made(str(value), made.value)


@given(chains())
@settings(max_examples=300)
def test_a_true_chain_holds(chain: tuple[str, list[Made], Made]) -> None:
    frame, sides, result = chain
    text = frame.format(" = ".join(side.text for side in [*sides, result]))
    assert verdicts(text) == {Verdict.CORRECT}, text


@given(chains(), st.integers(1, 40))
@settings(max_examples=300)
def test_a_falsified_result_is_found(chain: tuple[str, list[Made], Made], off: int) -> None:
    frame, sides, result = chain
    last = sides[-1]
    # 12 = 12 * 1 + 5 reads as a running total, and 7 / 2 = 4 as rounded.
    text = frame.format(
        " = ".join(side.text for side in [*sides, Made(str(result.value + off), result.value)])
    )
    assume("/" not in last.text and "÷" not in last.text and "div" not in last.text)
    assert Verdict.WRONG in verdicts(text), text


@given(st.text(max_size=300))
@settings(max_examples=300)
def test_any_text_is_read(text: str) -> None:
    check_solution(text, (text,))


@given(
    st.lists(
        st.sampled_from(PIECES),
        max_size=60,
    )
)
@settings(max_examples=500)
def test_any_sequence_of_tokens_is_read(parts: list[str]) -> None:
    for text in (" ".join(parts), "".join(parts)):
        check_solution("", (text, text))


def test_a_fraction_takes_a_digit_each_or_nothing() -> None:
    # Found by the property above: `.2` are two characters, but not two digits.
    assert verdicts(r"\frac .2 = 5") == set()
    assert verdicts(r"\frac12 = 0.5") == {Verdict.CORRECT}
    assert verdicts(r"3\frac.5 = 5") == set()
