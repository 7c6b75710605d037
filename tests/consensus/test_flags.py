"""What a flag of a tool is worth is learned for each kind of claim, and is never certainty."""

from dataclasses import replace

import pytest

from labeler.consensus.base import fitted
from labeler.consensus.flags import LEAST_MISREAD, MISREAD
from labeler.consensus.fusion import Fusion
from labeler.consensus.label import recompute_solution
from labeler.records import Consensus, LabeledSolution, LabeledStep, Problem, Verdict
from tests.consensus.talk import said, solution


def flag(kind="arithmetic"):
    return replace(said("-", "tool_check", ""), n=1, n_correct=0, reason=kind)


def row(name, evidence, outcome=Verdict.UNKNOWN):
    made = replace(solution(len(evidence), outcome, name), problem_id=name)
    marked = tuple(
        LabeledStep(text, f"{name}{t}", None, None, tuple(pieces))
        for t, (text, pieces) in enumerate(zip(made.steps, evidence, strict=True))
    )
    return LabeledSolution(
        Problem(name, "math", "?", "3"), made, marked, None, Consensus("", False, "")
    )


def alone(rule, kind, n_steps=4, at=1):
    evidence = [(flag(kind),) if t == at else () for t in range(n_steps)]
    return rule.decide(solution(n_steps, Verdict.UNKNOWN), evidence).probabilities[at]


@pytest.mark.parametrize("n_steps", [1, 3, 10, 30])
def test_a_flag_alone_leaves_the_share_that_is_misread_wherever_it_stands(n_steps):
    for at in {0, n_steps // 2, n_steps - 1}:
        assert alone(Fusion(), "arithmetic", n_steps, at) == pytest.approx(MISREAD)


def test_flags_teach_nothing_about_themselves():
    rows = [row(f"f{i}", [(), (flag(),), (), ()]) for i in range(400)]
    rows += [row(f"s{i}", [(), (), (), ()]) for i in range(100)]
    assert alone(fitted(Fusion(), rows), "arithmetic") == pytest.approx(MISREAD, rel=0.2)


def test_what_a_flag_is_worth_is_learned_for_each_kind_of_claim():
    def judged(name, kind, word):
        models = ("one", "two", "three")
        words = [("+", "+", "+", "+"), ("+", word, word, word)][word == "-"]
        steps = [[said(w, "judge", model) for model in models] for w in words]
        steps[1].append(flag(kind))
        return row(name, steps, Verdict.CORRECT if word == "+" else Verdict.WRONG)

    rows = [judged(f"a{i}", "equation", "+") for i in range(300)]
    rows += [judged(f"b{i}", "arithmetic", "-") for i in range(300)]
    rule = fitted(Fusion(), rows)
    assert alone(rule, "equation") > 5 * MISREAD
    assert LEAST_MISREAD * 0.99 <= alone(rule, "arithmetic") < MISREAD
    # A kind that was never seen keeps what is known beforehand.
    assert alone(rule, "remainder") == pytest.approx(MISREAD)


def test_no_number_of_flags_that_hold_makes_the_next_one_certain():
    def caught(name):
        steps = [[said("+")], [said("-"), flag()], [said("-")]]
        return row(name, steps, Verdict.WRONG)

    rule = fitted(Fusion(), [caught(f"c{i}") for i in range(2_000)])
    assert round(alone(rule, "arithmetic"), 2) >= 0.01
    decided = recompute_solution(row("x", [(), (flag(),), ()]), rule)
    assert 0.005 < decided.steps[1].probability < MISREAD
