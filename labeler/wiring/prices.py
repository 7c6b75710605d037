"""The price table of a run, from its config."""

from __future__ import annotations

from labeler.config.models import OpenAIPolicy
from labeler.config.prices import ModelPrice
from labeler.config.run import RunConfig
from labeler.driver.money import FREE, Price, PriceTable
from labeler.driver.requests import POLICY


def build_prices(config: RunConfig) -> PriceTable:
    """Prices by model, those of batches at their share."""
    if config.prices is None:
        return FREE
    models = {POLICY: config.policy, **config.models}

    def price(name: str, given: ModelPrice) -> Price:
        model = models[name]
        share = given.batch if isinstance(model, OpenAIPolicy) and model.batch else 1.0
        return Price(given.prompt * share, given.completion * share)

    prices = {name: price(name, given) for name, given in config.prices.models.items()}
    return PriceTable(config.prices.currency, prices, config.prices.limit)
