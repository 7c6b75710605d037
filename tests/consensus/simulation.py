"""Solutions whose truth and whose sources' reliability are known, drawn from a seed."""

from dataclasses import dataclass

import numpy as np

from labeler.consensus.first_zero import FirstZero
from labeler.consensus.label import by_prefix, label_solution
from labeler.records import Asks, Evidence, Problem, Solution, Verdict, prefix_id
from tests.consensus.talk import GENERATOR

HAZARD = 0.07
"""P(a step is the first error | all before are right)."""


@dataclass(frozen=True)
class Judge:
    """How often it calls a step right: a right one, the first wrong one, one after it."""

    name: str = "judge"
    model: str = "tiny"
    right: float = 0.97
    error: float = 0.25
    after: float = 0.5
    stops: bool = True
    speaks: float = 1.0
    copies: str = ""


JUDGE = Judge()
SPARE = Judge("spare", right=0.985, error=0.12, after=0.15, stops=False)
ROLLOUTS = 8
NEAR_MISS = 0.15
"""P(value is kept | an error): the solution goes on with the right number, and ends right."""
OUTCOME_BY_LUCK = 0.03
HOPELESS_HAZARD = 0.3
"""The hazard on a problem that the policy cannot solve: no answer is right, hardly a rollout."""
LUCK = 0.003


def simulate(n, judges=(JUDGE, SPARE), seed=0, monte_carlo=True, hopeless=0.0, per_problem=1):
    """(row, true first error) of n solutions of 3 to 9 steps, `per_problem` of each problem.

    The same ones whoever judges them: every judge draws from a stream of its own. Of the problems a
    share is `hopeless`: the first ones.
    """
    return [
        _solution(number, judges, monte_carlo, seed, number // per_problem, number < hopeless * n)
        for number in range(n)
    ]


def _solution(number, judges, monte_carlo, seed, problem, hopeless):
    rng = np.random.default_rng([seed, number])
    name, n_steps = f"p{number}", int(rng.integers(3, 10))
    wrong = np.flatnonzero(rng.random(n_steps) < (HOPELESS_HAZARD if hopeless else HAZARD))
    truth = int(wrong[0]) if len(wrong) else n_steps - 1 if hopeless else -1
    texts = tuple(f"{name} step {t}\n" for t in range(n_steps))
    near_miss = rng.random() < NEAR_MISS
    right = truth == -1 or near_miss or rng.random() < OUTCOME_BY_LUCK
    right = right and not hopeless
    outcome = Verdict.CORRECT if right else Verdict.WRONG
    asked = f"p{problem}"
    solution = Solution(name, asked, texts, None, outcome, "", GENERATOR)
    ids = [prefix_id(asked, texts[: t + 1]) for t in range(n_steps)]
    evidence = []
    for t in range(n_steps - 1) if monte_carlo else ():
        alive = truth == -1 or t < truth
        rate = rng.beta(6, 1) if alive else rng.beta(3, 1) if near_miss else rng.beta(0.1, 6)
        c = int(rng.binomial(ROLLOUTS, LUCK if hopeless else rate))
        said = Verdict.CORRECT if c else Verdict.WRONG
        evidence.append(
            Evidence(ids[t], "monte_carlo", "1", Asks.VALUE, said, c / ROLLOUTS, ROLLOUTS, c,
                     model="tiny")
        )  # fmt: skip
    words = {}
    for place, judge in enumerate(judges, 1):
        draws, mute = np.random.default_rng([seed, number, place]).random((2, n_steps))
        words[judge.name] = words.get(judge.copies) or _words(judge, truth, draws, mute)
        for t, word in enumerate(words[judge.name]):
            if word is not None:
                evidence.append(
                    Evidence(ids[t], judge.name, "1", Asks.CORRECTNESS, word, model=judge.model)
                )
    return label_solution(
        Problem(asked, "math", "?", "1"), solution, by_prefix(evidence), FirstZero()
    ), truth


def _words(judge, truth, draws, mute):
    said = []
    for t, (draw, silence) in enumerate(zip(draws, mute, strict=True)):
        state = "right" if truth == -1 or t < truth else "error" if t == truth else "after"
        word = Verdict.CORRECT if draw < getattr(judge, state) else Verdict.WRONG
        said.append(word if silence < judge.speaks else None)
        if judge.stops and said[-1] is Verdict.WRONG:
            break
    return said


def f1(pairs):
    """ProcessBench's, of (predicted, true) first errors."""
    erroneous = np.mean([predicted == truth for predicted, truth in pairs if truth >= 0])
    correct = np.mean([predicted == truth for predicted, truth in pairs if truth < 0])
    return 2 * erroneous * correct / (erroneous + correct)


def ece(probabilities, happened, n_bins=10):
    """Expected calibration error: gap between what was promised and what came, per bin."""
    promised, happened = np.array(probabilities), np.array(happened, dtype=float)
    bins = np.minimum((promised * n_bins).astype(int), n_bins - 1)
    gaps = [
        abs(promised[bins == b].mean() - happened[bins == b].mean()) * np.mean(bins == b)
        for b in range(n_bins)
        if (bins == b).any()
    ]
    return float(sum(gaps))
