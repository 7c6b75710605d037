"""Calls of tools as requests: asked once, known by call and environment, paid with nothing."""

import asyncio

import pytest

from labeler.driver.batching import order_of
from labeler.driver.cost import Cost
from labeler.driver.driver import Driver, Retry
from labeler.driver.identity import request_key
from labeler.driver.journal import Journal
from labeler.driver.money import FREE
from labeler.driver.requests import Act, Acted, Failed
from labeler.driver.routing import Route, address
from labeler.errors import BackendBusy
from labeler.records import Call

LOOK_UP = Act("search", Call("search", '{"query": "Dune"}'), "monte_carlo")
SEEN = Acted("[Dune] A novel.")


def test_who_asks_and_what_the_run_calls_the_environment_is_no_part_of_the_identity():
    other = Act("wiki", LOOK_UP.call, "bisect", "problem 7")
    assert request_key(other, "corpus 1") == request_key(LOOK_UP, "corpus 1")


@pytest.mark.parametrize(
    ("changed", "fingerprint"),
    [
        (LOOK_UP, "corpus 2"),
        (Act("search", Call("search", '{"query": "Emma"}')), "corpus 1"),
        (Act("search", Call("lookup", '{"query": "Dune"}')), "corpus 1"),
    ],
)
def test_the_call_and_the_environment_are(changed, fingerprint):
    assert request_key(changed, fingerprint) != request_key(LOOK_UP, "corpus 1")


def test_it_goes_where_its_environment_is_in_the_order_of_what_is_asked():
    assert address(LOOK_UP) == (Act, "search")
    assert order_of(LOOK_UP) == '{"query": "Dune"}'


@pytest.mark.parametrize(
    "reply", [SEEN, Acted("Error: no", "bad arguments"), Acted("aaa", None, 9_999_997)]
)
def test_the_journal_gives_an_answer_back_as_it_was(tmp_path, reply):
    with Journal(tmp_path / "journal.sqlite") as journal:
        key = request_key(LOOK_UP, "corpus 1")
        journal.put([(key, reply)])
        assert journal.get(key) == reply


def asked(tmp_path, answer, conversations, fingerprint="corpus 1", attempts=2):
    async def main():
        costs = {}
        with Journal(tmp_path / "journal.sqlite") as journal:
            routes = {(Act, "search"): Route(fingerprint, answer, 4, 2)}
            async with Driver(routes, journal, retry=Retry(attempts, 0.01)) as driver:
                found = [item async for item in driver.run(conversations, costs)]
        return dict(found), costs

    return asyncio.run(main())


def asks(*requests):
    return (yield list(requests))


class Index:
    def __init__(self, *failures):
        self.calls, self.failures = [], list(failures)

    async def answer(self, batch):
        self.calls += [request.call.arguments for request in batch]
        if self.failures:
            raise self.failures.pop(0)
        return [SEEN for _ in batch]


def test_the_same_call_is_made_once_by_all_and_never_again(tmp_path):
    index = Index()
    found, costs = asked(tmp_path, index.answer, [("a", asks(LOOK_UP)), ("b", asks(LOOK_UP))])
    assert found == {"a": [SEEN], "b": [SEEN]}
    assert costs == {"monte_carlo": Cost(calls=2, reused=1)}
    asked(tmp_path, index.answer, [("c", asks(LOOK_UP))])
    assert index.calls == ['{"query": "Dune"}']


def test_another_corpus_is_asked_anew(tmp_path):
    index = Index()
    for fingerprint in ("corpus 1", "corpus 2"):
        asked(tmp_path, index.answer, [("a", asks(LOOK_UP))], fingerprint)
    assert index.calls == ['{"query": "Dune"}'] * 2


def test_an_environment_that_does_not_answer_is_a_failure_that_a_later_run_asks_about(tmp_path):
    late = Index(BackendBusy("late"), BackendBusy("late"))
    found, costs = asked(tmp_path, late.answer, [("a", asks(LOOK_UP))])
    assert found == {"a": [Failed("no reply after 2 tries: late")]}
    assert costs == {"monte_carlo": Cost(calls=1, failed=1)}
    assert asked(tmp_path, late.answer, [("a", asks(LOOK_UP))])[0] == {"a": [SEEN]}


def test_a_call_costs_no_money():
    assert (FREE.price(LOOK_UP, SEEN), FREE.most(LOOK_UP)) == (0, 0)
