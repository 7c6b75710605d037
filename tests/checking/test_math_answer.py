"""What counts as the gold answer: a table of cases, the fast path, hostile input, the checker."""

import asyncio
import json
import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeler.checking.answer_text import normal_form
from labeler.checking.extract import final_answer
from labeler.checking.math_answer import (
    MathChecker,
    _compare_mathematics,
    compare,
    compare_quickly,
)
from labeler.driver.requests import Check, CheckResult
from labeler.records import Problem, Verdict

CASES = json.loads(Path(__file__).with_name("math_cases.json").read_text("utf-8"))
MATH = Path(os.environ.get("LABELER_SHARED_DATA", "../shared/data")) / "math/test.jsonl"

integers = st.integers(-(10**12), 10**12).map(str)
decimals = st.decimals(-1000, 1000, places=3).map(lambda number: format(number, "f"))
near_misses = st.sampled_from(["0", "-0", "1", "-1", "10", "100", "0.1", "0.10", "1.0", "1.001"])
numbers = integers | decimals | near_misses


def check(gold: str | None, answer: str) -> Check:
    return Check(Problem("p", "math", "", gold), answer)


def checked(checks: list[Check], **limits: float) -> list[CheckResult]:
    async def run() -> list[CheckResult]:
        checker = MathChecker(n_workers=1, **limits)
        try:
            return await checker.check(checks)
        finally:
            await checker.aclose()
            await checker.aclose()

    return asyncio.run(run())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['gold']} | {case['answer']}")
def test_the_verdict_is_that_of_the_table_and_has_a_reason_unless_it_is_correct(case):
    reply = compare(case["gold"], case["answer"])
    assert reply.verdict == case["verdict"], case["why"]
    assert (reply.reason == "") == (reply.verdict is Verdict.CORRECT)


@given(integers | near_misses, integers | near_misses)
def test_integers_are_compared_the_same_both_ways(left, right):
    assert compare(left, right).verdict == compare(right, left).verdict


@settings(max_examples=40, deadline=None)
@given(numbers, numbers)
def test_the_fast_path_agrees_with_math_verify_on_integers_and_decimals(gold, answer):
    assert compare_quickly(gold, answer).verdict == _compare_mathematics(gold, answer).verdict


@given(numbers)
def test_a_number_equals_itself_however_it_is_wrapped(number):
    wrapped = [f"${number}$", rf"\boxed{{{number}}}", f" {number}. ", rf"\( {number} \)"]
    assert [compare(number, text) for text in wrapped] == [CheckResult(Verdict.CORRECT)] * 4


@settings(max_examples=50, deadline=None)
@given(
    st.text(max_size=12) | st.text("0123456789.,+-*/^_=<>(){}[]|!%$\\ xyfracsqrtπ°", max_size=12)
)
def test_no_text_raises_and_equal_text_is_correct(text):
    assert compare("1", text).verdict in Verdict
    assert compare(text, "x+1").verdict in Verdict
    assert compare(text, text).verdict is (
        Verdict.CORRECT if normal_form(text) else Verdict.UNKNOWN
    )


@given(st.text("0123456789.,+-*/^={}()$\\ xyfractextboxd", max_size=30))
def test_the_normal_form_of_a_normal_form_is_itself(text):
    assert normal_form(normal_form(text)) == normal_form(text)


def test_a_problem_without_gold_answer_is_unknown():
    assert checked([check(None, "42")]) == [
        CheckResult(Verdict.UNKNOWN, "the problem has no gold answer")
    ]


def test_a_batch_keeps_its_order_across_fast_path_and_workers():
    batch = [
        check("42", "42"),
        check(r"\sqrt{8}", r"2\sqrt{2}"),
        check("42", "43"),
        check("x+y", "x-y"),
        check(r"\sqrt{8}", r"2\sqrt{2}"),
    ]
    assert [reply.verdict.value for reply in checked(batch)] == [
        "correct", "correct", "wrong", "wrong", "correct",
    ]  # fmt: skip


def test_a_check_that_hangs_is_unknown_and_the_others_are_not_affected():
    slow_to_simplify = "+".join(rf"\sqrt{{{n}+\sqrt{{x+{n}}}}}" for n in range(2, 14))
    hostile = check(f"({slow_to_simplify})^{{12}}", f"({slow_to_simplify}+1)^{{12}}-y")
    assert checked([check("x+y", "y+x"), hostile, check("x+y", "y-x")], deadline_s=2.0) == [
        CheckResult(Verdict.CORRECT),
        CheckResult(Verdict.UNKNOWN, "timed out after 2 s"),
        CheckResult(Verdict.WRONG, "not equal by math-verify"),
    ]


def test_the_fingerprint_names_rules_and_libraries():
    assert MathChecker().fingerprint.split() == [
        "math_answer-4",
        "math-verify-0.9.0",
        "latex2sympy2-extended-1.11.0",
        "sympy-1.14.0",
    ]


def test_math_gold_answers_equal_themselves_and_not_the_next_one():
    if not MATH.exists():
        pytest.skip(f"{MATH} is absent: set LABELER_SHARED_DATA to the folder of the data sets")
    lines = MATH.read_text("utf-8").splitlines()[::50]
    golds = [final_answer(json.loads(line)["solution"]) or "" for line in lines]
    assert [compare(gold, gold).verdict for gold in golds] == [Verdict.CORRECT] * len(golds)
    equal = [
        (gold, other)
        for gold, other in pairwise(golds)
        if gold != other and compare(gold, other).verdict is Verdict.CORRECT
    ]
    assert equal == []
