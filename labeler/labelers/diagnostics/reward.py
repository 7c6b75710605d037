"""Lanser-CLI's process reward (arXiv 2510.22907), with the two errors of its text mended.

As printed: r_t = alpha (D_{t-1} - D_t) + beta S_t - gamma (1 - a_t), with D the number of relevant
diagnostics, S whether all safety checks pass, a the confidence in what is edited. The text claims
that r_t >= 0 where D does not rise and a and S do not fall. That is false (D unchanged, S = 0,
a = 0.62 gives -0.038; the paper's second example prints -0.438 for it): its argument silently uses
the change of the penalty. Here the change of the penalty is used, gamma (a_t - a_{t-1}), and the
claim holds.

D is also unbounded, and falls when diagnostics are suppressed or code is deleted. Here one step
gains or loses one diagnostic at most, and gains nothing unless it is safe: it suppresses nothing
and deletes nothing. In `diagnostics` steps are only ever appended: nothing is deleted, and a = 1.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weights:
    """The paper's example weights."""

    alpha: float = 0.5
    beta: float = 0.4
    gamma: float = 0.1


@dataclass(frozen=True, slots=True)
class State:
    """A program after a step: D, S and a."""

    n_diagnostics: int
    is_safe: bool = True
    confidence: float = 1.0


def reward(before: State, after: State, weights: Weights) -> float:
    """r_t, between -alpha - gamma and alpha + beta + gamma."""
    change = max(-1, min(1, before.n_diagnostics - after.n_diagnostics))
    if not after.is_safe:
        change = min(0, change)
    return (
        weights.alpha * change
        + weights.beta * after.is_safe
        + weights.gamma * (after.confidence - before.confidence)
    )
