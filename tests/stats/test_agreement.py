"""Chance-corrected agreement: equal to two libraries', with intervals that cover what they say."""

from __future__ import annotations

import math
from collections import Counter

import krippendorff
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from labeler.stats.agreement import Agreement, Coefficient, PairAgreement, agreement
from labeler.stats.rates import wilson

STEPS = st.lists(st.tuples(*[st.sampled_from([1, -1, 0])] * 3), max_size=30)


@given(STEPS)
def test_alpha_and_kappa_are_those_of_the_libraries(steps: list[tuple[int, ...]]) -> None:
    found = agreement(["a", "b", "c"], Counter(steps))
    shared = [votes for votes in steps if sum(v != 0 for v in votes) > 1]
    assert found.n_steps == len(shared)
    for pair in found.pairs:
        a, b = "abc".index(pair.a), "abc".index(pair.b)
        both = [(votes[a], votes[b]) for votes in shared if votes[a] and votes[b]]
        if len({v for votes in both for v in votes}) == 1:
            assert pair.kappa.value is None, "all alike: chance agrees as often"
        else:
            expected = cohen_kappa_score(*zip(*both, strict=True))
            assert pair.kappa.value == pytest.approx(expected, abs=1e-12)
    if len({v for votes in shared for v in votes if v}) < 2:
        assert found.alpha == Coefficient(None, None, None)
    else:
        table = [[votes[i] or math.nan for votes in shared] for i in range(3)]
        expected = krippendorff.alpha(table, level_of_measurement="nominal", value_domain=[-1, 1])
        assert found.alpha.value == pytest.approx(expected, abs=1e-12)


def test_a_pair_in_full() -> None:
    steps = {(1, 1): 40, (-1, -1): 30, (1, -1): 20, (-1, 1): 10, (1, 0): 7, (0, 0): 5}
    [pair] = agreement(["judge", "mc"], steps).pairs
    kappa = pair.kappa
    # p_o = 0.7, p_e = 0.6 * 0.5 + 0.4 * 0.5 = 0.5
    assert kappa.value == pytest.approx(0.4)
    assert pair == PairAgreement("judge", "mc", 40, 30, 20, 10, wilson(70, 100), kappa)


def test_the_interval_of_kappa_is_near_the_asymptotic_one() -> None:
    steps = {(1, 1): 400, (-1, -1): 300, (1, -1): 200, (-1, 1): 100}
    kappa = agreement(["a", "b"], steps).pairs[0].kappa
    half = 1.96 * math.sqrt(0.7 * 0.3 / 1000) / (1 - 0.5)
    assert (kappa.low, kappa.high) == pytest.approx((0.4 - half, 0.4 + half), abs=0.01)


def test_the_order_of_patterns_does_not_matter() -> None:
    steps = {(1, 1): 4, (-1, -1): 3, (1, -1): 2}
    turned = dict(reversed(steps.items()))
    assert agreement(["a", "b"], steps) == agreement(["a", "b"], turned)


def test_nobody_to_agree_with() -> None:
    alone = Agreement(0, Coefficient(None, None, None), ())
    assert agreement([], {(): 3}) == alone
    assert agreement(["a", "b"], {(1, 0): 9, (0, -1): 4}) == alone


def test_kappa_of_chance_is_nothing() -> None:
    steps = {(a, b): 5000 for a in (1, -1) for b in (1, -1)}
    kappa = agreement(["a", "b"], steps).pairs[0].kappa
    assert kappa.value == pytest.approx(0)
    half = 1.96 / math.sqrt(20_000)
    assert (kappa.low, kappa.high) == pytest.approx((-half, half), rel=0.15)
