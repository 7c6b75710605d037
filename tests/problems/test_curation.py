"""Duplicates are found and dropped; problems that differ in a number stay."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labeler.problems.curation import Group, Likeness, curate, find_duplicates
from labeler.problems.gsm8k import read_gsm8k
from labeler.records import Problem, Rejection

SHARED = Path(os.environ.get("LABELER_SHARED_DATA", "../shared/data")) / "gsm8k"

FARM = (
    "A farmer keeps 12 hens and each of them lays 5 eggs every week. He sells the eggs at the "
    "village market on Sunday. How many eggs can the farmer sell every week?"
)


def problem(name: str, text: str, answer: str = "60", context: tuple[str, ...] = ()) -> Problem:
    return Problem(name, "math", text, answer, context=context)


def test_exact_and_near_duplicates_go_and_templates_stay() -> None:
    first = problem("first", FARM)
    spaced = problem("spaced", FARM.replace(". ", ".\n  "))
    near = problem("near", FARM.replace("village market", "village fair"))
    numbers = problem("numbers", FARM.replace("12 hens", "13 hens"))
    words = problem("words", FARM.replace("12 hens", "twelve hens"))
    answer = problem("answer", FARM.replace("every week?", "each week?"), answer="61")
    other = problem("other", "What is the area of a square with side 60?")
    everything = [first, spaced, near, numbers, words, answer, other]
    assert list(curate(everything, threshold=0.8)) == [
        first,
        Rejection("curate", "spaced", "exact duplicate of first"),
        Rejection("curate", "near", "near duplicate of first"),
        numbers,
        words,
        answer,
        other,
    ]
    assert find_duplicates(everything, threshold=0.8) == (
        Group(Likeness.EXACT, ("first", "spaced")),
        Group(Likeness.NEAR, ("first", "near")),
        Group(Likeness.TEMPLATE, ("first", "numbers", "words", "answer")),
    )


def test_what_a_reader_rejected_passes_through() -> None:
    rejected = Rejection("read", "set.jsonl:1", "no problem text")
    assert list(curate([rejected, problem("a", FARM)])) == [rejected, problem("a", FARM)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Compute $3 + 4 x y z w$ for all", "Compute $3 - 4 x y z w$ for all"),
        ("Solve x² = 1", "Solve x2 = 1"),
        ("1", "2"),
    ],
)
def test_a_sign_or_a_power_makes_another_problem(one: str, other: str) -> None:
    pair = [problem("a", one), problem("b", other)]
    assert list(curate(pair, threshold=0.5)) == pair


def test_the_same_question_on_another_context_is_another_problem() -> None:
    question = "Who wrote it?"
    pair = [problem("a", question, "X", ("Book A",)), problem("b", question, "Y", ("Play B",))]
    assert list(curate(pair)) == pair


def test_a_near_duplicate_wins_over_an_earlier_template() -> None:
    template = problem("template", FARM.replace("12", "14"), "70")
    first, near = problem("first", FARM), problem("near", FARM.replace("village", "town"))
    assert find_duplicates([template, first, near], threshold=0.8) == (
        Group(Likeness.TEMPLATE, ("template", "first")),
        Group(Likeness.NEAR, ("first", "near")),
    )


def test_the_threshold_decides_what_is_near() -> None:
    changed = FARM.replace("at the village market on Sunday", "to his neighbours")
    pair = [problem("a", FARM), problem("b", changed)]
    assert find_duplicates(pair, threshold=0.9) == ()
    assert find_duplicates(pair, threshold=0.5) == (Group(Likeness.NEAR, ("a", "b")),)


@pytest.mark.skipif(not SHARED.is_dir(), reason="LABELER_SHARED_DATA has no gsm8k")
def test_gsm8k_repeats_hardly_any_problem() -> None:
    read = [item for item in read_gsm8k(SHARED / "test.jsonl") if isinstance(item, Problem)]
    dropped = [item for item in curate(read) if isinstance(item, Rejection)]
    assert len(dropped) <= 5
    assert len(read) == 1319
