"""A run with prices: what it cost, what it would cost, and that it ends at its limit."""

import json

import pytest

from labeler.config import load_config
from labeler.dataset import open_dataset
from labeler.driver.money import SpendingLimit
from labeler.errors import ConfigError
from labeler.planning.tables import show_plan
from labeler.stats import label_statistics
from labeler.wiring import run
from labeler.wiring.plan import make_plan
from labeler.wiring.prices import build_prices
from tests.samplers.batch_server import BatchServer, batch_api
from tests.samplers.test_batches import RECORDS, RUN, judge

PRICED = RUN + "prices: {{currency: EUR, {limit} models: {{judge: {price}}}}}\n"


def written(folder, url, limit="", batch="", price="{prompt: 100, completion: 300}"):
    (folder / "set.jsonl").write_text("\n".join(map(json.dumps, RECORDS)))
    (folder / "run.yaml").write_text(PRICED.format(url=url, batch=batch, limit=limit, price=price))
    return folder / "run.yaml"


EACH = (5 * 100 + 6 * 300) / 1e6
"""5 tokens of a prompt and 3 completions of 2 (`chat_reply`)."""


def test_what_a_run_spent_is_in_its_summary_and_in_the_log(tmp_path):
    with batch_api(BatchServer(judge)) as url:
        summary = run(written(tmp_path, url), tmp_path / "out")
    assert (summary.spent, summary.currency) == (pytest.approx(12 * EACH), "EUR")
    assert summary.cost["judge"].money == pytest.approx(12 * EACH)
    logged = open_dataset(tmp_path / "out").versions()[-1].info.cost
    assert (logged["spent"], logged["currency"]) == (round(12 * EACH, 6), "EUR")
    assert logged["by_asker"]["judge"]["money"] == round(12 * EACH, 6)
    statistics = label_statistics(open_dataset(tmp_path / "out"))
    assert statistics.cost["eur"].total == pytest.approx(12 * EACH)


def test_a_run_ends_at_its_limit_and_goes_on_under_a_higher_one(tmp_path):
    server = BatchServer(judge)
    with batch_api(server) as url:
        # Each may cost more than 12288 completion tokens do.
        with pytest.raises(SpendingLimit, match=r"limit of 3\.75 EUR reached: 0\.0\d+ EUR spent"):
            run(written(tmp_path, url, "limit: 3.75,"), tmp_path / "out")
        asked = len(server.live)
        summary = run(written(tmp_path, url, "limit: 30,"), tmp_path / "out", resume=True)
        whole = run(written(tmp_path, url), tmp_path / "whole")
    assert 0 < asked < 12
    assert summary.spent == pytest.approx(whole.spent) == pytest.approx(12 * EACH)
    assert len([body for body in server.live if body["n"] == 3]) == 24


def test_a_plan_tells_the_cost_and_whether_the_limit_holds(tmp_path):
    with batch_api(BatchServer(judge)) as url:
        path = written(tmp_path, url, "limit: 4.0,")
        plan = make_plan(load_config(path), 4, lambda progress: None)
    assert plan.estimates["money"].value == pytest.approx(12 * EACH)
    assert plan.over_limit == ""
    assert "EUR" in show_plan(plan).columns[0].cells


def test_a_plan_says_when_the_limit_is_too_low():
    from labeler.planning.plan import Estimate, Plan

    estimates = {"money": Estimate(30.0, 26.0, 34.0)}
    plan = Plan("r", 9, 3, estimates, None, True, 1.0, currency="EUR", limit=25.0)
    line = "the run will end at its limit of 25 EUR; raise prices.limit, or ask for less"
    assert plan.over_limit == line


def test_batches_cost_their_share(tmp_path):
    given = "{prompt: 2.0, completion: 8.0}"
    path = written(tmp_path, "http://h", batch=", batch: {}", price=given)
    judge = build_prices(load_config(path)).models["judge"]
    assert (judge.prompt, judge.completion) == (1.0, 4.0)


@pytest.mark.parametrize(
    ("prices", "line"),
    [
        ("prices={models: {jugde: {prompt: 1, completion: 1}}}",
         "prices: no model is called 'jugde'; models are judge"),
        ("prices={limit: 5, models: {}}",
         "prices.limit: what judge costs is not known; add it to prices.models"),
        ("prices={limit: 0, models: {}}", "key 'prices.limit': "),
        ("prices={models: {judge: {prompt: -1, completion: 1}}}",
         "key 'prices.models.prompt': Input should be greater than or equal to 0"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line(tmp_path, prices, line):
    with pytest.raises(ConfigError, match=line.replace("(", r"\(")):
        load_config(written(tmp_path, "http://h"), [prices])


def test_prices_change_no_label_and_no_run(tmp_path):
    one, other = (
        load_config(written(tmp_path, "http://h", batch=batch, limit=limit)).identity()
        for batch, limit in (("", ""), (", batch: {}", "limit: 9,"))
    )
    assert one == other
