"""The hidden states of a solution: a Markov chain over steps, with the first error in it.

A solution is right, step after step, until its first error; from there on it never is right again,
but its value may be lost or not (a near miss whose author goes on with the right number, an error
that cancels), and lost value may come back. Right steps may lie before a hard one: then the policy
fails from there, for as long as that one is not done; on a hopeless problem it fails from
everywhere, so that one failing rollout after another tells nothing new. That makes eight states;
transitions that would contradict this structure have probability 0.

Source: L. Rabiner, "A tutorial on hidden Markov models" (1989), scaled forward-backward recursion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labeler.consensus.beta_binomial import Array

STATES = (
    "right",
    "right_hard",
    "right_hardest",
    "right_hopeless",
    "error",
    "error_near_miss",
    "after",
    "after_recovered",
)
RIGHT, ERROR, AFTER = slice(0, 4), slice(4, 6), slice(6, 8)

START_PRIOR = np.array([16, 3, 1, 0.5, 1, 0.2, 0, 0])
STEP_PRIOR = np.array(
    [
        [18, 1, 0.5, 0.1, 1, 0.2, 0, 0],
        [2, 6, 1, 0.2, 1, 0.2, 0, 0],
        [1, 1, 5, 0.5, 3, 0.2, 0, 0],
        [0.2, 0.2, 0.5, 8, 2, 0.2, 0, 0],
        [0, 0, 0, 0, 0, 0, 9, 1],
        [0, 0, 0, 0, 0, 0, 3, 6],
        [0, 0, 0, 0, 0, 0, 9, 1],
        [0, 0, 0, 0, 0, 0, 1, 9],
    ]
)
"""Pseudo-counts of the first state and of transitions; 0 marks what cannot happen."""

ERRORS_WHERE_HOPELESS = 4.0
"""How many times as often, beforehand, steps are the first error on a problem that the policy
cannot solve (`hopeless`): there hardly a solution is without one."""

LEAST_LOG = -200.0
"""No evidence rules a state out entirely; the state that it prefers may be impossible."""


@dataclass(frozen=True)
class Chain:
    """Probabilities of the first state [states] and of transitions [states, states]."""

    start: Array
    step: Array


def map_estimate(
    start_counts: Array | float = 0.0, step_counts: Array | float = 0.0, errors: float = 1.0
) -> Chain:
    """The most plausible chain after expected counts; without any, the prior, in which first
    errors are `errors` times as frequent as the constants above have it.
    """
    prior = np.vstack([START_PRIOR, STEP_PRIOR])
    prior[:, ERROR] *= errors
    counts = prior + np.vstack([np.zeros(len(STATES)) + start_counts, step_counts + 0 * STEP_PRIOR])
    # Whether an error is a near miss does not depend on how hard the step was.
    before = np.r_[0 : RIGHT.stop + 1]
    kinds = counts[before, ERROR].sum(axis=0)
    by_state = counts[before, ERROR].sum(axis=1)
    counts[before, ERROR] = by_state[:, None] * kinds / kinds.sum()
    shares = counts / counts.sum(axis=1, keepdims=True)
    return Chain(shares[0], shares[1:])


@dataclass(frozen=True)
class SmoothedPosterior:
    """What the chain knows of solutions of one length.

    `states` [solutions, steps, states] are probabilities; `transition_counts` [states, states] are
    expected numbers of transitions, summed over solutions (by weight) and steps; `log_likelihoods`
    [solutions].
    """

    states: Array
    transition_counts: Array
    log_likelihoods: Array

    @property
    def log_likelihood(self) -> float:
        """Of all solutions."""
        return float(self.log_likelihoods.sum())

    def first_error_posterior(self) -> Array:
        """[solutions, steps + 1]: P(first error = t) for each step, then P(none)."""
        errors = self.states[:, :, ERROR].sum(axis=2)
        none = self.states[:, -1, RIGHT].sum(axis=1)
        return np.concatenate([errors, none[:, None]], axis=1)


def forward_backward(
    chain: Chain, log_seen: Array, weights: Array | None = None
) -> SmoothedPosterior:
    """What log P(evidence | state) `log_seen` [solutions, steps, states] tells of every step;
    `weights` [solutions] say how much each solution's transitions count, 1 if not given.
    """
    peak = log_seen.max(axis=2, keepdims=True)
    seen = np.exp(np.maximum(log_seen - peak, LEAST_LOG))
    n_steps = seen.shape[1]
    forward, scale = np.empty_like(seen), np.empty(seen.shape[:2])
    ahead = np.broadcast_to(chain.start, seen[:, 0].shape)
    for t in range(n_steps):
        joint = ahead * seen[:, t]
        scale[:, t] = joint.sum(axis=1)
        forward[:, t] = joint / scale[:, t, None]
        ahead = forward[:, t] @ chain.step
    backward = np.ones_like(seen)
    transition_counts = np.zeros_like(chain.step)
    counted = forward if weights is None else forward * weights[:, None, None]
    for t in range(n_steps - 1, 0, -1):
        later = backward[:, t] * seen[:, t] / scale[:, t, None]
        backward[:, t - 1] = later @ chain.step.T
        transition_counts += chain.step * (counted[:, t - 1].T @ later)
    totals = np.log(scale).sum(axis=1) + peak.sum(axis=(1, 2))
    return SmoothedPosterior(forward * backward, transition_counts, totals)


def log_likelihoods(chain: Chain, log_seen: Array) -> Array:
    """log P(evidence) of each solution [solutions], from `log_seen` as above."""
    peak = log_seen.max(axis=2, keepdims=True)
    seen = np.exp(np.maximum(log_seen - peak, LEAST_LOG))
    totals: Array = peak.sum(axis=(1, 2))
    ahead = np.broadcast_to(chain.start, seen[:, 0].shape)
    for t in range(seen.shape[1]):
        joint = ahead * seen[:, t]
        scale = joint.sum(axis=1)
        totals = totals + np.log(scale)
        ahead = joint / scale[:, None] @ chain.step
    return totals


def sampled_paths(chain: Chain, log_seen: Array, uniforms: Array) -> NDArray[np.int64]:
    """States drawn from what the chain knows of solutions of one length, one path for each row of
    `uniforms` [draws, steps]: [solutions, draws, steps]. `log_seen` as above.
    """
    peak = log_seen.max(axis=2, keepdims=True)
    seen = np.exp(np.maximum(log_seen - peak, LEAST_LOG))
    n_solutions, n_steps, _ = seen.shape
    forward, ahead = np.empty_like(seen), np.broadcast_to(chain.start, seen[:, 0].shape)
    for t in range(n_steps):
        joint = ahead * seen[:, t]
        forward[:, t] = joint / joint.sum(axis=1, keepdims=True)
        ahead = forward[:, t] @ chain.step
    paths = np.empty((n_solutions, len(uniforms), n_steps), dtype=np.int64)
    weights = np.repeat(forward[:, -1, None], len(uniforms), axis=1)
    for t in range(n_steps - 1, -1, -1):
        if t < n_steps - 1:
            weights = forward[:, t, None] * chain.step.T[paths[:, :, t + 1]]
        edges = weights.cumsum(axis=2)
        paths[:, :, t] = (uniforms[None, :, t, None] * edges[:, :, -1:] >= edges).sum(axis=2)
    return np.minimum(paths, len(STATES) - 1)
