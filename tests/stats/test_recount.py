"""Every figure of `labeler stats` on a small, messy dataset, against a plain-Python recount."""

from __future__ import annotations

import random
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from labeler.dataset import CommitInfo, Dataset, columns, open_dataset
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
    short_hash,
)
from labeler.stats import label_statistics
from tests.committed import committed
from tests.stats.recount import recount

SOURCES = {
    "monte_carlo": Asks.VALUE,
    "outcome": Asks.VALUE,
    "judge": Asks.CORRECTNESS,
    "tool": Asks.CORRECTNESS,
}


def solutions(seed: int, n: int) -> list[LabeledSolution]:
    """Solutions that share prefixes, with sources missing, unknown, voting twice, or human."""
    rng = random.Random(seed)
    said: dict[str, tuple[Evidence, ...]] = {}
    return [solution(rng, said) for _ in range(n)]


def solution(rng: random.Random, said: dict[str, tuple[Evidence, ...]]) -> LabeledSolution:
    number = rng.randrange(6)
    domain = ["math", "code", "qa"][number % 3]
    problem = Problem(f"q{number}", domain, f"text {number % 5}", "2")
    texts = tuple(rng.choice(["é", "add. "]) * (t + 1) for t in range(rng.choice([0, 1, 2, 4])))
    steps = []
    for place, text in enumerate(texts):
        prefix = prefix_id(problem.problem_id, texts[: place + 1])
        shared = said.setdefault(prefix, tuple(evidence(rng, prefix)))
        label = rng.choice([1, 1, 0, -1, None])
        probability = rng.choice([None, 0.0, 0.05, 0.3, 0.95, 1.0])
        steps.append(LabeledStep(text, prefix, label, probability, shared))
    if steps and rng.random() < 0.5:
        verdict = rng.choice([Verdict.CORRECT, Verdict.WRONG])
        human = Evidence(steps[-1].prefix_id, "human", "1", Asks.CORRECTNESS, verdict, n=1)
        steps[-1] = replace(steps[-1], evidence=(*steps[-1].evidence, human))
    outcome = rng.choice(list(Verdict)) if number else Verdict.UNKNOWN
    generator = Generator("tiny", "r", Sampling(), rng.randrange(99), "sha")
    name = short_hash(problem.problem_id, *texts)
    written = Solution(name, problem.problem_id, texts, "2", outcome, "", generator)
    kept = rng.random() < 0.7
    reason = "" if kept else f"undecided: step {rng.randrange(3)}, P = {rng.random():.2f}"
    error = rng.choice([-1, None, *range(len(texts))])
    return LabeledSolution(problem, written, tuple(steps), error, Consensus("p", kept, reason))


def evidence(rng: random.Random, prefix: str) -> list[Evidence]:
    truth = rng.random() < 0.6
    pieces = []
    for name, asks in SOURCES.items():
        for _ in range(rng.choice([0, 1, 1, 1, 3])):
            verdict = Verdict.CORRECT if truth ^ (rng.random() < 0.2) else Verdict.WRONG
            verdict = rng.choice([verdict, verdict, verdict, Verdict.UNKNOWN])
            n = {"monte_carlo": rng.choice([4, 8]), "judge": 3}.get(name, 1)
            score = None if verdict is Verdict.UNKNOWN else rng.random()
            pieces.append(
                Evidence(
                    prefix, name, "1", asks, verdict, score, n, rng.randrange(n + 1),
                    f"{rng.random()}", "m", 1, rng.randrange(99), rng.randrange(99),
                    signal=-9 * rng.random() if rng.random() < 0.3 else None,
                )
            )  # fmt: skip
    return pieces


def written(folder: Path, seed: int) -> Dataset:
    """Two runs, the second one repeating problems of the first, in two files."""
    for run in ("run-1", "run-2"):
        committed(folder / "d", CommitInfo(run, "", "", "tiny", "sha", 0), *solutions(seed, 40))
        seed += 1000
    return open_dataset(folder / "d")


def without_drawn(found: dict[str, Any]) -> dict[str, Any]:
    """Intervals of the coefficients come from resamples; see test_agreement."""
    agreement = found["agreement"]
    pairs = [pair | {"kappa": pair["kappa"]["value"]} for pair in agreement["pairs"]]
    agreement = agreement | {"alpha": agreement["alpha"]["value"], "pairs": pairs}
    return found | {"agreement": agreement}


def approximately(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: approximately(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [approximately(item) for item in value]
    return pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value


def as_lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_lists(item) for key, item in value.items()}
    return [as_lists(item) for item in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("seed", range(6))
def test_every_figure_agrees_with_a_recount(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(columns, "ROWS_PER_BATCH", 7)
    dataset = written(tmp_path, seed)
    found = without_drawn(as_lists(asdict(label_statistics(dataset))))
    assert found.pop("version") == 1
    runs = [columns_["run_id"] for columns_ in dataset.rows()]
    assert found == approximately(recount(list(zip(runs, dataset.solutions(), strict=True))))
