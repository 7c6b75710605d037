"""`sandbox:` of a run file: where programs run that nobody trusts, and what they may use."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from labeler.settings import Strict

SANDBOX_OPERATIONS = {"url", "concurrency", "api_key_env"}
"""What cannot change how a program ends."""


class ProgramLimits(Strict):
    """Per program: processor and wall-clock seconds, memory and files in MiB."""

    cpu_s: Annotated[float, Field(gt=0)] = 2.0
    """Processor seconds; the clock does not count here, so a busy machine changes nothing."""
    wall_s: Annotated[float, Field(gt=0)] = 30.0
    """Seconds by the clock."""
    memory_mb: Annotated[int, Field(ge=32)] = 512
    """MiB of memory."""
    disk_mb: Annotated[int, Field(ge=1)] = 16
    """MiB of files."""


class BubblewrapConfig(Strict):
    """On this machine, held by bubblewrap; without it nothing is run."""

    kind: Literal["bubblewrap"]
    limits: ProgramLimits = ProgramLimits()
    """Per program."""
    concurrency: Annotated[int, Field(ge=1, le=128)] = 2
    """Programs at once."""


class RemoteConfig(Strict):
    """A server that speaks SandboxFusion's run_code; how well it isolates is its affair."""

    kind: Literal["remote"]
    url: str
    """The server's address."""
    limits: ProgramLimits = ProgramLimits()
    """Per program."""
    concurrency: Annotated[int, Field(ge=1)] = 8
    """Programs at once."""
    api_key_env: str | None = None
    """The name of an environment variable, never the key."""


class UnsafeConfig(Strict):
    """On this machine, held by nothing. Every label then says so."""

    kind: Literal["unsafe"]
    limits: ProgramLimits = ProgramLimits()
    """Per program."""
    concurrency: Annotated[int, Field(ge=1)] = 2
    """Programs at once."""


SandboxConfig = Annotated[
    BubblewrapConfig | RemoteConfig | UnsafeConfig, Field(discriminator="kind")
]
