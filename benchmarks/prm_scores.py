"""How well a process reward model finds first errors and picks answers, with paired intervals.

First errors: ProcessBench's F1 (arXiv 2412.06559, section 3); the claim is the first step with P
below a threshold, 0.5 or, as that paper does for reward models, the one that is best on other
problems (each half of the problems gets its threshold from the other half).

Picking: Best-of-N takes the answer of the solution with the highest score, weighted majority sums
scores by answer (Math-Shepherd, eq. 5-6; OmegaPRM, section 4.4); a solution without an answer is
never taken. A solution's score is the min, the product or the last of its steps' probabilities.

Everything is counted per problem (the first N of the candidates, the next N, ...), and problems and
seeds are resampled together, with the same draws for all methods: differences are paired.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from prm_data import HeldOut

Array = np.ndarray
RESAMPLES = 2000
THRESHOLDS = np.arange(1, 20) / 20
SIZES = (2, 4, 8, 16, 32, 64)
SCORES: dict[str, Callable[[Array], float]] = {
    "min": lambda p: float(p.min()),
    "product": lambda p: float(np.prod(p.astype(np.float64))),
    "last": lambda p: float(p[-1]),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure with its 95% interval, and the resamples behind it (paired between methods)."""

    value: float
    draws: Array

    @property
    def interval(self) -> tuple[float, float]:
        low, high = np.percentile(self.draws, [2.5, 97.5])
        return float(low), float(high)

    def minus(self, other: Measured) -> Measured:
        return Measured(self.value - other.value, self.draws - other.draws)


def first_error_counts(
    problems: Sequence[HeldOut],
    index: Sequence[Sequence[int]],
    probabilities: Sequence[Array],
    threshold: float = 0.5,
) -> Array:
    """[problems, 4]: erroneous solutions, those located, right solutions, those cleared.

    Each text counts once, however often it was sampled; those without any step are left out.
    """
    claims = [next(iter(np.flatnonzero(p < threshold)), -1) for p in probabilities]
    counts = np.zeros((len(problems), 4))
    for at, (problem, places) in enumerate(zip(problems, index, strict=True)):
        texts = {i: one for i, one in zip(places, problem.candidates, strict=True) if one.steps}
        for i, candidate in texts.items():
            side = 0 if candidate.first_error >= 0 else 2
            counts[at, side] += 1
            counts[at, side + 1] += claims[i] == candidate.first_error
    return counts


def tuned_counts(
    problems: Sequence[HeldOut], index: Sequence[Sequence[int]], probabilities: Sequence[Array]
) -> Array:
    """`first_error_counts`, each half of the problems at the threshold best on the other half."""
    tried = np.stack([first_error_counts(problems, index, probabilities, t) for t in THRESHOLDS])
    halves = np.arange(len(problems)) % 2
    counts = np.zeros(tried.shape[1:])
    for half in (0, 1):
        best = int(np.argmax(f1(tried[:, halves != half].sum(axis=1))))
        counts[halves == half] = tried[best][halves == half]
    return counts


def f1(counts: Array) -> Array:
    """ProcessBench's F1 from summed counts [..., 4]."""
    erroneous = counts[..., 1] / np.maximum(counts[..., 0], 1)
    correct = counts[..., 3] / np.maximum(counts[..., 2], 1)
    whole: Array = 2 * erroneous * correct / np.maximum(erroneous + correct, 1e-12)
    return whole


def picked(problem: HeldOut, scores: Array, n: int) -> tuple[float, float]:
    """Shares of right answers by Best-of-N and by weighted majority, over the blocks of N."""
    answers = [candidate.answer for candidate in problem.candidates]
    right = np.array([candidate.is_right for candidate in problem.candidates])
    best, voted = [], []
    for start in range(0, len(answers) - n + 1, n):
        block = [i for i in range(start, start + n) if answers[i] is not None]
        if not block:
            best.append(False)
            voted.append(False)
            continue
        best.append(bool(right[max(block, key=lambda i: scores[i])]))
        sums: dict[str | None, float] = {}
        for i in block:
            sums[answers[i]] = sums.get(answers[i], 0.0) + float(scores[i])
        winner = max(sums, key=lambda answer: sums[answer])
        voted.append(bool(right[next(i for i in block if answers[i] == winner)]))
    return float(np.mean(best)), float(np.mean(voted))


def picks(
    problems: Sequence[HeldOut], index: Sequence[Sequence[int]], probabilities: Sequence[Array]
) -> dict[str, Array]:
    """Shares of right answers per problem, by "best 8 min", "vote 64 product", ...

    `probabilities` are those of the distinct solutions, `index` finds each candidate's.
    """
    scored = {
        name: np.array([score(p) if len(p) else 0.0 for p in probabilities])
        for name, score in SCORES.items()
    }
    found: dict[str, list[float]] = {}
    for problem, places in zip(problems, index, strict=True):
        for name, of_distinct in scored.items():
            scores = of_distinct[list(places)]
            for n in _sizes(problem):
                best, voted = picked(problem, scores, n)
                found.setdefault(f"best {n} {name}", []).append(best)
                found.setdefault(f"vote {n} {name}", []).append(voted)
    return {name: np.array(shares) for name, shares in found.items()}


def plain(problems: Sequence[HeldOut]) -> dict[str, Array]:
    """Shares per problem without any reward model: "majority 8", "pass 8", "pass 1"."""
    found: dict[str, list[float]] = {}
    for problem in problems:
        right = np.array([candidate.is_right for candidate in problem.candidates])
        found.setdefault("pass 1", []).append(float(right.mean()))
        for n in _sizes(problem):
            voted = picked(problem, np.ones(len(right)), n)[1]
            blocks = right[: len(right) // n * n].reshape(-1, n)
            found.setdefault(f"majority {n}", []).append(voted)
            found.setdefault(f"pass {n}", []).append(float(blocks.any(axis=1).mean()))
    return {name: np.array(shares) for name, shares in found.items()}


def _sizes(problem: HeldOut) -> list[int]:
    return [n for n in SIZES if n <= len(problem.candidates)]


def resampled(of_seeds: Array, statistic: Callable[[Array], Array]) -> Measured:
    """`of_seeds` is [seeds, problems, k]; `statistic` maps sums over problems [..., k] to [...].

    The figure is the mean over seeds; a draw resamples seeds and problems.
    """
    n_seeds, n_problems, _ = of_seeds.shape
    rng = np.random.default_rng(0)
    weights = rng.multinomial(n_problems, np.full(n_problems, 1 / n_problems), RESAMPLES)
    seeds = rng.integers(0, n_seeds, (RESAMPLES, n_seeds))
    sums = np.einsum("rp,spk->rsk", weights.astype(float), of_seeds)
    values = statistic(sums)
    draws = np.take_along_axis(values, seeds, axis=1).mean(axis=1)
    return Measured(float(statistic(of_seeds.sum(axis=1)).mean()), draws)
