"""Which backend answers which kind of request, and how much it likes at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from labeler.checking.base import Checker
from labeler.driver.requests import Act, Check, Classify, Run, Sample, Score
from labeler.driver.routing import Address, Route
from labeler.environments.base import Environment
from labeler.samplers.base import Classifier, Sampler
from labeler.sandbox.base import Sandbox

CALLS_AT_ONCE = 32
"""Of a tool, in one batch; a search over HTTP has them in one request."""


def routes(
    samplers: Mapping[str, Sampler],
    checker: Checker,
    sandbox: Sandbox | None = None,
    environments: Sequence[Environment] = (),
) -> dict[Address, Route]:
    """Which backend answers which kind of request."""
    found: dict[Address, Route] = {(Check, ""): Route(checker.fingerprint, checker.check, 256, 4)}
    if sandbox is not None:
        # Small batches, some of them waiting: one slow program holds up few others.
        found[Run, ""] = Route(sandbox.fingerprint, sandbox.run, 8, sandbox.concurrency)
    for one in environments:
        found[Act, one.name] = Route(one.fingerprint, one.act, CALLS_AT_ONCE, one.concurrency)
    for name, sampler in samplers.items():
        rows, at_once = sampler.rows_per_batch, sampler.concurrency
        found[Sample, name] = Route(
            sampler.fingerprint, sampler.sample, rows, at_once, sampler.oversubscription
        )
        found[Score, name] = Route(sampler.fingerprint, sampler.score, rows, at_once)
        if isinstance(sampler, Classifier):
            found[Classify, name] = Route(sampler.fingerprint, sampler.classify, rows, at_once)
    return found
