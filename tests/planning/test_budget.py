"""What a run keeps for a budget, told from a sample of its problems."""

import asyncio

import pytest

from labeler.acquire.base import Unit
from labeler.errors import ConfigError
from labeler.planning.acquisition import plan_budget
from labeler.wiring.plan import make_budget_plan
from tests.labelling.test_acquiring import acquiring
from tests.noisy_policy import parts


def test_more_is_kept_for_more_until_nothing_more_is_worth_it():
    made = asyncio.run(plan_budget(acquiring({}), 16, Unit.TOKENS, 20_000))
    kept = [point.kept_steps for point in made.curve]
    assert kept == sorted(kept)
    assert made.chosen == made.curve[2]
    # A budget is spent as far as something is open.
    for point in made.curve:
        assert point.tokens == pytest.approx(min(point.budget, made.worthwhile.tokens), abs=1)
    assert made.worthwhile.tokens < made.everything.tokens
    assert made.to_json()["chosen"]["budget"] == 20_000


def test_a_run_that_asks_everybody_has_no_budget_to_plan():
    with pytest.raises(ConfigError, match="add acquire:"):
        asyncio.run(plan_budget(parts(), 4, Unit.TOKENS, 1000))


@pytest.mark.parametrize("said", ["2000", "token=5", "tokens=many", "tokens=-1"])
def test_a_budget_that_cannot_be_read_is_one_line(said):
    with pytest.raises(ConfigError, match=f"--budget {said}: "):
        make_budget_plan(None, 4, said)
