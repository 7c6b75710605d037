"""What a tool's flag is worth: the share of flags of one kind that stand on steps that are right.

A tool speaks where it sees something wrong and is silent elsewhere, so its votes alone do not show
a rate, as a judge's do. What can be learned is how often it misread: m = P(right | flag, nothing
else known). A flag is a mixture, misread with m, and EM for a mixture asks how probable each flag
is misread given all other evidence; where there is none that is m itself, so flags teach nothing
about themselves. For this the likelihood of a flag is told relative to where its step stands: late
steps of long solutions are right less often, flag or not.

How many errors a kind of flag catches is learned where its tool also tells on which steps it
decided claims and flagged none (`observations.against_each_kind`): one share at the first error and
one after it, for what a tool finds in a text does not depend on what a policy makes of it. That it
flagged nothing leaves a right step as it is, and makes the others as much less likely.

Each kind of claim has its own m (`sources.Source.kind`). It never falls below LEAST_MISREAD: no
flag alone makes a step certainly wrong. Source: Dempster, Laird, Rubin (1977), section 4.3.
"""

from __future__ import annotations

import numpy as np

from labeler.consensus import beta_binomial
from labeler.consensus.beta_binomial import Array
from labeler.consensus.chain import AFTER, ERROR, RIGHT, STATES, Chain
from labeler.consensus.sources import Source, only_flags

MISREAD, WEIGHT = 0.025, 200.0
"""Beforehand, and how many flags that weighs: of 289 flags on files with human labels 16 stood
before the first error, most of them on slips that people passed over; what is left is 1 in 40."""

LEAST_MISREAD, MOST_MISREAD = 0.01, 0.4
"""Bounds of what is learned. At a half a flag would say nothing."""

LOST = slice(ERROR.start, len(STATES))
"""States of steps at or after the first error."""


def misread(rates: Array) -> float:
    """m, from the rates [states, 2] of a source: those of right states hold m / (1 - m)."""
    a, b = rates[0]
    odds = b / (a + b)
    return float(odds / (1 + odds))


def with_misread(rates: Array, share: float) -> Array:
    """The rates with another m."""
    changed = rates.copy()
    total = rates[RIGHT].sum(axis=1)
    changed[RIGHT, 1] = total * share / (1 - share)
    changed[RIGHT, 0] = total - changed[RIGHT, 1]
    return changed


def log_likelihood(source: Source, table: Array, rates: Array) -> Array:
    """log P(counts | state) [counts, states] of any source."""
    logs: Array = beta_binomial.log_likelihood(table, rates)
    if only_flags(source.labeler):
        logs[np.ix_(table[:, 1] > 0, np.arange(len(STATES))[RIGHT])] = 0.0
    return logs


def refit(prior: Array, rates: Array, table: Array, expected_counts: Array) -> Array:
    """The rates after flags were seen: `expected_counts` [counts, states] is how often the counts
    of `table` [counts, 2] were given in each state, by all evidence."""
    flags = expected_counts[is_flag(table)]
    share = (flags[:, RIGHT].sum() + MISREAD * WEIGHT) / (flags.sum() + WEIGHT)
    found = with_misread(rates, float(np.clip(share, LEAST_MISREAD, MOST_MISREAD)))
    if table[:, 1].any():
        # Single votes, of which the Beta distribution is the conjugate prior.
        votes = expected_counts.T @ np.stack([table[:, 1], table[:, 0] - table[:, 1]], axis=1)
        for states in (ERROR, AFTER):
            found[states] = prior[states] + votes[states].sum(axis=0)
    return found


def is_flag(table: Array) -> Array:
    """[counts]: which counts (n, n_correct) of a tool say "wrong" and nothing else."""
    flagged: Array = (table[:, 0] > 0) & (table[:, 1] == 0)
    return flagged


def log_base_odds(chain: Chain, rates: Array, n_steps: int) -> Array:
    """[steps]: log odds that a step is right against lost before anything is said, where each lost
    state counts by how often it is flagged."""
    flagged = rates[:, 1] / rates.sum(axis=1)
    odds = np.empty(n_steps)
    ahead = chain.start
    for t in range(n_steps):
        odds[t] = np.log(ahead[RIGHT].sum() / (ahead[LOST] @ flagged[LOST]))
        ahead = ahead @ chain.step
    return odds
