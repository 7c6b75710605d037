"""What asking a labeler is expected to decide, before it is asked: preposterior analysis.

From what is known of a solution, paths of its hidden states are drawn; for each, what the labeler
would say, by the rates that the label model has learned of it, and in the form that it usually
answers in (`habits`); then the posterior that would be left. A solution whose first error is p
probable has its steps decided as far as its doubt 1 - p is down to what is allowed, min(1, (1 -
min_confidence) / (1 - p)); by how much that grows on average is the gain, in steps. (All or
nothing, two labelers that decide only together would never be asked.) The same draws serve every
solution and every question, so nothing depends on who is asked about together with whom. A labeler
whose word is the same whatever the truth gains nothing; one that copies another gains as much as
the correlation that was learned leaves it.

Source: Raiffa and Schlaifer, Applied Statistical Decision Theory (1961), chapter 4; the expected
value of sample information, by Monte Carlo.

Limits: verdicts of one labeler on different steps are taken for independent given the states, and
a search that chooses its prefixes for one that asks all of them alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from labeler.acquire.board import Case
from labeler.acquire.habits import Habit
from labeler.consensus.beta_binomial import Array, log_likelihood
from labeler.consensus.chain import STATES, forward_backward, sampled_paths
from labeler.consensus.label_model import LabelModel, prior
from labeler.consensus.observations import Said, said_of
from labeler.consensus.scores import Scores, scores_of
from labeler.consensus.sources import Source
from labeler.records import Asks

DRAWS = 32
SEED = 20_261_129

Sources = tuple[str, ...]
"""Labelers that are asked together."""


@dataclass(frozen=True)
class Expecting:
    """What is known, fixed: the label model, how labelers answer, when a solution is decided.

    `came_true`: by labeler, the share of what was expected of its answers that they decided.
    """

    model: LabelModel
    habits: Mapping[tuple[str, bool], Habit]
    min_confidence: float
    came_true: Mapping[str, float] = field(default_factory=dict)

    def gains(self, asks: Sequence[tuple[Case, Sources]]) -> Array:
        """Steps that each of these questions is expected to decide [asks]."""
        groups: dict[tuple[int, Sources, bool], list[int]] = defaultdict(list)
        for i, (case, sources) in enumerate(asks):
            groups[len(case.solution.steps), sources, case.is_wrong].append(i)
        found = np.zeros(len(asks))
        for (n_steps, sources, is_wrong), numbers in groups.items():
            habits = [self.habits[name, is_wrong] for name in sources]
            cases = [asks[i][0] for i in numbers]
            true = [self.came_true.get(name, 1.0) for name in sources]
            found[numbers] = self._gains(cases, n_steps, habits) * (sum(true) / len(true))
        return found

    def decided(self, case: Case) -> float:
        """Steps of a solution that are decided, as far as they are."""
        log_seen, _ = self.model.log_seen_before(*known_of(case))
        return float(self._decided(log_seen[None])[0])

    def _gains(self, cases: Sequence[Case], n_steps: int, habits: Sequence[Habit]) -> Array:
        newcomers = [one.source for one in habits if one.source is not None]
        told = [
            self.model.log_seen_before(said, scores, newcomers)
            for said, scores in map(known_of, cases)
        ]
        log_seen = np.stack([log for log, _ in told])
        weights = np.stack([weight for _, weight in told])
        draws = np.random.default_rng(SEED).random((DRAWS, n_steps))
        paths = sampled_paths(self.model.chain, log_seen, draws)
        # What rollouts say of a hopeless problem tells nothing.
        hopeless = self.model.hopeless.share
        heard = np.repeat(log_seen[:, None], DRAWS, axis=1)
        row = 0
        for habit in habits:
            uniforms = _uniforms(habit, n_steps)
            if habit.source is not None:
                said = self._votes(habit, habit.source, paths, uniforms)
                if habit.source.asks is Asks.VALUE:
                    said *= (uniforms[2, :, :1] >= hopeless)[None, :, :, None]
                heard += said * weights[:, row, None, :, None]
                row += 1
            if habit.score in self.model.emissions.by_source:
                heard += self._scores(habit, paths, uniforms)
        flat = heard.reshape(-1, n_steps, len(STATES))
        after = self._decided(flat).reshape(len(cases), DRAWS).mean(axis=1)
        known = [self.model.log_seen_before(*known_of(case))[0] for case in cases]
        gains: Array = after - self._decided(np.stack(known))
        return gains

    def _decided(self, log_seen: Array) -> Array:
        """Steps that are decided, each as far as it is [solutions]."""
        posterior = forward_backward(self.model.chain, log_seen).first_error_posterior()
        n_steps = posterior.shape[1] - 1
        best = posterior.argmax(axis=1)
        steps = np.where(best == n_steps, n_steps, best + 1)
        doubt = np.maximum(1 - posterior.max(axis=1), 1e-12)
        decided: Array = steps * np.minimum(1.0, (1 - self.min_confidence) / doubt)
        return decided

    def _votes(
        self, habit: Habit, source: Source, paths: NDArray[np.int64], uniforms: Array
    ) -> Array:
        """log P(what it says | state) [cases, draws, steps, states], nothing where it is silent."""
        rates = self.model.rates.get(source, prior(source))
        counts = np.stack([np.full(habit.votes + 1, habit.votes), np.arange(habit.votes + 1)], 1)
        table = log_likelihood(counts.astype(float), rates)
        right = (uniforms[0][None, :, :, None] >= _edges(table, habit.votes)[paths]).sum(axis=3)
        right = np.minimum(right, habit.votes)
        silent_before = uniforms[1] >= habit.speaks
        silent_after = uniforms[1] >= habit.speaks_on
        wrong = (right == 0) & ~silent_before[None]
        flagged = np.cumsum(wrong, axis=2) - wrong > 0
        silent = np.where(flagged, silent_after[None], silent_before[None])
        said: Array = table[right] * ~silent[..., None]
        return said

    def _scores(self, habit: Habit, paths: NDArray[np.int64], uniforms: Array) -> Array:
        logs = self.model.emissions.by_source[habit.score].log_by_state[1:]
        edges = np.exp(logs).cumsum(axis=0).T
        classes = (uniforms[0][None, :, :, None] >= edges[paths]).sum(axis=3)
        classes = np.minimum(classes, len(logs) - 1)
        said: Array = logs[classes] * (uniforms[1] < habit.speaks)[None, :, :, None]
        return said


def _uniforms(habit: Habit, n_steps: int) -> Array:
    """A labeler's own draws: the same whoever else is asked, so that two never seem worth less than
    one of them.
    """
    name = f"{habit.source} {habit.score}".encode()
    return np.random.default_rng([SEED, crc32(name)]).random((3, DRAWS, n_steps))


def known_of(case: Case) -> tuple[list[Said], Scores]:
    """What is said of a solution so far."""
    evidence = [step.evidence for step in case.row.steps]
    return said_of(case.row.solution, evidence), scores_of(evidence)


def _edges(table: Array, n: int) -> Array:
    """P(at most c of n are right) by state [states, n + 1], from log likelihoods [n + 1, states]
    that lack the binomial.
    """
    from scipy.special import gammaln

    c = np.arange(n + 1.0)
    choose = gammaln(n + 1) - gammaln(c + 1) - gammaln(n - c + 1)
    edges: Array = np.exp(table + choose[:, None]).cumsum(axis=0).T
    return edges
