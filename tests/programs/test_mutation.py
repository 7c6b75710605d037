"""Mutants differ in one statement and in normal form; refactorings mean the same."""

from __future__ import annotations

import pytest

from labeler.programs.canonical import canonical_form
from labeler.programs.mutation import mutants, refactorings

PROGRAM = (
    "def f(xs):\n    n = 0\n    for x in xs:\n"
    "        if x >= 2 and not n:\n            n += x\n    return n\n"
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a > b", "b < a"),
        ("not a == b", "a != b"),
        ("b == a", "a == b"),
        ("x += 1", "x = x + 1"),
        ("x = y + 0", "x = y"),
        ("x = -(1)", "x = -1"),
        ("def f(a):\n    b = a\n    return b", "def f(a):\n    c = a\n    return c"),
        ("def f():\n    '''Doc.'''\n    pass\n    return 1", "def f():\n    return 1  # one"),
    ],
)
def test_programs_that_are_the_same_in_normal_form(one: str, other: str) -> None:
    assert canonical_form(one) == canonical_form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a > b", "a < b"),
        ("x.y += z", "x.y = x.y + z"),  # a list grows in place in one, not in the other
        ("def f(a):\n    return a", "def f(b):\n    return b"),  # callers may name it
        ("def f():\n    return x", "def f():\n    return y"),
    ],
)
def test_programs_that_are_not(one: str, other: str) -> None:
    assert canonical_form(one) != canonical_form(other)


def test_what_is_mutated() -> None:
    changes = {(one.statement, one.operator, one.change) for one in mutants(PROGRAM)}
    assert changes == {
        (1, "constant", "`0` became `1`"),
        (1, "constant", "`0` became `(-1)`"),
        (3, "condition", "`x >= 2 and not n` became `(not (x >= 2 and not n))`"),
        (3, "logic", "`x >= 2 and not n` became `x >= 2 or not n`"),
        (3, "comparison", "`x >= 2` became `x > 2`"),
        (3, "comparison", "`x >= 2` became `x < 2`"),
        (3, "constant", "`2` became `3`"),
        (3, "constant", "`2` became `(1)`"),
        (3, "logic", "`not n` became `(n)`"),
        (4, "arithmetic", "`n += x` became `n -= x`"),
        (5, "result", "`n` became `None`"),
    }


def test_only_the_changed_statement_differs_and_all_else_keeps_its_characters() -> None:
    original = (
        "def f(xs):\n",
        "    n = 0\n",
        "    for x in xs:\n",
        "        if x >= 2 and not n:\n",
        "            n += x\n",
        "    return n\n",
    )
    for variant in [*mutants(PROGRAM), *refactorings(PROGRAM)]:
        differing = [t for t in range(6) if variant.steps[t] != original[t]]
        assert differing == [variant.statement]
        compile(variant.text, "variant", "exec")


def test_docstrings_and_equivalent_changes_give_no_mutant() -> None:
    assert mutants('"""Doc."""\nx = y\n') == []
    forms = [canonical_form(variant.text) for variant in mutants(PROGRAM)]
    assert len({*forms, canonical_form(PROGRAM)}) == len(forms) + 1


def test_refactorings() -> None:
    found = {(one.statement, one.change, one.refactored) for one in refactorings(PROGRAM)}
    assert found == {
        (3, "`x >= 2 and not n` became `(not (not (x >= 2 and not n)))`", True),
        (3, "`x >= 2` became `((2) <= (x))`", True),
        (4, "`n += x` became `n = n + (x)`", True),
        (5, "`n` became `(n)`", True),
    }


def test_only_what_comes_after_the_prompt_is_mutated() -> None:
    prompt = "LIMIT = 3\ndef f():\n"
    assert {one.text for one in mutants(prompt + "    return 1\n", len(prompt))} == {
        "    return 2\n", "    return (0)\n", "    return None\n",
    }  # fmt: skip
