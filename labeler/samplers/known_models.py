"""Whether servers with an OpenAI-compatible API know a model, asked before anything else is."""

from __future__ import annotations

import asyncio
import time

from labeler.errors import BackendBusy, BackendDown
from labeler.samplers.openai_reply import models_in
from labeler.samplers.openai_wire import Silent, Unreachable
from labeler.samplers.servers import Servers

PROBE_S = 30.0
"""For a question that needs no model."""
LOADING_S = 120.0
LOADING_PAUSE_S = 0.5


async def until_known(servers: Servers, name: str) -> None:
    """Raises `BackendDown` with one line unless a server answers and knows the model.

    A server that answers, but with an error of its own, is taken to be loading its model, and
    waited for.
    """
    deadline = time.monotonic() + LOADING_S
    known, loading = await _models(servers, name)
    while name not in known and loading and time.monotonic() < deadline:
        await asyncio.sleep(LOADING_PAUSE_S)
        known, loading = await _models(servers, name)
    if name in known:
        return
    where = ", ".join(servers.urls)
    if known:
        names = ", ".join(sorted(known))
        raise BackendDown(f"no model {name!r} at {where}, only {names}; check the name")
    raise BackendDown(f"no server answers at {where}; start it or check --set policy.urls")


async def _models(servers: Servers, name: str) -> tuple[set[str], bool]:
    """Models that servers know, up to the one that knows ours; whether some server is busy."""
    known: set[str] = set()
    loading = False
    for url in servers.urls:
        try:
            reply = await servers.get(f"{url}/models", PROBE_S)
        except (Unreachable, Silent):
            continue
        try:
            answer = servers.checked(reply, url)
        except (Unreachable, BackendBusy):
            loading = True
            continue
        known |= models_in(answer)
        if name in known:
            break
    return known, loading
