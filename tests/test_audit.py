"""Comparing stored labels with a second labelling: counts, intervals, alarms."""

from dataclasses import replace

from labeler.audit import Audit, compare, draw
from labeler.records import (
    Consensus,
    Generator,
    LabeledSolution,
    LabeledStep,
    Problem,
    Sampling,
    Solution,
    Verdict,
)
from labeler.stats import wilson

GENERATOR = Generator("m", "r", Sampling(), 0, "p")


def labeled(name, labels, kept=True):
    """A solution with these labels of its steps."""
    steps = tuple(
        LabeledStep(f"step {t}", f"{name}-{t}", label, None, ()) for t, label in enumerate(labels)
    )
    undecided = None if None in labels and -1 not in labels else -1
    first_error = labels.index(-1) if -1 in labels else undecided
    problem = Problem(name, "math", f"text of {name}", "1")
    texts = tuple(step.text for step in steps)
    solution = Solution(name, name, texts, "1", Verdict.CORRECT, "", GENERATOR)
    return LabeledSolution(problem, solution, steps, first_error, Consensus("rule", kept, ""))


def test_first_errors_and_steps_are_compared_where_both_decided():
    stored = [labeled("a", [1, 1]), labeled("b", [1, -1]), labeled("c", [1, 1])]
    again = [labeled("a", [1, 1]), labeled("b", [-1, None]), labeled("c", [1, None])]
    assert compare(stored, again) == Audit(
        n_solutions=3,
        n_undecided=1,
        accuracy=wilson(1, 2),
        steps=wilson(3, 4),
        wrong_before=wilson(0, 4),
        wrong_again=wilson(1, 4),
    )


def test_a_solution_that_was_not_labelled_again_is_undecided():
    found = compare([labeled("a", [1])], [])
    assert (found.n_undecided, found.accuracy) == (1, wilson(0, 0))
    assert (
        found.alarm(0.0, 1.0) == "no solution was decided twice: nothing is known of the accuracy"
    )


def test_an_alarm_needs_the_whole_interval_beyond_the_bound():
    good = Audit(100, 0, wilson(90, 100), wilson(95, 100), wilson(10, 100), wilson(10, 100))
    assert good.alarm(min_accuracy=0.9, max_drift=0.1) == ""
    assert good.alarm(min_accuracy=0.94, max_drift=0.1) == ""  # its interval reaches 0.945
    assert good.alarm(min_accuracy=0.95, max_drift=0.1) == (
        "accuracy is at most 0.945, the bound 0.950"
    )
    moved = replace(good, wrong_again=wilson(60, 100))
    assert moved.alarm(min_accuracy=0.9, max_drift=0.1).startswith("the share of wrong steps moved")


def test_a_draw_takes_kept_solutions_only_and_depends_on_its_seed():
    solutions = [labeled(str(i), [1], kept=i % 2 == 0) for i in range(100)]
    one, two = draw(solutions, 10, seed=1), draw(solutions, 10, seed=2)
    assert len({row.problem.problem_id for row in one}) == 10
    assert all(row.consensus.kept for row in one)
    assert draw(solutions, 10, seed=1) == one != two
    assert len(draw(solutions, 1000, seed=1)) == 50


def test_every_kept_solution_is_as_likely_as_any_other():
    solutions = [labeled(str(i), [1]) for i in range(20)]
    drawn = [row.solution.solution_id for seed in range(400) for row in draw(solutions, 5, seed)]
    counts = [drawn.count(str(i)) for i in range(20)]
    assert sum(counts) == 2000
    assert min(counts) > 60
    assert max(counts) < 145
