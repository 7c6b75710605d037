"""`prices:` of a run file: what models cost, and how much a run may spend."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from labeler.settings import Strict

Amount = Annotated[float, Field(ge=0)]


class ModelPrice(Strict):
    """For a million tokens, read and written. `batch`: the share that batches cost of it."""

    prompt: Amount
    completion: Amount
    batch: Annotated[float, Field(gt=0, le=1)] = 0.5


class Prices(Strict):
    """A price for each model that costs money, by the name that the run file calls it (`policy`, or
    one of `models`), and the most that a run may spend. Never changes labels.
    """

    currency: str = "USD"
    limit: Annotated[float, Field(gt=0)] | None = None
    """The run ends before it could spend more; what it has stays, and --resume goes on."""
    models: dict[str, ModelPrice]
