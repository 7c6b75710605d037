"""Values, advantages and broadcast outcomes from a problem's tree, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labeler.export import FORMATS, ExportOptions
from labeler.export.base import Example, View
from labeler.export.views import view
from labeler.records import Asks, Evidence, LabeledSolution, Verdict

from .datasets import C, U, W, counted, problem, solved

Q = problem(1)
NONE = -100.0


def outcome(row: LabeledSolution) -> LabeledSolution:
    """The row with what a run always says of the last step: its answer."""
    right = row.solution.outcome is Verdict.CORRECT
    last = row.steps[-1]
    verdict = C if right else W
    said = Evidence(last.prefix_id, "outcome", "1", Asks.VALUE, verdict, float(right), 1, right)
    if row.solution.outcome is U:
        said = replace(said, verdict=U, score=None, n=0, n_correct=0, reason="time")
    return replace(row, steps=(*row.steps[:-1], replace(last, evidence=(*last.evidence, said))))


def row(texts: str, answer: Verdict, **counts: tuple[int, int]) -> LabeledSolution:
    """Steps are letters; `counts` maps a step to its right rollouts and all."""
    steps = tuple(f"{letter}\n" for letter in texts)
    evidence = {texts.index(letter): [what] for letter, what in counts.items()}
    return outcome(solved(f"s-{texts}", Q, steps, (None,) * len(steps), answer, evidence=evidence))


def made(*rows: LabeledSolution) -> list[dict[str, object] | str]:
    fmt, options = FORMATS["step_values"], ExportOptions()
    views = [one for one in (view(r, fmt, options) for r in rows) if isinstance(one, View)]
    found = fmt.convert(views, options)
    return [one.content if isinstance(one, Example) else one.reason for one in found]


def columns(found: object, *names: str) -> tuple[object, ...]:
    assert isinstance(found, dict)
    return tuple(found[name] for name in names)


def test_a_value_pools_all_that_was_decided_at_or_below_a_prefix() -> None:
    # a: 6 of 8 rollouts; ab: 4 of 4, then right; ac: 0 of 4, then wrong.
    shared = {"a": (6, 8)}
    right, wrong = made(row("abd", C, b=(4, 4), **shared), row("ace", W, c=(0, 4), **shared))
    assert right == {
        "prompt": "What is 1 + 1?",
        "completion": "a\nb\nd\n",
        "spans": [[0, 2], [2, 4], [4, 6]],
        "root_value": pytest.approx(11 / 18),
        "values": pytest.approx([11 / 18, 1.0, 1.0]),
        "q": pytest.approx([2 / 9, 1.0, 1.0]),
        "n": [18, 5, 1],
        "advantage_parent": pytest.approx([0.0, 7 / 18, 0.0]),
        "advantage_root": pytest.approx([0.0, 7 / 18, 7 / 18]),
        "outcome": [1.0, 1.0, 1.0],
    }
    names = ("values", "advantage_parent", "advantage_root", "outcome")
    assert columns(wrong, *names) == (
        pytest.approx([11 / 18, 0.0, 0.0]),
        pytest.approx([0.0, -11 / 18, 0.0]),
        pytest.approx([0.0, -11 / 18, -11 / 18]),
        [0.0, 0.0, 0.0],
    )


@pytest.mark.parametrize(
    ("rollouts", "answer", "values"),
    [
        # The value falls at the first error: in the first step, in the last, nowhere.
        ({"a": (0, 9), "b": (0, 9)}, W, [0.0, 0.0, 0.0]),
        ({"a": (9, 9), "b": (9, 9)}, W, [18 / 19, 9 / 10, 0.0]),
        ({"a": (9, 9), "b": (9, 9)}, C, [1.0, 1.0, 1.0]),
    ],
)
def test_where_the_value_is_lost(
    rollouts: dict[str, tuple[int, int]], answer: Verdict, values: list[float]
) -> None:
    (found,) = made(row("abc", answer, **rollouts))
    assert columns(found, "values", "outcome") == (
        pytest.approx(values),
        [float(answer is C)] * 3,
    )


def test_a_solution_of_one_step_has_its_outcome_for_a_value() -> None:
    (found,) = made(row("a", W))
    names = ("root_value", "values", "q", "advantage_parent", "advantage_root")
    assert columns(found, *names) == (0.0, [0.0], [-1.0], [0.0], [0.0])


@pytest.mark.parametrize("labeler", ["alphamath", "bisect", "grounded_search"])
def test_counts_that_were_backed_up_are_not_counted_twice(labeler: str) -> None:
    """3 of 4 went through a, 2 of 2 of them through b, which ends right."""
    plain = row("ab", C)
    steps = tuple(
        replace(step, evidence=(*step.evidence, *said))
        for step, said in zip(
            plain.steps, [(replace(counted("", 3, 4), labeler=labeler),), ()], strict=True
        )
    )
    (found,) = made(replace(plain, steps=steps))
    assert columns(found, "values", "q", "n", "root_value") == (
        [0.75, 1.0],
        [0.5, 1.0],
        [4, 1],
        0.75,
    )


def with_said(plain: LabeledSolution, **said: list[tuple[str, int, int]]) -> LabeledSolution:
    """The row with counts of further labelers: step to (labeler, right, all)."""
    steps = []
    for step in plain.steps:
        pieces = [
            replace(counted(step.prefix_id, right, n), labeler=labeler)
            for labeler, right, n in said.get(step.text.strip(), [])
        ]
        steps.append(replace(step, evidence=(*pieces, *step.evidence)))
    return replace(plain, steps=tuple(steps))


@pytest.mark.parametrize(
    ("said", "values", "n"),
    [
        # Several searches on one step: 6 right of 26, not the 1 of 2 that one of them drew.
        ({"a": [("bisect", 1, 2), ("omegaprm", 3, 16), ("binary_search", 2, 8)]},
         [6 / 26, 0.0], [26, 1]),
        ({"a": [("bisect", 1, 2), ("alphamath", 3, 4)]}, [4 / 6, 0.0], [6, 1]),
        # What one counted upwards holds what it counted below; the others' is pooled from there.
        ({"a": [("alphamath", 3, 4)], "b": [("alphamath", 1, 2), ("monte_carlo", 2, 8)]},
         [5 / 12, 3 / 10], [12, 10]),
        # Where it is silent, its own from below: alphamath 1 of 2, and the four of monte_carlo.
        ({"a": [("monte_carlo", 2, 4)], "b": [("alphamath", 1, 2)]}, [3 / 6, 1 / 2], [6, 2]),
        # One that could decide nothing stands for nothing.
        ({"a": [("monte_carlo", 2, 4)]}, [2 / 5, 0.0], [5, 1]),
    ],
)  # fmt: skip
def test_all_that_was_decided_is_pooled_whoever_asked(
    said: dict[str, list[tuple[str, int, int]]], values: list[float], n: list[int]
) -> None:
    (found,) = made(with_said(row("ab", W), **said))
    assert columns(found, "values", "n") == (pytest.approx(values), n)


def test_an_answer_counts_once_whoever_decided_it() -> None:
    one = with_said(row("ab", C), b=[("solver", 1, 1)])
    assert columns(made(one)[0], "values", "n") == ([1.0, 1.0], [1, 1])
    undecided = row("ab", U)
    solved_one = replace(undecided, solution=replace(undecided.solution, outcome=C))
    (found,) = made(with_said(solved_one, b=[("solver", 1, 1)]))
    assert columns(found, "values", "n", "outcome") == ([1.0, 1.0], [1, 1], [1.0, 1.0])


def test_an_unknown_outcome_is_no_value_and_no_broadcast() -> None:
    assert made(row("ab", U, a=(4, 4))) == ["its outcome is unknown"]
    # It stands in the tree all the same: its rollouts are evidence on a shared prefix.
    found, reason = made(row("ac", C), row("ab", U, a=(1, 4)))
    assert reason == "its outcome is unknown"
    assert columns(found, "values", "n") == (pytest.approx([2 / 5, 1.0]), [5, 1])


def test_evidence_that_is_unknown_counts_nothing() -> None:
    plain = row("ab", W)
    short = replace(counted("", 0, 5), verdict=U, score=None, reason="3 did not come")
    steps = (replace(plain.steps[0], evidence=(short,)), plain.steps[1])
    (found,) = made(replace(plain, steps=steps))
    assert columns(found, "values", "n") == ([0.0, 0.0], [1, 1])
