"""What replies cost, and a limit that is never passed."""

import asyncio
from dataclasses import replace

import pytest

from labeler.driver.driver import Driver
from labeler.driver.journal import Journal
from labeler.driver.money import TEMPLATE_TOKENS, Price, PriceTable, Purse, SpendingLimit
from labeler.driver.requests import (
    Check,
    Classified,
    Classify,
    Completion,
    Failed,
    Message,
    Prompt,
    Sample,
    Samples,
    Score,
    Scores,
)
from labeler.driver.routing import Route
from labeler.records import Problem, Sampling

PROMPT = Prompt((Message("user", "2 + 2?"),))
TABLE = PriceTable("EUR", {"judge": Price(prompt=10.0, completion=40.0)})
ASKED = Sample(PROMPT, 2, Sampling(max_tokens=100), 7, model="judge")


def reply(*n_tokens, prompt_tokens=50):
    completions = tuple(Completion("x", n, "stop") for n in n_tokens)
    return Samples(completions, prompt_tokens, "judge")


def test_a_prompt_is_paid_once_and_every_completion():
    assert TABLE.price(ASKED, reply(30, 20)) == pytest.approx((50 * 10 + 50 * 40) / 1e6)


def test_at_temperature_0_one_completion_stands_for_all():
    cold = replace(ASKED, sampling=Sampling(temperature=0.0))
    assert TABLE.price(cold, reply(30, 30)) == pytest.approx((50 * 10 + 30 * 40) / 1e6)


def test_scores_are_paid_by_what_is_read():
    scores = Scores((-0.1, -0.2), 50, "judge")
    assert TABLE.price(Score(PROMPT, "4!", model="judge"), scores) == pytest.approx(52 * 10 / 1e6)


def test_a_reward_model_is_paid_by_what_it_reads():
    asked = Classify(PROMPT, ("So 4.",), "judge")
    assert TABLE.price(asked, Classified((0.9,), 60, "judge")) == pytest.approx(60 * 10 / 1e6)
    assert TABLE.most(asked) == pytest.approx((6 + 5 + 3 * TEMPLATE_TOKENS) * 10 / 1e6)


def test_what_has_no_price_fails_or_asks_no_model_costs_nothing():
    check = Check(Problem("p", "math", "2 + 2?", "4"), "4")
    assert TABLE.price(replace(ASKED, model="policy"), reply(30)) == 0
    assert TABLE.price(ASKED, Failed("no")) == 0
    assert (TABLE.most(check), TABLE.most(replace(ASKED, model="policy"))) == (0, 0)


def test_no_request_can_cost_more_than_the_most():
    """A token has at least one byte; what marks a message in a template is few tokens."""
    most = ((6 + 2 * TEMPLATE_TOKENS) * 10 + 2 * 100 * 40) / 1e6
    assert TABLE.most(ASKED) == pytest.approx(most)
    assert TABLE.price(ASKED, reply(100, 100, prompt_tokens=6 + 2 * TEMPLATE_TOKENS)) <= most


def asking(name):
    """A conversation with two requests, one after the other."""
    found = []
    for text in (f"{name} first", f"{name} then"):
        [said] = yield [replace(ASKED, prompt=Prompt((Message("user", text),)), requester="judge")]
        found.append(said.completions[0].text)
    return found


class Asked:
    """Answers after a moment, several at once; notes what it was asked, and what that cost."""

    def __init__(self, table):
        self.table, self.texts, self.cost = table, [], 0.0

    async def answer(self, batch):
        await asyncio.sleep(0.001)
        replies = [reply(30, 20) for _ in batch]
        self.texts += [one.prompt.messages[0].content for one in batch]
        self.cost += sum(map(self.table.price, batch, replies))
        return replies


async def run(path, table, n):
    """Runs conversations; how many ended, what was asked, and the error that ended it, if any."""
    model, costs, done, error = Asked(table), {}, 0, None
    with Journal(path) as journal:
        purse = Purse(table, journal, "run-1")
        routes = {(Sample, "judge"): Route("f", model.answer, 1, 3)}
        try:
            async with Driver(routes, journal, purse=purse) as driver:
                async for _ in driver.run(((str(i), asking(i)) for i in range(n)), costs):
                    done += 1
        except SpendingLimit as raised:
            error = raised
        return done, model, purse.spent, costs, error


ONE = 2500 / 1e6
"""What each of these replies costs."""


@pytest.mark.parametrize("limit", [ONE, 0.02, 0.0345, 0.05])
def test_the_limit_is_never_passed_and_nothing_that_was_paid_for_is_lost(tmp_path, limit):
    table = replace(TABLE, limit=limit)
    _, model, spent, _, error = asyncio.run(run(tmp_path / "j.sqlite", table, 20))
    assert error is not None
    assert spent == pytest.approx(model.cost)
    assert spent <= limit
    with Journal(tmp_path / "j.sqlite") as journal:
        assert (len(journal), journal.spent("run-1")) == (
            len(model.texts), pytest.approx(model.cost),
        )  # fmt: skip
        assert journal.spent("another run") == 0
    # As much as was possible: the next one could have passed it.
    assert spent + table.most(replace(ASKED, prompt=Prompt((Message("user", "19 first"),)))) > limit


def test_under_a_higher_limit_only_the_rest_is_asked_and_the_sum_is_that_of_one_run(tmp_path):
    tight, wide = replace(TABLE, limit=0.04), replace(TABLE, limit=1.0)
    _, first, _, _, _ = asyncio.run(run(tmp_path / "j.sqlite", tight, 20))
    done, second, spent, costs, error = asyncio.run(run(tmp_path / "j.sqlite", wide, 20))
    whole = asyncio.run(run(tmp_path / "other.sqlite", TABLE, 20))
    assert (done, error) == (20, None)
    assert sorted(first.texts + second.texts) == sorted(whole[1].texts)
    assert spent == pytest.approx(40 * ONE)
    assert costs["judge"].money == pytest.approx(whole[3]["judge"].money) == pytest.approx(spent)


def test_the_line_says_what_was_spent_and_what_to_do(tmp_path):
    table = replace(TABLE, limit=0.015)
    error = asyncio.run(run(tmp_path / "j.sqlite", table, 20))[-1]
    assert str(error) == (
        "spending limit of 0.015 EUR reached: 0.0075 EUR spent, and the next request may cost "
        "0.0094; all replies are kept: raise prices.limit and run again with --resume"
    )
