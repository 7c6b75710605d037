"""`prices:` of a run file: what models cost, and how much a run may spend."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from labeler.settings import Strict

Amount = Annotated[float, Field(ge=0)]


class ModelPrice(Strict):
    """What a model costs."""

    prompt: Amount
    """For a million tokens that it reads."""
    completion: Amount
    """For a million tokens that it writes."""
    batch: Annotated[float, Field(gt=0, le=1)] = 0.5
    """The share of it that batches cost, where the model is asked by batches."""


class Prices(Strict):
    """What models cost, and the most that a run may spend; never changes labels."""

    currency: str = "USD"
    """As it is shown."""
    limit: Annotated[float, Field(gt=0)] | None = None
    """The run ends before it could spend more; what it has stays, and --resume goes on."""
    models: dict[str, ModelPrice]
    """By the name that the run file calls a model: `policy`, or one of `models`."""
