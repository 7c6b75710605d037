"""Sandboxes to test with. Without bubblewrap its tests are skipped, and say why."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from labeler.driver.requests import Failed, Run, RunResult
from labeler.sandbox.base import Sandbox
from labeler.sandbox.bubblewrap import Bubblewrap
from labeler.sandbox.unsafe import Unsafe

Result = TypeVar("Result")


def with_sandbox(sandbox: Sandbox, use: Callable[[Sandbox], Awaitable[Result]]) -> Result:
    async def work() -> Result:
        try:
            return await use(sandbox)
        finally:
            await sandbox.aclose()

    return asyncio.run(work())


def ran(sandbox: Sandbox, *runs: Run) -> list[RunResult | Failed]:
    return with_sandbox(sandbox, lambda one: one.run(runs))


@pytest.fixture(scope="session")
def why_no_bubblewrap() -> str:
    return with_sandbox(Bubblewrap(1), lambda one: one.ready())


@pytest.fixture
def bubblewrap(why_no_bubblewrap: str) -> Bubblewrap:
    if why_no_bubblewrap:
        pytest.skip(why_no_bubblewrap)
    return Bubblewrap(2)


@pytest.fixture(params=["bubblewrap", "unsafe"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return request.getfixturevalue("bubblewrap") if request.param == "bubblewrap" else Unsafe(2)
