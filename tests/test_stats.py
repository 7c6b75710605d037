"""Statistics of a small dataset, every number worked out by hand."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from labeler.dataset import CommitInfo, commit, open_dataset, read_shards, write_shard
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
)
from labeler.schema import Provenance, row
from labeler.stats import (
    LabelerStatistics,
    LabelStatistics,
    Rate,
    label_statistics,
    wilson,
)
from labeler.terminal import show_statistics

C, W, U = Verdict.CORRECT, Verdict.WRONG, Verdict.UNKNOWN


def says(
    prefix: str, labeler: str, verdict: Verdict, score: float | None, calls: int, tokens: int
) -> Evidence:
    return Evidence(
        prefix,
        labeler,
        "1",
        Asks.VALUE,
        verdict,
        score=score,
        rationale=f"of {prefix}",
        calls=calls,
        prompt_tokens=10 * tokens,
        completion_tokens=tokens,
        reason="time-out" if verdict is U else "",
    )


SHARED = LabeledStep(
    "a", "p0", 1, 0.9, (says("p0", "mc", C, 0.5, 4, 100), says("p0", "judge", U, None, 1, 7))
)


def solution(
    name: str,
    problem: Problem,
    *steps: LabeledStep,
    first_error: int | None,
    kept: bool,
    outcome: Verdict,
) -> LabeledSolution:
    texts = tuple(step.text for step in steps)
    generator = Generator("tiny", "r", Sampling(), 0, "sha")
    written = Solution(name, problem.problem_id, texts, "2", outcome, "", generator)
    return LabeledSolution(problem, written, steps, first_error, Consensus("p", kept, ""))


Q1, Q2 = Problem("q1", "math", "1+1?", "2"), Problem("q2", "code", "print 2", None)
WRONG_STEP = LabeledStep("b", "p1", -1, 0.1, (says("p1", "mc", W, 0.0, 4, 50),))
NEUTRAL_STEP = LabeledStep("c", "p2", 0, None, ())
UNDECIDED_STEP = LabeledStep("d", "p3", None, None, (says("p3", "mc", U, None, 2, 5),))
FOUR = (
    solution("s1", Q1, SHARED, WRONG_STEP, first_error=1, kept=True, outcome=W),
    solution("s2", Q1, SHARED, NEUTRAL_STEP, first_error=-1, kept=True, outcome=C),
    solution("s3", Q2, UNDECIDED_STEP, first_error=None, kept=False, outcome=U),
    solution("s4", Q2, first_error=None, kept=False, outcome=U),
)


def write(
    dataset: Path, run: str, *solutions: LabeledSolution, cost: dict[str, int] | None = None
) -> None:
    staged = dataset.parent / f"{run}.parquet"
    write_shard(staged, (row(s, Provenance(run, "", "", "0")) for s in solutions))
    info = CommitInfo(run, "", "", "tiny", "sha", 0, cost=cost or {})
    commit(dataset, read_shards([staged]), info)


def test_every_number_and_shared_evidence_once(tmp_path: Path) -> None:
    write(tmp_path / "d", "run-1", *FOUR)
    assert label_statistics(open_dataset(tmp_path / "d")) == LabelStatistics(
        version=0,
        n_problems=2,
        n_solutions=4,
        n_kept=2,
        keep_rate=wilson(2, 4),
        n_steps=5,
        n_labeled_steps=4,
        n_correct_steps=2,
        n_neutral_steps=1,
        n_wrong_steps=1,
        n_undecided_steps=1,
        mean_steps=1.25,
        first_error_histogram={"-1": 1, "1": 1, "undecided": 2},
        calls=11,
        prompt_tokens=1620,
        completion_tokens=162,
        by_labeler={
            "judge": LabelerStatistics(1, 0, 0, 1, 1, 70, 7, None),
            "mc": LabelerStatistics(3, 1, 1, 1, 10, 1550, 155, 0.25),
        },
        by_outcome={"correct": 1, "unknown": 2, "wrong": 1},
        by_domain={"code": 2, "math": 2},
    )


def test_the_log_knows_the_whole_cost_where_every_run_recorded_it(tmp_path: Path) -> None:
    cost = {"calls": 100, "prompt_tokens": 9000, "completion_tokens": 800}
    write(tmp_path / "d", "run-1", *FOUR, cost=cost)
    write(tmp_path / "d", "run-2", *FOUR, cost=cost)
    write(tmp_path / "d", "run-3", *FOUR)

    def costs(version: int) -> tuple[int | None, int | None, int | None]:
        stats = label_statistics(open_dataset(tmp_path / "d", version))
        return stats.calls, stats.prompt_tokens, stats.completion_tokens

    assert costs(0) == (100, 9000, 800)
    assert costs(1) == (200, 18000, 1600)
    assert costs(2) == (33, 4860, 486), "run-3 recorded none, so the evidence of all runs is summed"


def test_an_empty_dataset_has_no_rates_and_no_cost(tmp_path: Path) -> None:
    write(tmp_path / "d", "run-1")
    assert json.loads(label_statistics(open_dataset(tmp_path / "d")).to_json()) == {
        "version": 0,
        "n_problems": 0,
        "n_solutions": 0,
        "n_kept": 0,
        "keep_rate": {"n_yes": 0, "n": 0, "rate": None, "low": None, "high": None},
        "n_steps": 0,
        "n_labeled_steps": 0,
        "n_correct_steps": 0,
        "n_neutral_steps": 0,
        "n_wrong_steps": 0,
        "n_undecided_steps": 0,
        "mean_steps": None,
        "first_error_histogram": {},
        "calls": None,
        "prompt_tokens": None,
        "completion_tokens": None,
        "by_labeler": {},
        "by_outcome": {},
        "by_domain": {},
    }


@pytest.mark.parametrize(
    ("n_yes", "n", "rate", "low", "high"),
    [(0, 10, 0.0, 0.0, 0.2775), (8, 10, 0.8, 0.4902, 0.9433), (10, 10, 1.0, 0.7225, 1.0)],
)
def test_wilson_interval_matches_published_values(
    n_yes: int, n: int, rate: float, low: float, high: float
) -> None:
    found = wilson(n_yes, n)
    rounded = [
        round(number, 4) for number in (found.rate, found.low, found.high) if number is not None
    ]
    assert rounded == [rate, low, high]
    assert wilson(0, 0) == Rate(0, 0, None, None, None)


def test_the_table_shows_a_dash_for_what_is_not_known(tmp_path: Path) -> None:
    write(tmp_path / "d", "run-1", *FOUR)
    write(tmp_path / "empty", "run-1")
    page = io.StringIO()
    console = Console(file=page, width=160)
    for name in ("d", "empty"):
        console.print(show_statistics(label_statistics(open_dataset(tmp_path / name))))
    lines = [" ".join(line.replace("│", " ").split()) for line in page.getvalue().splitlines()]
    assert any(line.startswith("labels 2 right, ") for line in lines)
    assert [line for line in lines if line.endswith("█")] == [
        f"none 1 {'█' * 20}",
        f"step 2 1 {'█' * 20}",
        f"undecided 2 {'█' * 40}",
    ]
    assert "kept 2 0.50 [0.15, 0.85]" in lines
    assert "kept 0 - [-, -]" in lines
