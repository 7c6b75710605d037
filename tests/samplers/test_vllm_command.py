"""What starts a vLLM server: words, environment and GPUs, as plain data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labeler.errors import ConfigError
from labeler.samplers.vllm_command import (
    DeviceSet,
    Launch,
    command_of,
    device_sets,
    environment_of,
    found_program,
)

LAUNCH = Launch(model="/models/m", name="m")


def test_the_default_command_names_all_that_is_set():
    launch = replace(
        LAUNCH, revision="abc", dtype="bfloat16", max_length=4096, tensor_parallel=2,
        args=("--quantization", "fp8"),
    )  # fmt: skip
    assert command_of(launch, 0, 8001, DeviceSet("0,1", 0.8)) == [
        "vllm", "serve", "/models/m",
        "--served-model-name", "m", "--host", "127.0.0.1", "--port", "8001",
        "--dtype", "bfloat16", "--enable-prefix-caching", "--generation-config", "vllm",
        "--uvicorn-log-level", "warning",
        "--revision", "abc", "--max-model-len", "4096",
        "--gpu-memory-utilization", "0.8", "--tensor-parallel-size", "2",
        "--quantization", "fp8",
    ]  # fmt: skip


def test_a_command_of_ones_own_gets_what_it_asks_for_and_keeps_its_other_braces():
    own = ("podman", "run", "-p", "{port}:8000", "vllm", "{model}", "{name}-{replica}", '{"a": 1}')
    words = command_of(replace(LAUNCH, command=own), 3, 8001, DeviceSet())
    assert words == [
        "podman", "run", "-p", "8001:8000", "vllm", "/models/m", "m-3", '{"a": 1}',
    ]  # fmt: skip


def test_the_key_and_the_gpus_go_through_the_environment_and_the_run_file_has_the_last_word():
    launch = replace(LAUNCH, api_key="secret", env={"DO_NOT_TRACK": "0", "X": "1"})
    assert environment_of(launch, DeviceSet("2")) == {
        "DO_NOT_TRACK": "0",
        "PYTHONUNBUFFERED": "1",
        "CUDA_VISIBLE_DEVICES": "2",
        "VLLM_API_KEY": "secret",
        "X": "1",
    }
    assert "secret" not in repr(launch)


@pytest.mark.parametrize(
    ("changes", "gpus", "expected"),
    [
        ({}, [], [DeviceSet()]),
        ({"replicas": 2}, [], [DeviceSet(), DeviceSet()]),
        ({"replicas": 2}, ["0", "1", "2"], [DeviceSet("0"), DeviceSet("1")]),
        (
            {"replicas": 2, "tensor_parallel": 2},
            ["4", "5", "6", "7"],
            [DeviceSet("4,5"), DeviceSet("6,7")],
        ),
        (
            {"replicas": 3},
            ["0", "1"],
            [DeviceSet("0", 0.45), DeviceSet("1", 0.9), DeviceSet("0", 0.45)],
        ),
        ({"replicas": 2, "gpu_memory": 0.3}, ["0"], [DeviceSet("0", 0.3), DeviceSet("0", 0.3)]),
        ({"replicas": 2, "devices": ("1,2", "3,4")}, ["0"], [DeviceSet("1,2"), DeviceSet("3,4")]),
    ],
)
def test_each_replica_has_gpus_of_its_own_or_a_fair_share_of_one(changes, gpus, expected):
    assert device_sets(replace(LAUNCH, **changes), gpus) == expected


def test_replicas_of_several_gpus_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError) as caught:
        device_sets(replace(LAUNCH, replicas=2, tensor_parallel=4), ["0", "1", "2", "3"])
    assert str(caught.value) == (
        "policy.replicas 2 with tensor_parallel 4 needs 8 GPUs, here are 4; lower one of them or "
        "name devices"
    )


def test_a_program_that_is_not_there_is_said_before_anything_starts():
    with pytest.raises(
        ConfigError, match=r"no program 'no-such-engine' here; check policy.command"
    ):
        found_program(("no-such-engine", "serve"))


def test_without_vllm_the_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(
        ConfigError, match=r"no program 'vllm' here; install vLLM in an environment"
    ):
        found_program(("vllm", "serve"))
