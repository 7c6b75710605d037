"""The posterior over the place of the first error: what counts say, and what is worth asking."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.first_error.model import Rates, locate

counts = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda pair: (max(pair), min(pair))),
    min_size=1,
    max_size=9,
)


def first_error_probabilities(*seen, is_wrong=True, rates=None):
    return locate(seen, rates or Rates(), is_wrong=is_wrong).probabilities


def test_without_rollouts_every_place_is_as_likely():
    assert first_error_probabilities((0, 0), (0, 0), (0, 0), (0, 0)) == pytest.approx(
        [0.25] * 4 + [0.0]
    )
    assert first_error_probabilities((0, 0), (0, 0), is_wrong=False) == pytest.approx(
        [0.25, 0.25, 0.5]
    )


def test_one_step_with_a_wrong_answer_is_wrong():
    assert first_error_probabilities((0, 0)) == pytest.approx([1.0, 0.0])


def test_the_first_error_lies_between_the_last_alive_and_the_first_dead_prefix():
    assert first_error_probabilities((8, 7), (8, 6), (8, 0), (8, 0)).argmax() == 2
    assert first_error_probabilities((8, 0), (8, 0), (8, 0)).argmax() == 0
    assert first_error_probabilities((8, 8), (8, 8), (8, 8)).argmax() == 2


def test_an_unlucky_zero_before_healthy_prefixes_is_seen_as_what_it_is():
    assert first_error_probabilities((8, 7), (8, 0), (8, 7), (8, 8), (8, 0)).argmax() == 4


def test_a_rare_recovery_does_not_make_a_dead_prefix_alive():
    assert first_error_probabilities((8, 7), (8, 1), (8, 0), (8, 0)).argmax() == 1


def test_right_solutions_of_the_problem_make_a_zero_weigh_more():
    hard, easy = Rates().given_root(8, 1), Rates().given_root(8, 8)
    seen = ((0, 0), (2, 0), (0, 0), (0, 0))
    assert (
        first_error_probabilities(*seen, rates=easy)[:2].sum()
        > first_error_probabilities(*seen, rates=hard)[:2].sum()
        > 0.5
    )


def test_what_is_known_is_not_worth_asking():
    nothing = locate([(0, 0)] * 5, Rates(), is_wrong=True).information(2)
    known = locate([(40, 38), (40, 37), (40, 0), (40, 0), (40, 0)], Rates(), is_wrong=True)
    assert nothing[:4].min() > 10 * known.information(2).max()
    # In the middle of what is undecided a rollout tells more than at its edges.
    assert nothing[2] > nothing[0]


@given(counts, st.booleans())
def test_probabilities_are_probabilities(seen, is_wrong):
    found = locate(seen, Rates(), is_wrong=is_wrong)
    assert found.probabilities.sum() == pytest.approx(1.0)
    assert (found.probabilities >= 0).all()
    assert found.by_base.sum() == pytest.approx(1.0)
    assert np.allclose(found.by_recovery.sum(axis=1), found.probabilities)


@given(counts, st.integers(1, 4))
def test_information_is_never_negative_and_never_more_than_there_is(seen, n):
    found = locate(seen, Rates(), is_wrong=True)
    known = found.probabilities[found.probabilities > 0]
    entropy = -(known * np.log2(known)).sum()
    gains = found.information(n)
    assert gains.min() >= 0
    assert gains.max() <= entropy + 1e-9


@given(counts)
def test_more_rollouts_tell_more(seen):
    found = locate(seen, Rates(), is_wrong=True)
    assert (found.information(3) >= found.information(1) - 1e-9).all()


def test_a_thousand_solutions_of_a_problem_are_not_too_many():
    rates = Rates().given_root(2000, 1000)
    assert np.isfinite(rates.base_weights).all()
    assert rates.base_weights.argmax() == 2  # 0.45
