"""Engines that a run starts: their health, their deaths, their ends. With a server process that
stands for vLLM (`fake_engine.py`); the contract suite runs on the real one."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from labeler.cli import main
from labeler.config.models import VLLMPolicy
from labeler.driver.requests import Prompt, Sample, Samples
from labeler.errors import BackendDown, ConfigError
from labeler.records import Sampling
from labeler.samplers.base import Sampler
from labeler.samplers.vllm import VLLMSampler
from labeler.samplers.vllm_command import DeviceSet, Launch
from labeler.wiring.models import build_sampler

ROOT = Path(__file__).parent.parent.parent
FAKE = ("env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "tests.samplers.fake_engine")
PATIENCE_S = 120.0


@pytest.fixture
def pids(tmp_path: Path) -> Path:
    """Where the fake engines write who they are."""
    return tmp_path / "pids"


def command(pids: Path, *more: str) -> tuple[str, ...]:
    words = (*FAKE, "--model", "{model}", "--pids", str(pids))
    return (*words, "{arguments}", *more)


def engine(pids: Path, *more: str, replicas: int = 1, hung_s: float = 60.0, **how) -> VLLMSampler:
    how = {"model": "m", "name": "m", "replicas": replicas, "start_timeout_s": PATIENCE_S, **how}
    launch = Launch(command=command(pids, *more), **how)
    return VLLMSampler(launch, [DeviceSet()] * replicas, "f", hung_s=hung_s, grace_s=1.0)


@asynccontextmanager
async def started(sampler: VLLMSampler) -> AsyncIterator[VLLMSampler]:
    try:
        await sampler.ready()
        yield sampler
    finally:
        await sampler.aclose()


def started_processes(pids: Path) -> list[int]:
    """Engines and their workers, all that were ever started."""
    return [int(word) for word in pids.read_text().split()] if pids.exists() else []


def living(pids: Path) -> list[int]:
    return [pid for pid in started_processes(pids) if is_alive(pid)]


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def ask(text: str, group: str = "", n: int = 1) -> Sample:
    return Sample(Prompt((), text), n, Sampling(), seed=1, group=group)


async def said(sampler: Sampler, *requests: Sample) -> list[str]:
    replies = await sampler.sample(requests)
    assert all(isinstance(reply, Samples) for reply in replies), replies
    return [reply.completions[0].text for reply in replies]


def test_it_starts_answers_and_leaves_nothing_behind(pids):
    async def work():
        async with started(engine(pids)) as sampler:
            [reply] = await sampler.sample([ask("one", n=2)])
            assert len(living(pids)) == 2
            return reply

    reply = asyncio.run(work())
    assert [c.text for c in reply.completions] == ["0:one", "0:one"]
    assert (reply.model, reply.prompt_tokens) == ("m@f", 5)
    assert living(pids) == []


def test_the_requests_of_a_problem_go_to_one_replica(pids):
    async def work():
        async with started(engine(pids, replicas=2)) as sampler:
            assert len(set(sampler.replicas.urls)) == 2
            return [await said(sampler, ask("x", group=str(i))) for i in [*range(8)] * 2]

    texts = [text for [text] in asyncio.run(work())]
    counts = {int(text.split(":")[0]) for text in texts}
    # Each replica counts its own: both had work, and no count goes up to all 16.
    assert 8 <= len(counts) < 16
    assert living(pids) == []


def test_a_number_of_requests_counts_for_each_replica(model_dir, pids):
    started_here = policy(model_dir, command=command(pids), replicas=2, concurrency=64)
    elsewhere = policy(model_dir, urls=["http://gpu1:8000", "http://gpu2:8000"], concurrency=64)
    assert build_sampler(started_here).concurrency == 128
    assert build_sampler(elsewhere).concurrency == 128


@pytest.mark.parametrize("victim", ["server", "supervisor"])
def test_an_engine_that_is_killed_is_started_again_and_requests_wait_for_it(pids, victim, caplog):
    async def work():
        async with started(engine(pids)) as sampler:
            before = await said(sampler, ask("a"), ask("a"))
            server, _ = started_processes(pids)
            os.kill(server if victim == "server" else sampler.replicas.pids[0], signal.SIGKILL)
            while is_alive(server):
                await asyncio.sleep(0.01)
            after = await said(sampler, ask("b"))
            return sorted(before), after

    assert asyncio.run(work()) == (["0:a", "1:a"], ["0:b"])
    assert "was killed (signal 9" in caplog.text
    assert "it is started again (4 more times)" in caplog.text
    assert len(started_processes(pids)) == 4
    if victim == "server":
        assert living(pids) == []
    else:
        # Nobody is left to find a worker in a session of its own; the server itself is dead.
        _, worker, *_ = started_processes(pids)
        assert living(pids) == [worker]
        os.kill(worker, signal.SIGKILL)


def test_an_engine_that_hangs_is_started_again(pids, caplog):
    async def work():
        async with started(engine(pids, hung_s=1.0)) as sampler:
            os.kill(started_processes(pids)[0], signal.SIGSTOP)
            while len(started_processes(pids)) < 4:
                await asyncio.sleep(0.02)
            return await said(sampler, ask("b"))

    assert asyncio.run(asyncio.wait_for(work(), PATIENCE_S)) == ["0:b"]
    assert "gave no sign of health for 1 s; it is started again" in caplog.text
    assert living(pids) == []


def test_an_engine_that_ends_too_often_is_given_up_with_its_reason(pids):
    async def work():
        async with started(engine(pids, restarts=1)) as sampler:
            for round_ in (0, 1):
                await said(sampler, ask("a"))
                os.kill(started_processes(pids)[2 * round_], signal.SIGTERM)
                while living(pids) == started_processes(pids)[2 * round_ :]:
                    await asyncio.sleep(0.02)
            await said(sampler, ask("a"))

    with pytest.raises(BackendDown, match=r"every replica was given up: engine of 'm', replica 0,"):
        asyncio.run(asyncio.wait_for(work(), PATIENCE_S))
    assert len(started_processes(pids)) == 4
    assert living(pids) == []


def test_a_replica_that_is_given_up_leaves_the_others_at_work(pids):
    async def work():
        async with started(engine(pids, replicas=2, restarts=0)) as sampler:
            os.kill(server := started_processes(pids)[0], signal.SIGKILL)
            while is_alive(server):
                await asyncio.sleep(0.01)
            return [await said(sampler, ask("x", group=str(i))) for i in range(8)]

    assert [text for [text] in asyncio.run(work())] == [f"{i}:x" for i in range(8)]


def refused(sampler: Sampler) -> Exception:
    """What `ready` raises, in one line."""

    async def work():
        try:
            await sampler.ready()
        finally:
            await sampler.aclose()

    with pytest.raises((BackendDown, ConfigError)) as caught:
        asyncio.run(work())
    assert "\n" not in str(caught.value)
    return caught.value


def test_an_engine_that_runs_out_of_memory_says_so(pids):
    line = str(refused(engine(pids, "--fail", "memory")))
    assert line.startswith(
        "engine of 'm', replica 0, did not start: ended with exit status 1; its log ends: "
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 GiB. | "
        "RuntimeError: Engine core initialization failed. See root cause above.; the whole log is "
    )
    assert line.endswith("where memory ran out, lower policy.gpu_memory or policy.max_length")
    log = Path(line.partition("log is ")[2].partition(";")[0])
    assert "Initializing an engine" in log.read_text()
    shutil.rmtree(log.parent)
    assert len(started_processes(pids)) == 2
    assert living(pids) == []


def test_an_engine_that_stays_silent_is_ended(pids):
    line = str(refused(engine(pids, "--fail", "silent", replicas=2, start_timeout_s=1.0)))
    assert "/health in 1 s (policy.start_timeout_s); it is running, saying nothing;" in line
    assert living(pids) == []


def test_a_port_in_use_is_said_before_anything_starts(pids):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        error = refused(engine(pids, port=port))
    assert isinstance(error, ConfigError)
    assert str(error) == (
        f"port {port} of 127.0.0.1 is in use (or not ours to use); choose another policy.port, or "
        "leave it out to take a free one"
    )
    assert started_processes(pids) == []


def test_a_model_of_another_name_is_told_from_ours(pids):
    own = (*FAKE, "--model", "other", "--port", "{port}", "--pids", str(pids))
    sampler = VLLMSampler(Launch(model="m", name="m", command=own), [DeviceSet()], "f", grace_s=1.0)
    assert str(refused(sampler)).startswith("no model 'm' at http://127.0.0.1:")
    assert living(pids) == []


def policy(model_dir: str, **changes) -> VLLMPolicy:
    content = {"engine": "vllm", "model": model_dir, "name": "m", **changes}
    return VLLMPolicy.model_validate_json(json.dumps(content))


def test_a_key_that_the_server_does_not_take_is_one_line(pids, model_dir, monkeypatch):
    monkeypatch.setenv("KEY", "expired")
    asked = policy(
        model_dir, command=command(pids), env={"VLLM_API_KEY": "another"}, api_key_env="KEY"
    )
    line = str(refused(build_sampler(asked)))
    assert line.endswith("answered 401: Unauthorized; check address, model name and key")
    assert living(pids) == []


def test_a_server_that_refuses_to_chat_is_found_out_before_the_run(pids, model_dir):
    asked = policy(model_dir, api="chat", command=command(pids, "--fail", "no template"))
    line = str(refused(build_sampler(asked)))
    assert "answered 400: default chat template is no longer allowed" in line
    assert line.endswith(
        "it cannot chat: set policy.api=completions, or give the server a chat template"
    )
    assert living(pids) == []


@pytest.fixture(scope="session")
def without_template(model_dir: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("base-model")
    for file in Path(model_dir).iterdir():
        if file.name != "chat_template.jinja":
            (folder / file.name).write_bytes(file.read_bytes())
    return str(folder)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"model": "/no/such/folder"}, "no folder '/no/such/folder', and no name on the Hub"),
        ({"model": "BASE", "api": "chat"}, "has no chat template, so it cannot chat; set policy."),
        ({"command": ["no-such-engine", "{arguments}"]}, "no program 'no-such-engine' here; check"),
        ({"api_key_env": "NO_SUCH_KEY"}, "the variable NO_SUCH_KEY is not set; export it with"),
        ({"urls": ["http://h"], "model": "there"}, "policy.tokenizer is missing: prompts for 'th"),
    ],
)
def test_what_can_be_known_is_said_before_anything_starts(
    pids, model_dir, without_template, changes, line
):
    asked = {"command": command(pids)} | ({} if "urls" not in changes else {"command": []})
    asked |= {"model": model_dir, **changes}
    asked["model"] = asked["model"].replace("BASE", without_template)
    with pytest.raises(ConfigError) as caught:
        build_sampler(policy(**{"model_dir": asked.pop("model"), **asked}))
    assert line in str(caught.value)


def test_where_servers_run_does_not_change_what_their_replies_are_known_by(model_dir, pids):
    one, two, remote, longer = (
        build_sampler(policy(model_dir, **how)).fingerprint
        for how in (
            {"command": command(pids)},
            {"command": command(pids, "--x"), "replicas": 2, "gpu_memory": 0.5},
            {"urls": ["http://gpu1:8000", "http://gpu2:8000"]},
            {"urls": ["http://gpu1:8000"], "max_length": 100},
        )
    )
    assert one == two == remote != longer


OWNER = """
import asyncio, sys
from tests.samplers.test_vllm import engine
from pathlib import Path

async def own():
    await engine(Path(sys.argv[1]), replicas=2).ready()
    print("ready", flush=True)
    await asyncio.sleep(999)

asyncio.run(own())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_when_this_process_dies_its_engines_die_too(tmp_path, pids, number):
    words = [sys.executable, "-c", OWNER, str(pids)]
    with subprocess.Popen(
        words,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "ready\n"
        assert len(living(pids)) == 4
        owner.send_signal(number)
    wait_until(lambda: not living(pids))


def run_words(folder: Path, pids: Path, model_dir: str, *more: str) -> list[str]:
    """`labeler run` on two problems with an engine of its own."""
    content = {
        "problems": {"kind": "oracle", "n": 2},
        "policy": {
            "engine": "vllm",
            "model": model_dir,
            "command": list(command(pids, *more)),
        },
        "labelers": [{"kind": "monte_carlo", "k": 2}],
    }
    (folder / "run.yaml").write_text(json.dumps(content))
    return ["run", str(folder / "run.yaml"), "--out", str(folder / "out")]


def test_a_run_whose_engine_does_not_start_ends_in_one_line(
    tmp_path, pids, model_dir, monkeypatch, capsys
):
    words = run_words(tmp_path, pids, model_dir, "--fail", "memory")
    monkeypatch.setattr(sys, "argv", ["labeler", *words])
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 3
    errors = capsys.readouterr().err
    [line] = [line for line in errors.splitlines() if line.startswith("labeler: ")]
    assert "torch.OutOfMemoryError: CUDA out of memory" in line
    assert living(pids) == []


def test_ctrl_c_ends_the_run_and_its_engine(tmp_path, pids, model_dir):
    words = run_words(tmp_path, pids, model_dir, "--pause-s", "999")
    with subprocess.Popen(
        [sys.executable, "-m", "labeler.cli", *words],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        # Started in the background, a process may have been told to ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    ) as run:
        journal = tmp_path / "out/_work/journal.sqlite"
        wait_until(lambda: journal.exists() or run.poll() is not None)
        assert len(living(pids)) == 2
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=300)
    assert (run.returncode, living(pids)) == (130, [])
    assert "labeler: interrupted; what was sampled is kept, add --resume to go on" in errors
