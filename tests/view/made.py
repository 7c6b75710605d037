"""A small dataset to look at: two problems, three solutions, each with a story."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from labeler.dataset import CommitInfo
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
    Verdict,
    prefix_id,
)
from tests.committed import committed

BEADS = Problem("beads", "math", "Ida has 2 beads and buys 3. How many?", "5")
EVIL = Problem("evil", "code", '<script>alert(1)</script> & "quoted"', None)


def evidence(step: str, labeler: str, n_correct: int, n: int, rationale: str = "") -> Evidence:
    asks = Asks.VALUE if n > 1 else Asks.CORRECTNESS
    verdict = Verdict.CORRECT if n_correct else Verdict.WRONG
    return Evidence(step, labeler, "1", asks, verdict, n_correct / n, n, n_correct, rationale)


def solution(
    problem: Problem,
    name: str,
    steps: list[tuple[str, int | None, float | None, list[tuple[str, int, int]]]],
    outcome: Verdict,
    first_error: int | None,
    rationale: str = "",
) -> LabeledSolution:
    texts = tuple(text for text, *_ in steps)
    ids = [prefix_id(problem.problem_id, texts[: t + 1]) for t in range(len(texts))]
    labeled = tuple(
        LabeledStep(
            text, ids[t], label, p, tuple(evidence(ids[t], *said, rationale) for said in pieces)
        )
        for t, (text, label, p, pieces) in enumerate(steps)
    )
    kept = first_error is not None
    answer = texts[-1].split()[-1] if texts else None
    written = Solution(
        name, problem.problem_id, texts, answer, outcome, "",
        Generator("tiny", "r", Sampling(), 0, ""),
    )  # fmt: skip
    reason = "" if kept else "first error undecided"
    return LabeledSolution(
        problem, written, labeled, first_error, Consensus("posterior", kept, reason)
    )


RIGHT = solution(
    BEADS, "right",
    [("2 + 3 = 5.\n", 1, 0.99, [("monte_carlo", 7, 8)]),
     ("Answer: 5", 1, 1.0, [("outcome", 1, 1)])],
    Verdict.CORRECT, -1,
)  # fmt: skip
DOUBTED = solution(
    BEADS, "doubted",
    [("2 + 3 = 5.\n", 1, 0.99, [("monte_carlo", 7, 8)]),
     ("5 + 1 = 6.\n", -1, 0.4, [("judge", 1, 1), ("monte_carlo", 0, 8)]),
     ("Answer: 6", None, None, [("outcome", 0, 1)])],
    Verdict.WRONG, 1, "<b>bold</b> claim",
)  # fmt: skip
OPEN = solution(
    EVIL, "open",
    [("<img src=x onerror=alert(2)>", None, 0.7, [("judge", 1, 1)])],
    Verdict.UNKNOWN, None,
)  # fmt: skip
ALL = (RIGHT, DOUBTED, OPEN)


def info(run_id: str) -> CommitInfo:
    return CommitInfo(run_id, "c0ffee", "0.1.0", "tiny", "sha", 1)


def commit_solutions(dataset: Path, run_id: str, *solutions: LabeledSolution) -> int:
    return committed(dataset, info(run_id), *solutions, shard="a")


def made(folder: Path) -> Path:
    """The three solutions in two runs, so in two files."""
    commit_solutions(folder / "d", "run-1", RIGHT, DOUBTED)
    commit_solutions(folder / "d", "run-2", OPEN)
    return folder / "d"


def many(dataset: Path, run_id: str, n: int) -> None:
    """`n` copies of a solution under other names."""
    copies = [
        replace(RIGHT, solution=replace(RIGHT.solution, solution_id=f"s{i}")) for i in range(n)
    ]
    commit_solutions(dataset, run_id, *copies)
