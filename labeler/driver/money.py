"""What replies cost in a currency, and a limit that is never passed.

Before a request goes out, the most that it can cost is set aside; what it did cost is taken from
that when its reply is journalled. A request for which there is no room waits for others to cost
less than they might have; if none is out and there is still no room, the run ends there, with all
that was paid for in its journal, and goes on under a higher limit.

What a request can cost at most: a token of its prompt has at least one byte, and no completion has
more than `max_tokens`. What was spent stands in the journal with the replies that it bought, so a
run that is resumed knows it. Does not cover what a provider bills for replies that never came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labeler.driver.journal import Journal
from labeler.driver.requests import (
    Classified,
    Classify,
    OfModel,
    Reply,
    Request,
    Sample,
    Samples,
    Score,
    Scores,
)
from labeler.errors import UserError

PER = 1_000_000
"""Tokens that a price is for."""
TEMPLATE_TOKENS = 64
"""Of a message, beyond its text: roles and marks of a chat template."""


class SpendingLimit(UserError):
    """The next request could pass the limit that the run file sets."""


@dataclass(frozen=True, slots=True)
class Price:
    """For a million tokens of prompts, and of completions."""

    prompt: float
    completion: float


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices of models, by the names that a run calls them; one that is not in it costs nothing."""

    currency: str
    models: Mapping[str, Price]
    limit: float | None = None

    def price(self, request: Request, reply: Reply) -> float:
        """What a reply cost. A prompt is billed once for all n completions."""
        if not self.models:
            return 0.0
        price = self._of(request)
        match reply:
            case Samples() if price and isinstance(request, Sample):
                # At temperature 0 one completion is asked for, and stands for all.
                made = reply.completion_tokens
                made = made // request.n if request.sampling.temperature == 0 else made
                return (reply.prompt_tokens * price.prompt + made * price.completion) / PER
            case Scores() if price:
                return (reply.prompt_tokens + len(reply.logprobs)) * price.prompt / PER
            case Classified() if price:
                return reply.prompt_tokens * price.prompt / PER
            case _:
                return 0.0

    def most(self, request: Request) -> float:
        """The most that a request can cost."""
        if not self.models:
            return 0.0
        price = self._of(request)
        if price is None or not isinstance(request, OfModel):
            return 0.0
        prompt = request.prompt
        n_read = sum(len(m.content.encode("utf-8", "replace")) for m in prompt.messages)
        n_read += TEMPLATE_TOKENS * (len(prompt.messages) + 1)
        n_read += len(prompt.prefix.encode("utf-8", "replace"))
        if isinstance(request, Score):
            n_read += len(request.continuation.encode("utf-8", "replace"))
            return n_read * price.prompt / PER
        if isinstance(request, Classify):
            n_read += sum(
                len(piece.encode("utf-8", "replace")) + TEMPLATE_TOKENS for piece in request.pieces
            )
            return n_read * price.prompt / PER
        n_read += len(request.schema)
        n_made = request.sampling.max_tokens
        n_made *= 1 if request.sampling.temperature == 0 else request.n
        return (n_read * price.prompt + n_made * price.completion) / PER

    def _of(self, request: Request) -> Price | None:
        return self.models.get(request.model) if isinstance(request, OfModel) else None


FREE = PriceTable("", {})


class Purse:
    """What one run has spent, in its journal, and what is set aside for requests under way."""

    def __init__(self, table: PriceTable, journal: Journal, run: str) -> None:
        self.table, self.run = table, run
        self.spent = journal.spent(run)
        self._aside = 0.0
        self._settled = asyncio.Condition()

    async def set_aside(self, requests: Sequence[Request]) -> float:
        """Waits until these requests have room. Raises `SpendingLimit` if they never will."""
        most, limit = sum(map(self.table.most, requests)), self.table.limit
        if limit is None or not most:
            return 0.0
        async with self._settled:
            while self.spent + self._aside + most > limit:
                if not self._aside:
                    raise SpendingLimit(self._why(most, limit))
                await self._settled.wait()
            self._aside += most
        return most

    def pay(self, requests: Sequence[Request], replies: Sequence[Reply]) -> float:
        """What these replies cost, added to what was spent; to be journalled with them."""
        cost = sum(map(self.table.price, requests, replies))
        self.spent += cost
        return cost

    async def settle(self, aside: float) -> None:
        """Gives back what was set aside for requests that have their replies, or will have none."""
        if aside:
            async with self._settled:
                self._aside = max(0.0, self._aside - aside)
                # Sums of parts leave dust, which would look like a request under way.
                self._aside = self._aside if self._aside > 1e-12 else 0.0
                self._settled.notify_all()

    def _why(self, most: float, limit: float) -> str:
        money = self.table.currency
        return (
            f"spending limit of {limit:g} {money} reached: {self.spent:.4f} {money} spent, and the "
            f"next request may cost {most:.4f}; all replies are kept: raise prices.limit and run "
            "again with --resume"
        )
