"""The sandbox of a run, and the checker that needs it.

Isolation is tried before anything is sampled, and only where a run needs it. If it does not hold,
nothing takes its place: programs are not run, what depends on them is unknown, and one line says
so.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from labeler.api_key import bearer
from labeler.checking.base import Checker
from labeler.checking.code_tests import CodeChecker
from labeler.checking.domains import DomainChecker
from labeler.checking.math_answer import MathChecker
from labeler.checking.python_value import LiteralChecker
from labeler.checking.qa_answer import QAChecker
from labeler.config.environments import PythonConfig
from labeler.config.run import RunConfig
from labeler.config.sandbox import (
    BubblewrapConfig,
    ProgramLimits,
    RemoteConfig,
    SandboxConfig,
    UnsafeConfig,
)
from labeler.driver.requests import Limits
from labeler.labelers.methods import METHODS
from labeler.records import Domain, Problem
from labeler.sandbox.base import NoSandbox, Sandbox
from labeler.wiring.loop import block_on

log = logging.getLogger("labeler")


def sandbox_of_run(config: RunConfig, problems: Iterable[Problem]) -> Sandbox | None:
    """The sandbox, tried; None where a run neither judges programs nor writes any."""
    if any(isinstance(one, PythonConfig) for one in config.environments.values()):
        return tried_sandbox(config.sandbox)
    return sandbox_for((labeler.kind for labeler in config.labelers), problems, config.sandbox)


def sandbox_for(
    labelers: Iterable[str], problems: Iterable[Problem], config: SandboxConfig | None = None
) -> Sandbox | None:
    """The sandbox that these labelers or the answers to these problems need, if any."""
    runs = any(METHODS.find(name, "labelers:").runs_programs for name in labelers)
    if runs or any(problem.domain == Domain.CODE for problem in problems):
        return tried_sandbox(config or BubblewrapConfig(kind="bubblewrap"))
    return None


def tried_sandbox(config: SandboxConfig) -> Sandbox:
    """The sandbox of a config if it holds a probe, else one that runs nothing; warns."""
    sandbox = build_sandbox(config)
    if why := block_on(_try(sandbox)):
        log.warning("no program is run, labels that need one are unknown: %s", why)
        return NoSandbox(why)
    if isinstance(config, UnsafeConfig):
        log.warning("programs run WITHOUT isolation (sandbox.kind: unsafe); every label says so")
    return sandbox


def build_sandbox(config: SandboxConfig) -> Sandbox:
    """The backend of a config, untried."""
    match config:
        case BubblewrapConfig():
            from labeler.sandbox.bubblewrap import Bubblewrap

            return Bubblewrap(config.concurrency)
        case RemoteConfig():
            from labeler.sandbox.remote import RemoteSandbox

            return RemoteSandbox(config.url, config.concurrency, bearer(config.api_key_env))
        case UnsafeConfig():
            from labeler.sandbox.unsafe import Unsafe

            return Unsafe(config.concurrency)


def build_checker(
    sandbox: Sandbox | None, limits: Limits | None = None, *, in_words: bool = False
) -> Checker:
    """Answers by mathematics, programs by their tests, what a call returns by its value.

    `in_words`: answers of domain qa by their words; a run without such problems keeps its identity.
    """
    by_domain: dict[str, Checker] = {"trace": LiteralChecker()}
    mathematical = MathChecker()
    if sandbox is not None:
        by_domain["code"] = CodeChecker(sandbox, limits)
    if in_words:
        by_domain["qa"] = QAChecker(mathematical)
    return DomainChecker(by_domain, mathematical)


def build_limits(config: SandboxConfig) -> Limits:
    """What each program may use."""
    return program_limits(config.limits)


def program_limits(limits: ProgramLimits) -> Limits:
    """The same as the sandbox takes it."""
    return Limits(
        cpu_s=limits.cpu_s,
        wall_s=limits.wall_s,
        memory_bytes=limits.memory_mb << 20,
        disk_bytes=limits.disk_mb << 20,
    )


async def _try(sandbox: Sandbox) -> str:
    try:
        return await sandbox.ready()
    finally:
        await sandbox.aclose()
