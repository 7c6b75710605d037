"""Which server gets a request: its group's own, unless that is much busier or does not answer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labeler.samplers.balance import BACKOFF_S, FEW, LoadBalancer, by_affinity

urls = st.lists(st.sampled_from([f"http://h{i}" for i in range(6)]), min_size=2, unique=True)
A, B = by_affinity(["http://h0", "http://h1"], "problem")


@given(urls, st.text())
def test_losing_a_server_moves_only_its_own_groups(urls, group):
    order = by_affinity(urls, group)
    assert by_affinity(order[:-1], group) == order[:-1]


def test_groups_spread_over_the_servers():
    first = [by_affinity(["http://a", "http://b"], str(i))[0] for i in range(100)]
    assert 30 <= first.count("http://a") <= 70


def test_a_group_stays_on_its_server_while_that_one_has_little_to_do():
    balance = LoadBalancer([B, A])
    with balance.asking(A, FEW - 8):
        assert balance.ranked_servers("problem", 8) == [A, B]


def test_a_server_much_busier_than_the_others_passes_requests_on():
    balance = LoadBalancer([A, B])
    with balance.asking(A, 40), balance.asking(B, 20):
        assert balance.ranked_servers("problem", 4) == [B, A]
    with balance.asking(A, 24), balance.asking(B, 20):
        assert balance.ranked_servers("problem", 4) == [A, B]
    assert balance.ranked_servers("problem", 4) == [A, B]


def test_a_request_larger_than_any_bound_goes_to_its_own_server_when_that_is_idle():
    assert LoadBalancer([A, B]).ranked_servers("problem", 1000) == [A, B]


def test_a_server_that_did_not_answer_is_asked_last_for_a_while():
    now = 0.0
    balance = LoadBalancer([A, B], clock=lambda: now)
    balance.mark_failed(A)
    assert balance.ranked_servers("problem", 1) == [B, A]
    now = BACKOFF_S
    assert balance.ranked_servers("problem", 1) == [A, B]


def test_a_server_that_stays_silent_rests_longer_each_time_and_is_then_asked_once():
    now = 0.0
    balance = LoadBalancer([A, B], clock=lambda: now)
    for _ in range(5):
        balance.mark_failed(A)  # five requests met the same silence
    now = BACKOFF_S
    with balance.asking(A, 1):
        assert balance.ranked_servers("problem", 1) == [B, A]
        balance.mark_failed(A)
    now = 2 * BACKOFF_S
    assert balance.ranked_servers("problem", 1) == [B, A]
    now = 3 * BACKOFF_S
    assert balance.ranked_servers("problem", 1) == [A, B]


def test_a_server_that_answers_is_well_again():
    balance = LoadBalancer([A, B], clock=lambda: 0.0)
    balance.mark_failed(A)
    balance.mark_healthy(A)
    assert balance.ranked_servers("problem", 1) == [A, B]
