"""Answers in words: a table of pairs, each with its verdict."""

from __future__ import annotations

import asyncio

import pytest

from labeler.checking.math_answer import MathChecker
from labeler.checking.qa_answer import QAChecker, compare_words
from labeler.checking.words import date_in, normal_words, set_f1, word_f1
from labeler.driver.requests import Check, CheckResult
from labeler.records import Known, Problem, Verdict

C, W, U = Verdict.CORRECT, Verdict.WRONG, Verdict.UNKNOWN

CASES = [
    ("Tacoma", "tacoma.", C),
    ("The Beatles", "Beatles", C),
    ("Beyoncé", "Beyonce", C),
    ("rock 'n' roll", "Rock n Roll", C),
    ("Tacoma", "Tacoma, Washington", U),
    ("Tacoma", "She was born in Tacoma.", U),
    ("Tacoma", "Seattle", W),
    ("Tacoma", "", U),
    ("Tacoma", "...", U),
    ("", "Tacoma", U),
    ("Dostoevsky", "Dostoyevsky", U),
    ("United States", "US", U),
    ("United States", "U.S.", U),
    ("United States", "discuss", W),
    ("yes", "Yes, it is.", C),
    ("yes", "No.", W),
    ("no", "It is not.", U),
    ("True", "yes", C),
    ("12 March 1955", "March 12, 1955", C),
    ("12 March 1955", "1955-03-12", C),
    ("12 March 1955", "13 March 1955", W),
    ("12 March 1955", "March 1955", U),
    ("March 1955", "12 March 1955", U),
    ("March 1955", "April 1955", W),
    ("12 March 1955", "03/12/1955", U),
    ("1955", "1956", W),
    ("1955", "in 1955", C),
    ("4", "four", C),
    ("21", "twenty-one", C),
    ("1,200", "1200", C),
    ("4 million", "4,000,000", C),
    ("4", "5", W),
    ("4", "4 people", C),
    ("4 people", "4", C),
    ("25 km", "26 km", W),
    ("25 km", "25 kilometers", U),
    ("4", "between 3 and 4", U),
    ("4", "I think that there were about 5 or so of them", U),
    ("Apollo 11", "Apollo 12", W),
    ("Apollo 11", "Soyuz 11", U),
    ("Abraham Lincoln", "Lincoln", U),
]


@pytest.mark.parametrize(("gold", "answer", "expected"), CASES)
def test_an_answer_in_words_is_right_wrong_or_unknown(
    gold: str, answer: str, expected: Verdict
) -> None:
    found = compare_words([gold], answer)
    assert found.verdict is expected, found
    assert found.reason or expected is C


def test_any_alias_makes_it_right_and_all_must_say_wrong() -> None:
    golds = ["United States", "US", "America"]
    assert compare_words(golds, "us") == CheckResult(C)
    assert compare_words(golds, "France").verdict is W
    assert compare_words([*golds, "Republic of France"], "France").verdict is U


def test_a_threshold_on_f1_is_used_only_where_it_is_set() -> None:
    assert compare_words(["Abraham Lincoln"], "President Abraham Lincoln").verdict is U
    found = compare_words(["Abraham Lincoln"], "President Abraham Lincoln", f1_right=0.8)
    assert found == CheckResult(C, "word F1 0.80")


def test_f1_counts_words_as_often_as_they_occur_and_matchtirs_as_sets() -> None:
    assert normal_words("The  Café's, a!") == "cafes"
    assert (word_f1("b b c", "b c"), set_f1("b b c", "b c")) == (0.8, 1.0)
    assert (word_f1("x", ""), set_f1("", "")) == (0.0, 0.0)


def test_a_date_that_may_be_two_days_is_none() -> None:
    assert [date_in(one) for one in ("03/04/1955", "13/04/1955", "03/03/1955", "may")] == [
        None, (1955, 4, 13), (1955, 3, 3), None,
    ]  # fmt: skip


def test_letters_of_choices_and_formulas_are_the_mathematical_checkers() -> None:
    def problem(gold: str | None, *aliases: str) -> Problem:
        return Problem("q", "qa", "?", gold, known=Known(aliases) if aliases else None)

    async def judged() -> list[Verdict]:
        mathematical = MathChecker()
        batch = [
            Check(problem("B"), "(B)"),
            Check(problem("Tacoma", "Commencement City"), "Commencement City"),
            Check(problem(r"\frac{1}{2}"), "1/2"),
            Check(problem(None), "x"),
        ]
        try:
            return [one.verdict for one in await QAChecker(mathematical).check(batch)]
        finally:
            await mathematical.aclose()

    assert asyncio.run(judged()) == [C, C, C, U]
