"""How many completions a server is given at once, told by literal readings and rounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labeler.samplers.concurrency_limit import (
    FRESH_S,
    PROBE_ROUNDS,
    ROUND_REPLIES,
    START,
    AdaptiveConcurrencyLimit,
)


class Clock:
    """Seconds, as the test wants them."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def read(
    adaptive: AdaptiveConcurrencyLimit, *readings: tuple[int, int], more: bool = True
) -> list[int]:
    """The limit after each reading (running, waiting)."""
    limits = []
    for running, waiting in readings:
        adaptive.queue(running, waiting, more=more)
        limits.append(adaptive.limit)
    return limits


def rounds(
    adaptive: AdaptiveConcurrencyLimit,
    clock: Clock,
    n: int,
    rate: float,
    *,
    refused: float = 0.0,
    more: bool = True,
) -> list[int]:
    """The limit after each of `n` rounds of single rows, a share refused, at `rate` tokens/s."""
    limits = []
    for _ in range(n):
        clock.now += 10.0
        n_replies = max(ROUND_REPLIES, adaptive.limit)
        n_refused = round(refused * n_replies)
        for _ in range(n_refused):
            adaptive.refused(1)
        for _ in range(n_replies - n_refused):
            adaptive.answered(1, round(rate * 10.0 / (n_replies - n_refused)), more=more)
        limits.append(adaptive.limit)
    return limits


def ramped(clock: Clock, limit: int = 256) -> AdaptiveConcurrencyLimit:
    """One that holds at a limit, found by throughput."""
    adaptive = AdaptiveConcurrencyLimit(clock=clock)
    rate = 0.0
    while adaptive.limit < limit:
        rate += 100.0
        rounds(adaptive, clock, 1, rate)
    rounds(adaptive, clock, 2, rate * 1.2)
    rounds(adaptive, clock, 1, rate * 1.2)
    assert not adaptive.is_ramping
    return adaptive


# By its queue.


def test_it_doubles_while_nothing_waits_at_the_server():
    assert read(AdaptiveConcurrencyLimit(), (16, 0), (32, 0), (64, 1), (128, 9)) == [
        64,
        128,
        256,
        512,
    ]


def test_it_holds_while_a_little_waits():
    assert read(AdaptiveConcurrencyLimit(), (32, 0), (64, 20), (64, 20)) == [64, 64, 64]


def test_a_long_queue_takes_the_limit_back_and_ends_the_doubling():
    adaptive = AdaptiveConcurrencyLimit()
    read(adaptive, (32, 0), (64, 0), (128, 0), (256, 0))
    assert adaptive.limit == 512
    assert read(adaptive, (256, 256), (256, 192), (256, 136), (256, 87), (256, 30)) == [
        448, 392, 343, 343, 385,
    ]  # fmt: skip


def test_a_queue_that_is_short_in_rows_is_never_long():
    assert read(AdaptiveConcurrencyLimit(), (4, START), (4, START + 1)) == [START, START]
    adaptive = AdaptiveConcurrencyLimit()
    assert read(adaptive, (4, 0), (4, 60), (4, 50), (4, 40), (4, 30), (4, 33)) == [
        64, 56, 49, 42, 42, 37,
    ]  # fmt: skip


def test_a_queue_of_others_never_takes_all_room():
    assert read(AdaptiveConcurrencyLimit(), *[(256, 1000)] * 9) == [START] * 9


def test_it_does_not_grow_while_nothing_waits_here():
    assert read(AdaptiveConcurrencyLimit(), (8, 0), (8, 0), more=False) == [START, START]


def test_a_server_that_tells_its_queue_is_not_judged_by_its_throughput():
    clock = Clock()
    adaptive = AdaptiveConcurrencyLimit(clock=clock)
    read(adaptive, (32, 20))
    clock.now = FRESH_S - 10.5
    assert rounds(adaptive, clock, 1, 1000.0) == [START]
    # It said nothing for a while.
    assert rounds(adaptive, clock, 1, 1000.0) == [2 * START]


# By its throughput.


def test_without_metrics_it_doubles_while_that_pays_and_then_goes_back():
    clock = Clock()
    adaptive = AdaptiveConcurrencyLimit(clock=clock)
    found = [rounds(adaptive, clock, 1, rate)[0] for rate in (100, 190, 350, 370, 370)]
    assert found == [64, 128, 256, 128, 128]


def test_long_texts_do_not_shrink_it():
    clock = Clock()
    adaptive = ramped(clock)
    limit = adaptive.limit
    for _ in range(PROBE_ROUNDS - 3):
        clock.now += 10_000.0
        assert rounds(adaptive, clock, 1, 1.0) == [limit]


def test_it_is_probed_now_and_then():
    clock = Clock()
    adaptive = AdaptiveConcurrencyLimit(clock=clock)
    rounds(adaptive, clock, 1, 100.0)
    assert rounds(adaptive, clock, 1, 100.0) == [START]
    assert rounds(adaptive, clock, PROBE_ROUNDS, 100.0)[-2:] == [START, 48]
    assert rounds(adaptive, clock, 1, 105.0) == [START]
    # By now the server can do more.
    assert rounds(adaptive, clock, PROBE_ROUNDS, 100.0)[-1] == 48
    assert rounds(adaptive, clock, 3, 150.0) == [72, 48, 48]


def test_a_round_teaches_nothing_where_nobody_waited():
    clock = Clock()
    adaptive = AdaptiveConcurrencyLimit(clock=clock)
    assert rounds(adaptive, clock, 20, 1000.0, more=False) == [START] * 20


# Refusals.


def test_a_round_half_refused_is_cut_by_a_quarter_once():
    clock = Clock()
    adaptive = ramped(clock)
    assert adaptive.limit == 256
    assert rounds(adaptive, clock, 2, 100.0, refused=0.5) == [192, 144]


def test_few_refusals_are_accidents():
    clock = Clock()
    adaptive = ramped(clock)
    assert rounds(adaptive, clock, 3, 500.0, refused=0.25) == [256, 256, 256]


def test_other_faults_are_no_sign_of_load():
    adaptive = ramped(Clock())
    for _ in range(1000):
        adaptive.failed(1)
        adaptive.answered(1, 9, more=False)
    assert adaptive.limit == 256


def test_who_answers_nothing_at_all_begins_anew():
    clock = Clock()
    adaptive = ramped(clock)
    assert rounds(adaptive, clock, 3, 0.0, refused=1.0) == [START, START, START]
    assert [rounds(adaptive, clock, 1, 100.0 * 2**i)[0] for i in range(3)] == [64, 128, 256]


def test_who_refuses_most_for_long_gets_one_row_and_recovers():
    clock = Clock()
    adaptive = ramped(clock)
    assert rounds(adaptive, clock, 12, 100.0, refused=0.9)[-2:] == [1, 1]
    recovered = [rounds(adaptive, clock, 1, 100.0 * 1.3**i)[0] for i in range(11)]
    assert recovered == [2, 3, 4, 6, 10, 15, 22, 34, 51, 76, 115]


def test_a_refusing_server_is_cut_even_if_its_queue_is_short():
    adaptive = AdaptiveConcurrencyLimit()
    read(adaptive, (32, 0), (64, 0))
    for _ in range(16):
        adaptive.refused(4)
        adaptive.answered(4, 10, more=True)
    assert adaptive.limit == 96
    assert read(adaptive, (64, 0)) == [108]


events = st.one_of(
    st.tuples(st.just("queue"), st.integers(0, 3000), st.integers(0, 3000)),
    st.tuples(st.just("answered"), st.integers(1, 300), st.integers(0, 10_000)),
    st.tuples(st.just("refused"), st.integers(1, 300), st.integers(1, 300)),
)


@given(
    st.integers(1, 2000),
    st.lists(st.tuples(events, st.integers(1, 40), st.booleans(), st.floats(0, 100))),
)
def test_it_stays_between_one_and_its_bound_whatever_happens(most, happened):
    clock = Clock()
    adaptive = AdaptiveConcurrencyLimit(most, clock)
    for (what, first, second), times, more, seconds in happened:
        for _ in range(times):
            clock.now += seconds
            if what == "queue":
                adaptive.queue(first, second, more=more)
            elif what == "answered":
                adaptive.answered(first, second, more=more)
            else:
                adaptive.refused(first)
                adaptive.failed(second)
            assert 1 <= adaptive.limit <= most
