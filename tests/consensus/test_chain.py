"""The chain against plain enumeration of every path of states that a solution can take."""

from itertools import pairwise, product

import numpy as np
import pytest

from labeler.consensus.beta_binomial import fit, log_likelihood, pseudo_counts
from labeler.consensus.chain import ERROR, RIGHT, STATES, forward_backward, map_estimate

ERRORS = range(ERROR.start, ERROR.stop)


def enumerated(chain, log_seen):
    """Places, expected moves and log-likelihood of one solution, path by path."""
    n_steps, n_states = log_seen.shape
    posterior, transition_counts, total = np.zeros(n_steps + 1), np.zeros((n_states, n_states)), 0.0
    for path in product(range(n_states), repeat=n_steps):
        p = chain.start[path[0]] * np.exp(sum(log_seen[t, s] for t, s in enumerate(path)))
        for before, after in pairwise(path):
            p *= chain.step[before, after]
        total += p
        place = next((t for t, s in enumerate(path) if s in ERRORS), n_steps)
        posterior[place] += p
        for before, after in pairwise(path):
            transition_counts[before, after] += p
    return posterior / total, transition_counts / total, np.log(total)


@pytest.mark.parametrize("n_steps", [1, 2, 4])
def test_forward_and_backward_agree_with_enumeration(n_steps):
    rng = np.random.default_rng(n_steps)
    chain = map_estimate()
    log_seen = rng.normal(-3, 3, (2, n_steps, len(STATES)))
    smoothed = forward_backward(chain, log_seen)
    found = [enumerated(chain, one) for one in log_seen]
    assert smoothed.first_error_posterior() == pytest.approx(
        np.stack([posterior for posterior, _, _ in found])
    )
    assert smoothed.transition_counts == pytest.approx(
        sum(transition_counts for _, transition_counts, _ in found)
    )
    assert smoothed.log_likelihood == pytest.approx(sum(log for _, _, log in found))


def test_nothing_is_right_after_an_error_and_there_is_one_first_error():
    chain = map_estimate()
    impossible = chain.step == 0
    assert impossible[ERROR.start :, : ERROR.stop].all()
    assert not impossible[: RIGHT.stop, : ERROR.stop].any()
    assert chain.start[ERROR.stop :].sum() == 0
    assert chain.step.sum(axis=1) == pytest.approx(1)


def test_how_often_an_error_is_a_near_miss_does_not_depend_on_the_step_before():
    counts = np.zeros((len(STATES), len(STATES)))
    counts[0, ERROR], counts[1, ERROR] = (50, 0), (0, 50)
    chain = map_estimate(0.0, counts)
    share = chain.step[:3, ERROR] / chain.step[:3, ERROR].sum(axis=1, keepdims=True)
    assert share == pytest.approx(np.tile(share[0], (3, 1)))


def test_evidence_that_prefers_the_impossible_is_no_end():
    """No solution starts after its error, however loudly somebody says so."""
    log_seen = np.full((1, 2, len(STATES)), -5000.0)
    log_seen[:, :, -1] = 0.0
    assert forward_backward(
        map_estimate(), log_seen
    ).first_error_posterior().sum() == pytest.approx(1)


def test_beta_binomial_by_hand():
    # B(1 + 2, 1 + 1) / B(1, 1) = 2! 1! / 4! = 1 / 12; a coin of rate 3/4 says yes once.
    assert np.exp(log_likelihood(np.array([[3.0, 2.0]]), np.array([[1.0, 1.0]]))) == pytest.approx(
        1 / 12
    )
    assert np.exp(log_likelihood(np.array([[1.0, 1.0]]), np.array([[3.0, 1.0]]))) == (
        pytest.approx(3 / 4)
    )


@pytest.mark.parametrize("ab", [(6.0, 1.0), (0.3, 2.0), (40.0, 40.0)])
def test_beta_binomial_is_found_again(ab):
    counts, weights = pseudo_counts(np.array([ab]), 8, 1000.0)
    assert weights.sum() == pytest.approx(1000)
    found = fit(counts, weights, np.array([(1.0, 1.0)]), rounds=5000)
    assert found[0] == pytest.approx(ab, rel=0.05)
