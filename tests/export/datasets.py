"""A small dataset of every kind of row, with what is said of each step in one line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from labeler.dataset import CommitInfo, Dataset, open_dataset
from labeler.records import (
    Asks,
    Consensus,
    Evidence,
    Generator,
    LabeledSolution,
    LabeledStep,
    Problem,
    Sampling,
    Solution,
    Source,
    Trajectory,
    Turn,
    Verdict,
    prefix_id,
)
from tests.committed import committed

C, W, U = Verdict.CORRECT, Verdict.WRONG, Verdict.UNKNOWN
SOURCE = Source("toys", "r1", "train", "mit")


def problem(number: int, text: str = "", reference: tuple[str, ...] = ()) -> Problem:
    return Problem(
        f"q{number}",
        "math",
        text or f"What is {number} + {number}?",
        str(2 * number),
        reference_solution=reference,
        source=SOURCE,
    )


def counted(prefix: str, n_correct: int, n: int = 8) -> Evidence:
    """Monte Carlo evidence."""
    verdict = C if n_correct else W
    score = n_correct / n
    return Evidence(prefix, "monte_carlo", "1", Asks.VALUE, verdict, score, n, n_correct)


def judged(prefix: str, verdict: Verdict, rationale: str, model: str = "judge-7b") -> Evidence:
    name = "judge" if model else "tool_check"
    return Evidence(
        prefix, name, "1", Asks.CORRECTNESS, verdict, rationale=rationale, model=model,
        reason="" if verdict is not U else "no verdict",
    )  # fmt: skip


def solved(
    name: str,
    of: Problem,
    texts: tuple[str, ...],
    labels: tuple[int | None, ...],
    outcome: Verdict,
    probabilities: tuple[float | None, ...] | None = None,
    evidence: dict[int, list[tuple[object, ...]]] | None = None,
    kept: bool = True,
) -> LabeledSolution:
    """A solution whose first error is the first -1, none if all is right, else undecided.

    `evidence[t]` holds `(n_correct, n)` for rollouts, `(verdict, rationale[, model])` for judges.
    """
    steps = []
    for t, text in enumerate(texts):
        prefix = prefix_id(of.problem_id, texts[: t + 1])
        said = [
            counted(prefix, *what) if isinstance(what[0], int) else judged(prefix, *what)
            for what in (evidence or {}).get(t, [])
        ]
        probability = probabilities[t] if probabilities else None
        steps.append(LabeledStep(text, prefix, labels[t], probability, tuple(said)))
    first = next((t for t, label in enumerate(labels) if label == -1), None)
    if first is None and None not in labels:
        first = -1
    generator = Generator("tiny", "r1", Sampling(), 7, "sha")
    solution = Solution(name, of.problem_id, texts, "2", outcome, "", generator)
    consensus = Consensus("posterior", kept, "" if kept else "undecided")
    return LabeledSolution(of, solution, tuple(steps), first, consensus)


Q1, Q2 = problem(1), problem(2, reference=("Two and two.\n", "So $2+2=4$.\n"))

RIGHT = solved(
    "s-right", Q1, ("Take 1.\n", "Add 1: 2.\n"), (1, 1), C,
    probabilities=(0.75, 0.5),
    evidence={
        0: [(6, 8), (C, "One is given.")],
        1: [(4, 8), (C, "1 + 1 = 2"), (C, "1+1 = 2", "")],
    },
)  # fmt: skip
WRONG = solved(
    "s-wrong", Q1, ("Take 1.\n", "Add 1: 3.\n", "So 3.\n"), (1, -1, None), W,
    probabilities=(0.75, 0.25, None),
    evidence={0: [(6, 8), (C, "One is given.")], 1: [(0, 8), (W, "1 + 1 is not 3.")]},
)  # fmt: skip
NEUTRAL = solved(
    "s-neutral", Q2, ("Hm.\n", "2 + 2 = 4.\n"), (0, 1), C,
    evidence={1: [(8, 8), (W, "I disagree.")]},
)  # fmt: skip
GAP = solved("s-gap", Q2, ("Well.\n", "4.\n"), (None, 1), C, evidence={1: [(8, 8)]})
DROPPED = solved("s-dropped", Q2, ("5?\n", "5.\n"), (None, None), W, kept=False)
UNKNOWN = solved("s-unknown", Q2, ("4, I think\n",), (1,), U)
ALL = (RIGHT, WRONG, NEUTRAL, GAP, DROPPED, UNKNOWN)


def dataset_of(folder: Path, *solutions: LabeledSolution, run: str = "run-1") -> Dataset:
    """Appends one run to the dataset `folder / "d"`."""
    info = CommitInfo(run, "c0ffee", "0.1.0", "tiny", "sha", 7, cost={"calls": 3})
    committed(folder / "d", info, *solutions)
    return open_dataset(folder / "d")


def with_ratios(labeled: LabeledSolution, reading: str, *signals: float | None) -> LabeledSolution:
    """The solution with evidence of `implicit` on its steps."""
    steps = tuple(
        replace(
            step,
            evidence=(
                Evidence(step.prefix_id, "implicit", f"1+{reading}", Asks.VALUE,
                         Verdict.UNKNOWN, reason="a score, not a verdict", signal=signal),
            ),
        )
        for step, signal in zip(labeled.steps, signals, strict=True)
    )  # fmt: skip
    return replace(labeled, steps=steps)


def with_turns(labeled: LabeledSolution) -> LabeledSolution:
    """The solution as an agent's that calls nothing, each step a turn of words."""
    turns = tuple(Turn(step.text.strip()) for step in labeled.steps)
    return replace(labeled, solution=replace(labeled.solution, trajectory=Trajectory(turns)))
