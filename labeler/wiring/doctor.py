"""What a machine has for a run: versions, room, a sandbox that holds, tools and models that can."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from labeler.config import RunConfig
from labeler.config.sandbox import BubblewrapConfig, SandboxConfig
from labeler.driver.requests import POLICY
from labeler.environments.base import Environment
from labeler.errors import LabelerError
from labeler.oracle.generate import Difficulty, generate_problem
from labeler.samplers.base import Needs, Probed, Sampler
from labeler.sandbox.escapes import Attempt, try_escapes
from labeler.wiring.environments import build_environments
from labeler.wiring.labelers import build_policy
from labeler.wiring.loop import block_on
from labeler.wiring.models import build_samplers
from labeler.wiring.needs import needs_of
from labeler.wiring.sandbox import build_sandbox

PACKAGES = ("torch", "transformers", "prefect", "polars", "deltalake", "sympy", "math-verify")
SERVER_LOGS = Path("labeler") / "logs"
"""Below Prefect's own folder: where `labeler server` keeps what its processes print."""

LEAST_FREE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `remedy` is empty where all is well."""

    name: str
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Escapes:
    """The escape suite's result; `why` says why nothing was tried."""

    isolation: str
    attempts: tuple[Attempt, ...] = ()
    why: str = ""

    @property
    def escaped(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts if not attempt.contained]

    @property
    def holds(self) -> bool:
        return bool(self.attempts) and not self.escaped


def sandbox_escapes(config: RunConfig | None, on_attempt: Callable[[Attempt], None]) -> Escapes:
    """Runs the escape suite on the sandbox of a config, or on the default one."""
    sandbox = build_sandbox(_sandbox_config(config))

    async def examine() -> Escapes:
        attempts = []
        try:
            if why := await sandbox.ready():
                return Escapes("none", why=why)
            if sandbox.isolation.startswith("none"):
                # The attempts are real: without isolation they would do what they try.
                return Escapes("none", why="sandbox.kind is unsafe: it holds nothing")
            async for attempt in try_escapes(sandbox):
                on_attempt(attempt)
                attempts.append(attempt)
            return Escapes(sandbox.isolation, tuple(attempts))
        finally:
            await sandbox.aclose()

    return block_on(examine())


def findings(config: RunConfig | None, folder: Path) -> list[Finding]:
    """Versions, room in `folder`, the sandbox, and the tools and models of a config."""
    found = [Finding("python", platform.python_version())]
    found += [_version(name) for name in PACKAGES]
    free = shutil.disk_usage(folder).free
    room = "" if free >= LEAST_FREE_BYTES else "free some space, or choose another --out"
    found.append(Finding("free disk", f"{free / (1 << 30):.1f} GiB at {folder}", room))
    found += _prefect_server()
    found.append(_sandbox(_sandbox_config(config)))
    return [*found, *(_environments(config) + _models(config) if config else [])]


def _environments(config: RunConfig) -> list[Finding]:
    """Reads what the tools of a run answer from, and asks each whether it answers."""
    sandbox = build_sandbox(config.sandbox)

    async def examine(one: Environment) -> Finding:
        try:
            await one.ready()
            return Finding(f"tool {one.name}", one.fingerprint)
        except LabelerError as error:
            return Finding(f"tool {one.name}", "does not answer", str(error))
        finally:
            await one.aclose()

    async def examine_all() -> list[Finding]:
        try:
            return [await examine(one) for one in build_environments(config, sandbox)]
        except LabelerError as error:
            return [Finding("tools", "cannot be made", str(error))]
        finally:
            await sandbox.aclose()

    return block_on(examine_all()) if config.environments else []


def _prefect_server() -> list[Finding]:
    """Whether a `labeler server` on this machine waits for its database, by its own log.

    Nothing where none ever ran here.
    """
    home = Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser()
    logs = [file for file in sorted((home / SERVER_LOGS).glob("server.log*")) if file.is_file()]
    if not logs:
        return []
    texts = (file.read_text(encoding="utf-8", errors="replace") for file in logs)
    lines = [line for text in texts for line in text.splitlines()]
    n_locked = sum("OperationalError) database is locked" in line for line in lines)
    n_waited = sum("waited for the database" in line for line in lines)
    if not n_locked and not n_waited:
        return [Finding("prefect server", "its database keeps up")]
    said = f"its database was locked {n_locked} times, and long waited for {n_waited} times"
    remedy = f"start it with `labeler server --postgres` (its log: {logs[0]})"
    return [Finding("prefect server", said, remedy)]


def _sandbox_config(config: RunConfig | None) -> SandboxConfig:
    return config.sandbox if config else BubblewrapConfig(kind="bubblewrap")


def _version(name: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, "not installed", f"install {name}")


def _sandbox(config: SandboxConfig) -> Finding:
    sandbox = build_sandbox(config)

    async def examine() -> tuple[str, str]:
        try:
            return await sandbox.ready(), sandbox.isolation
        finally:
            await sandbox.aclose()

    why, isolation = block_on(examine())
    return (
        Finding("sandbox", "none: programs are not run", why)
        if why
        else Finding("sandbox", isolation)
    )


def _models(config: RunConfig) -> list[Finding]:
    """Loads every model or asks its server, and tries what this run needs of it."""
    try:
        samplers = build_samplers(config)
    except LabelerError as error:
        return [Finding("models", "cannot be loaded", str(error))]
    # The run's own problems need not be there yet; what is asked of a model hangs on its template.
    example = generate_problem(1, 0, Difficulty()).problem
    policy = build_policy(config, samplers.get(POLICY))
    needs = needs_of(config, config.labelers, [example], policy, samplers)

    async def examine() -> list[Finding]:
        found = []
        for name, sampler in samplers.items():
            try:
                await sampler.ready()
                found.append(Finding(f"model {name}", sampler.model))
                found += await _tried(name, sampler, needs.get(name))
            except LabelerError as error:
                found.append(Finding(f"model {name}", "does not answer", str(error)))
            finally:
                await sampler.aclose()
        return found

    return block_on(examine())


async def _tried(name: str, sampler: Sampler, needs: Needs | None) -> list[Finding]:
    """What a model can do for this run; nothing where it is not to be asked (`run.probe`)."""
    if needs is None or not isinstance(sampler, Probed):
        return []
    asked = f"{name}, asked"
    try:
        lines = await sampler.probe(needs)
    except LabelerError as error:
        return [Finding(asked, "cannot do what this run needs", str(error))]
    return [Finding(asked, "; ".join(lines) or "does all that this run needs")]
