"""Batches, order, retries, journal and cost, with scripted backends."""

import asyncio
import time
from dataclasses import replace

import pytest

from labeler.driver.cost import Cost
from labeler.driver.driver import Driver, Retry
from labeler.driver.journal import Journal
from labeler.driver.requests import (
    POLICY,
    Check,
    CheckResult,
    Completion,
    Failed,
    Message,
    Prompt,
    Sample,
    Samples,
)
from labeler.driver.routing import Route
from labeler.errors import BackendBusy, BackendDown
from labeler.records import Problem, Sampling, Verdict

PROBLEM = Problem("p", "math", "1 + 1?", "2")


def sample(prefix, n=1, requester="mc"):
    return Sample(
        Prompt((Message("user", "1 + 1?"),), prefix), n, Sampling(), 0, requester=requester
    )


def samples(request):
    return Samples(
        tuple(Completion(request.prompt.prefix, 5, "stop") for _ in range(request.n)), 10, "tiny"
    )


class Backend:
    """Notes each batch; fails as often as told before it answers."""

    def __init__(self, failures=()):
        self.batches = []
        self.failures = list(failures)

    async def answer(self, batch):
        if self.failures:
            raise self.failures.pop(0)
        self.batches.append([(request.prompt.prefix, request.n) for request in batch])
        return [samples(request) for request in batch]


def asks(*requests):
    replies = yield list(requests)
    return replies


def run(tmp_path, backend, conversations, *, rows=4, retry=None):
    """Results by name, and the costs."""

    async def main():
        costs = {}
        with Journal(tmp_path / "journal.sqlite") as journal:
            routes = {(Sample, POLICY): Route("tiny", backend.answer, rows, 1)}
            async with Driver(routes, journal, retry=retry) as driver:
                found = [item async for item in driver.run(conversations, costs)]
        return dict(found), costs

    return asyncio.run(main())


def test_requests_of_all_conversations_share_batches_in_prompt_order(tmp_path):
    backend = Backend()
    conversations = [("x", asks(sample("b"), sample("d"))), ("y", asks(sample("c"), sample("a")))]
    results, _ = run(tmp_path, backend, conversations)
    assert backend.batches == [[("a", 1), ("b", 1), ("c", 1), ("d", 1)]]
    assert results == {
        "x": [samples(sample("b")), samples(sample("d"))],
        "y": [samples(sample("c")), samples(sample("a"))],
    }


def test_a_batch_is_cut_by_completions_not_by_requests(tmp_path):
    backend = Backend()
    run(tmp_path, backend, [("x", asks(sample("a", 3), sample("b", 2), sample("c", 9)))])
    assert backend.batches == [[("a", 3)], [("b", 2)], [("c", 9)]]


def test_a_backend_that_oversubscribes_gets_its_fair_share_of_what_waits(tmp_path):
    """Calls of 4 rows, twice that at most with oversubscription, two of them at once."""
    backend = Backend()

    async def main():
        route = Route("fingerprint", backend.answer, 4, 2, oversubscription=2)
        with Journal(tmp_path / "journal.sqlite") as journal:
            async with Driver({(Sample, POLICY): route}, journal) as driver:
                asked = [("all", asks(*[sample(f"{i:02}") for i in range(26)]))]
                return [one async for one in driver.run(asked, {})]

    [(_, replies)] = asyncio.run(main())
    assert len(replies) == 26
    # 26 wait, then 18, 10, 5 and 1: half of them, but 8 at most and 4 at least.
    assert [len(batch) for batch in backend.batches] == [8, 8, 5, 4, 1]


def test_what_was_asked_in_preparation_is_billed_to_who_asks_it_first(tmp_path):
    backend, costs = Backend(), {}

    async def main():
        with Journal(tmp_path / "journal.sqlite") as journal:
            routes = {(Sample, POLICY): Route("tiny", backend.answer, 4, 1)}
            async with Driver(routes, journal) as driver:
                for asked in (None, costs):
                    two = [("x", asks(sample("a", 2))), ("y", asks(sample("a", 2)))]
                    assert len([one async for one in driver.run(two, asked)]) == 2

    asyncio.run(main())
    assert backend.batches == [[("a", 2)]]
    assert costs == {
        "mc": Cost(calls=2, reused=1, samples=4, prompt_tokens=20, completion_tokens=20)
    }


def test_what_the_journal_knows_is_not_asked_again(tmp_path):
    first, second = Backend(), Backend()
    run(tmp_path, first, [("x", asks(sample("a")))])
    results, costs = run(tmp_path, second, [("x", asks(sample("a"), sample("b")))])
    assert second.batches == [[("b", 1)]]
    assert results == {"x": [samples(sample("a")), samples(sample("b"))]}
    assert costs == {"mc": Cost(2, 1, 2, 20, 10, 0)}


def test_equal_requests_in_flight_are_asked_once(tmp_path):
    backend = Backend()
    conversations = [("x", asks(sample("a"))), ("y", asks(sample("a", requester="omegaprm")))]
    _, costs = run(tmp_path, backend, conversations)
    assert backend.batches == [[("a", 1)]]
    assert costs == {"mc": Cost(1, 0, 1, 10, 5, 0), "omegaprm": Cost(1, 1, 1, 10, 5, 0)}


def test_a_conversation_that_raises_ends_the_run_with_its_error(tmp_path):
    def slips():
        yield [sample("a")]
        raise ZeroDivisionError("slipped")

    with pytest.raises(ZeroDivisionError, match="slipped"):
        run(tmp_path, Backend(), [("x", slips()), ("y", asks(sample("b")))])


def test_who_shares_a_request_with_a_run_that_is_left_gets_its_reply(tmp_path):
    closed = []

    def waits():
        try:
            yield [sample("a")]
        finally:
            closed.append("x")

    async def main():
        backend, asked = Backend(), asyncio.Event()

        async def answer(batch):
            asked.set()
            await asyncio.sleep(0.05)
            return await backend.answer(batch)

        with Journal(tmp_path / "journal.sqlite") as journal:
            routes = {(Sample, POLICY): Route("tiny", answer, 4, 1)}
            async with Driver(routes, journal) as driver:

                async def all_of(conversations):
                    return [one async for one in driver.run(conversations, {})]

                left = asyncio.create_task(all_of([("x", waits())]))
                await asked.wait()
                stays = asyncio.create_task(all_of([("y", asks(sample("a")))]))
                await asyncio.sleep(0)
                left.cancel()
                return await stays, backend.batches

    assert asyncio.run(main()) == ([("y", [samples(sample("a"))])], [[("a", 1)]])
    assert closed == ["x"]


def test_others_get_their_turn_while_the_journal_knows_everything(tmp_path):
    async def main():
        turns = 0

        async def other():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        with Journal(tmp_path / "journal.sqlite") as journal:
            routes = {(Sample, POLICY): Route("tiny", Backend().answer, 4, 1)}
            async with Driver(routes, journal, max_active=2) as driver:
                asked = [(str(i), asks(sample("a"))) for i in range(100)]
                [_] = [one async for one in driver.run(asked[:1], {})]
                task = asyncio.create_task(other())
                known = [one async for one in driver.run(asked[1:], {})]
                task.cancel()
        return len(known), turns

    n_known, turns = asyncio.run(main())
    assert n_known == 99
    assert turns >= 40


def test_a_busy_backend_is_asked_again(tmp_path):
    backend = Backend([BackendBusy("503", retry_after_s=0), BackendBusy("503", retry_after_s=0)])
    results, _ = run(tmp_path, backend, [("x", asks(sample("a")))], retry=Retry(3, 0.01))
    assert results == {"x": [samples(sample("a"))]}


def test_a_backend_that_says_when_is_not_asked_before(tmp_path):
    asked = []

    class Noting(Backend):
        async def answer(self, batch):
            asked.append(time.monotonic())
            return await super().answer(batch)

    backend = Noting([BackendBusy("429", retry_after_s=0.5), BackendBusy("429", retry_after_s=60)])
    run(tmp_path, backend, [("x", asks(sample("a")))], retry=Retry(3, 0.75))
    first, second, third = asked
    assert second - first >= 0.5
    assert third - second >= 0.75


def test_a_backend_that_stays_busy_gives_failed_replies_that_a_later_run_asks_again(tmp_path):
    always = [BackendBusy("503", retry_after_s=0)] * 2
    results, costs = run(
        tmp_path, Backend(always), [("x", asks(sample("a")))], retry=Retry(2, 0.01)
    )
    assert results == {"x": [Failed("no reply after 2 tries: 503")]}
    assert costs == {"mc": Cost(1, 0, 0, 0, 0, 1)}
    again, _ = run(tmp_path, Backend(), [("x", asks(sample("a")))])
    assert again == {"x": [samples(sample("a"))]}


def test_a_backend_that_is_down_ends_the_run_with_its_error(tmp_path):
    with pytest.raises(BackendDown, match="no such model"):
        run(tmp_path, Backend([BackendDown("no such model")]), [("x", asks(sample("a")))])


def test_the_source_is_read_only_as_fast_as_there_is_room(tmp_path):
    open_now, most = 0, 0

    def conversation(i):
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        yield [sample(f"{i:02}")]
        open_now -= 1
        return i

    async def main():
        backend = Backend()
        with Journal(tmp_path / "journal.sqlite") as journal:
            routes = {(Sample, POLICY): Route("tiny", backend.answer, 2, 1)}
            async with Driver(routes, journal, max_active=3) as driver:
                source = ((str(i), conversation(i)) for i in range(12))
                return sorted([result async for _, result in driver.run(source, {})])

    assert asyncio.run(main()) == list(range(12))
    assert most <= 3


def test_kinds_of_request_go_to_their_own_backends(tmp_path):
    async def check(batch):
        return [CheckResult(Verdict.CORRECT) for _ in batch]

    async def main():
        backend = Backend()
        with Journal(tmp_path / "journal.sqlite") as journal:
            routes = {
                (Sample, POLICY): Route("tiny", backend.answer, 4, 1),
                (Check, ""): Route("rules", check, 4, 1),
            }
            async with Driver(routes, journal) as driver:
                conversation = asks(sample("a"), Check(PROBLEM, "2", "mc"))
                return [result async for _, result in driver.run([("x", conversation)], {})]

    assert asyncio.run(main()) == [[samples(sample("a")), CheckResult(Verdict.CORRECT)]]


def test_requests_go_to_the_model_they_name(tmp_path):
    async def main():
        policy, judge = Backend(), Backend()
        with Journal(tmp_path / "journal.sqlite") as journal:
            routes = {
                (Sample, POLICY): Route("tiny", policy.answer, 4, 1),
                (Sample, "judge"): Route("large", judge.answer, 4, 1),
            }
            async with Driver(routes, journal) as driver:
                conversation = asks(sample("a"), replace(sample("a"), model="judge"))
                conversations = [("x", conversation), ("y", asks(sample("b")))]
                [_, _] = [result async for _, result in driver.run(conversations, {})]
        return policy.batches, judge.batches

    assert asyncio.run(main()) == ([[("a", 1), ("b", 1)]], [[("a", 1)]])
