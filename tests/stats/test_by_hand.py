"""Statistics of a small dataset, every number worked out by hand."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from labeler.consensus.votes import AnyRule, Votes
from labeler.dataset import CommitInfo, open_dataset
from labeler.errors import DatasetError
from labeler.recompute.version import recompute_version
from labeler.records import (
    Asks,
    Consensus,
    Evidence,
    Generator,
    LabeledSolution,
    LabeledStep,
    Problem,
    ProblemSamples,
    Sampling,
    Solution,
    Verdict,
)
from labeler.stats import LabelerStatistics, LabelStatistics, Rate, label_statistics, wilson
from labeler.stats.agreement import Agreement, Coefficient
from labeler.stats.calibration import Bin, Calibration
from labeler.stats.rates import Spread
from labeler.stats.records import CostPerLabel, Duplicates, KeepByDifficulty, LabelCounts
from labeler.stats.tables import show_statistics
from tests.committed import committed

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
    committed(dataset, CommitInfo(run, "", "", "tiny", "sha", 0, cost=cost or {}), *solutions)


def test_a_step_labelled_wrong_is_told_where_the_first_error_is_undecided(tmp_path: Path) -> None:
    """As rules of single steps label where only tools looked: steps before a flag stay open."""
    flagged = solution(
        "s5", Q1, UNDECIDED_STEP, WRONG_STEP, WRONG_STEP, first_error=None, kept=True, outcome=W
    )
    write(tmp_path / "d", "run-1", *FOUR, flagged)
    found = label_statistics(open_dataset(tmp_path / "d"))
    assert found.wrong_where_undecided == {"1": 1}
    assert found.first_errors == {"none": 1, "step 2": 1, "step 2 or before": 1, "undecided": 2}


def test_every_number_and_shared_evidence_once(tmp_path: Path) -> None:
    write(tmp_path / "d", "run-1", *FOUR)
    nothing = CostPerLabel(None, None, None)
    assert label_statistics(open_dataset(tmp_path / "d")) == LabelStatistics(
        version=0,
        n_problems=2,
        n_solutions=4,
        n_kept=2,
        keep_rate=wilson(2, 4),
        n_steps=5,
        n_labeled_steps=4,
        n_kept_labels=4,
        n_correct_steps=2,
        n_neutral_steps=1,
        n_wrong_steps=1,
        n_undecided_steps=1,
        mean_steps=1.25,
        first_error_histogram={"-1": 1, "1": 1, "undecided": 2},
        wrong_where_undecided={},
        calls=11,
        prompt_tokens=1620,
        completion_tokens=162,
        cost={
            "calls": CostPerLabel(11, 2.75, 2.75),
            "prompt_tokens": CostPerLabel(1620, 405.0, 405.0),
            "completion_tokens": CostPerLabel(162, 40.5, 40.5),
            "seconds": nothing,
            "usd": nothing,
        },
        by_labeler={
            "judge": LabelerStatistics(1, 0, 0, 1, 1, 70, 7, None),
            "mc": LabelerStatistics(3, 1, 1, 1, 10, 1550, 155, 0.25),
        },
        by_outcome={"correct": 1, "unknown": 2, "wrong": 1},
        by_domain={"code": 2, "math": 2},
        labels_by_domain={
            "code": LabelCounts(0, 0, 0, 1, wilson(0, 0)),
            "math": LabelCounts(2, 1, 1, 0, wilson(1, 3)),
        },
        labels_by_position={
            "0": LabelCounts(2, 0, 0, 1, wilson(0, 2)),
            "1": LabelCounts(0, 1, 1, 0, wilson(1, 1)),
        },
        keep_by_domain={"code": wilson(0, 2), "math": wilson(2, 2)},
        keep_by_difficulty={
            "up to 1/2": KeepByDifficulty(1, wilson(2, 2)),
            "undecided": KeepByDifficulty(1, wilson(0, 2)),
        },
        drop_reasons={"": 2},
        agreement=Agreement(0, Coefficient(None, None, None), ()),
        calibration={
            "outcome": Calibration(
                1,
                pytest.approx(0.01),
                pytest.approx(0.1),
                (Bin(0.1, 0.2, pytest.approx(0.1), wilson(0, 1)),),
            )
        },
        monte_carlo={},
        duplicates=Duplicates(0, 0, 1),
        steps_per_solution=Spread(4, 1.25, 0, 0, 1, 2, 2),
        characters_per_step=Spread(5, 1.0, 1, 1, 1, 1, 1),
    )


@pytest.mark.parametrize(
    ("outcomes", "band"),
    [
        ((W, W), "0"),
        ((C, W, W, W), "up to 1/4"),
        ((C, W, W), "up to 1/2"),
        ((C, W), "up to 1/2"),
        ((C, C, W), "up to 3/4"),
        ((C, C, C, W), "up to 3/4"),
        ((C, C, C, C, W), "below 1"),
        ((C, C, U), "1"),
        ((U,), "undecided"),
    ],
)
def test_difficulty_is_the_share_of_decided_solutions_that_are_right(
    tmp_path: Path, outcomes: tuple[Verdict, ...], band: str
) -> None:
    rows = [
        solution(f"s{n}", Q1, SHARED, first_error=-1, kept=n == 0, outcome=outcome)
        for n, outcome in enumerate(outcomes)
    ]
    write(tmp_path / "d", "run-1", *rows)
    found = label_statistics(open_dataset(tmp_path / "d")).keep_by_difficulty
    assert found == {band: KeepByDifficulty(1, wilson(1, len(outcomes)))}


@pytest.mark.parametrize(
    ("draws", "band"),
    [
        # Fifteen of sixteen samples were right, and had one text: a row of two.
        ([ProblemSamples(7, 16, 16, 15)] * 2, "below 1"),
        ([ProblemSamples(7, 16, 15, 15)] * 2, "1"),
        ([ProblemSamples(7, 16, 16, 0), ProblemSamples(8, 16, 16, 4)], "up to 1/4"),
        ([None, ProblemSamples(7, 16, 16, 4)], "up to 1/4"),
        ([ProblemSamples(7, 16, 0, 0)] * 2, "up to 1/2"),
        ([None, None], "up to 1/2"),
    ],
)
def test_difficulty_counts_all_samples(
    tmp_path: Path, draws: list[ProblemSamples | None], band: str
) -> None:
    rows = [
        solution(f"s{n}", Q1, SHARED, first_error=-1, kept=True, outcome=outcome)
        for n, outcome in enumerate((C, W))
    ]
    drawn = [
        replace(row, solution=replace(row.solution, samples=samples))
        for row, samples in zip(rows, draws, strict=True)
    ]
    write(tmp_path / "d", "run-1", *drawn)
    found = label_statistics(open_dataset(tmp_path / "d")).keep_by_difficulty
    assert found == {band: KeepByDifficulty(1, wilson(2, 2))}


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


def test_labels_made_anew_of_an_older_version_cost_what_that_version_did(tmp_path: Path) -> None:
    cost = {"calls": 100, "prompt_tokens": 9000, "completion_tokens": 800}
    write(tmp_path / "d", "run-1", *FOUR, cost=cost)
    write(tmp_path / "d", "run-2", *FOUR, cost=cost)
    made = recompute_version(tmp_path / "d", Votes(AnyRule()), {}, version=0)
    assert (made.version, label_statistics(open_dataset(tmp_path / "d")).calls) == (2, 100)
    write(tmp_path / "d", "run-3", *FOUR, cost=cost)
    assert label_statistics(open_dataset(tmp_path / "d")).calls == 200


def test_an_empty_dataset_has_no_rates_and_no_cost(tmp_path: Path) -> None:
    write(tmp_path / "d", "run-1")
    nothing = {"total": None, "per_label": None, "per_kept_label": None}
    no_spread = {"n": 0} | dict.fromkeys(["mean", "smallest", "p10", "median", "p90", "largest"])
    assert json.loads(label_statistics(open_dataset(tmp_path / "d")).to_json()) == {
        "version": 0,
        "n_problems": 0,
        "n_solutions": 0,
        "n_kept": 0,
        "keep_rate": {"n_yes": 0, "n": 0, "rate": None, "low": None, "high": None},
        "n_steps": 0,
        "n_labeled_steps": 0,
        "n_kept_labels": 0,
        "n_correct_steps": 0,
        "n_neutral_steps": 0,
        "n_wrong_steps": 0,
        "n_undecided_steps": 0,
        "mean_steps": None,
        "first_error_histogram": {},
        "wrong_where_undecided": {},
        "calls": None,
        "prompt_tokens": None,
        "completion_tokens": None,
        "cost": dict.fromkeys(
            ("calls", "prompt_tokens", "completion_tokens", "seconds", "usd"), nothing
        ),
        "by_labeler": {},
        "by_outcome": {},
        "by_domain": {},
        "labels_by_domain": {},
        "labels_by_position": {},
        "keep_by_domain": {},
        "keep_by_difficulty": {},
        "drop_reasons": {},
        "agreement": {
            "n_steps": 0,
            "alpha": {"value": None, "low": None, "high": None},
            "pairs": [],
        },
        "calibration": {},
        "monte_carlo": {},
        "duplicates": {"solutions": 0, "problem_texts": 0, "shared_steps": 0},
        "steps_per_solution": no_spread,
        "characters_per_step": no_spread,
        "unread": {},
        "agents": None,
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
        f"no reason given 2 {'█' * 40}",
    ]
    assert "kept 2 0.50 [0.15, 0.85]" in lines
    assert "kept 0 - [-, -]" in lines


def test_a_truncated_file_is_one_clear_line(tmp_path: Path) -> None:
    write(tmp_path / "d", "run-1", *FOUR)
    dataset = open_dataset(tmp_path / "d")
    [file] = dataset.files()
    whole = file.read_bytes()
    for n_bytes in (0, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:n_bytes])
        with pytest.raises(DatasetError) as caught:
            label_statistics(dataset)
        assert str(caught.value) == f"{file}: missing or damaged; restore it from a copy"
        with pytest.raises(DatasetError, match="a file is missing or damaged; restore it"):
            dataset.collect(dataset.scan())
