"""One Prefect server, one worker and one scripted model server for all tests of the flows."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import pytest
import yaml
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows import SETTINGS
from labeler.problems.plain import write_problems
from tests.flows.scripted_server import problems

ROOT = Path(__file__).parent.parent.parent
FINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Server:
    """A Prefect server in a process of its own, which may be killed and started again."""

    def __init__(self, home):
        self.home, self.port = home, free_port()
        self.url = f"http://127.0.0.1:{self.port}/api"
        self.env = (
            os.environ
            | SETTINGS
            | {
                "PREFECT_HOME": str(home),
                "PREFECT_API_URL": self.url,
                "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5",
                "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
                "PREFECT_WORKER_QUERY_SECONDS": "1",
                "PREFECT_WORKER_PREFETCH_SECONDS": "1",
                "PREFECT_RUNNER_POLL_FREQUENCY": "2",
                "PREFECT_SERVER_UI_ENABLED": "false",
            }
        )
        self.children = []

    def python(self, *words, **options):
        """Starts a Python module of ours or Prefect's that talks to this server."""
        options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | options
        command = [sys.executable, "-m", *map(str, words)]
        child = subprocess.Popen(command, cwd=ROOT, env=self.env, start_new_session=True, **options)
        self.children.append(child)
        return child

    def start(self):
        self.process = self.python("flows.prefect_server", "127.0.0.1", self.port)
        for _ in range(600):
            try:
                if httpx.get(f"{self.url}/health", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.2)
        raise RuntimeError("the Prefect server did not come up")

    def labeler(self, *words):
        """A command, as people type it; what it printed."""
        return subprocess.run(
            [sys.executable, "-m", "labeler.cli", *map(str, words)],
            cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=1800, check=False,
        )  # fmt: skip

    def refused(self, *words):
        """The one line that a mistake ends in."""
        result = self.labeler(*words)
        assert result.returncode != 0, result.stdout
        assert "Traceback" not in result.stderr + result.stdout
        lines = [line for line in result.stderr.splitlines() if line.startswith("labeler: ")]
        assert len(lines) == 1, result.stderr
        return lines[0]

    def worker(self, pool="labeler"):
        words = ["worker", "start", "--pool", pool, "--type", "process"]
        return self.python("prefect", *words, "--install-policy", "never", "--limit", "2")

    def post(self, path, **content):
        for pause_s in (1, 2, 4, 0):
            reply = httpx.post(f"{self.url}/{path}", json=content, timeout=60)
            if reply.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(pause_s)  # its database is busy, as it says itself
        reply.raise_for_status()
        return reply.json() if reply.content else None

    def flow_runs(self, deployment=None):
        """Flow runs that were started, oldest first, of one deployment by its name."""
        content = {"sort": "START_TIME_ASC"}
        if deployment:
            content["deployments"] = {"name": {"any_": [deployment]}}
        runs = self.post("flow_runs/filter", **content)
        return [run for run in runs if run["start_time"]]

    def start_run(self, flow, name):
        """Starts a scheduled flow now."""
        reply = httpx.get(f"{self.url}/deployments/name/{flow}/{name}", timeout=60)
        return self.post(f"deployments/{reply.json()['id']}/create_flow_run")

    def state_of(self, run):
        return httpx.get(f"{self.url}/flow_runs/{run['id']}", timeout=60).json()["state_type"]

    def get(self, path):
        return httpx.get(f"{self.url}/{path}", timeout=60).json()

    def post_list(self, path, content):
        httpx.post(f"{self.url}/{path}", json=content, timeout=60).raise_for_status()

    def answers(self):
        try:
            return httpx.get(f"{self.url}/health", timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def ended(self, run, timeout_s=900.0):
        """The last state of a run, awaited: its type, and its message."""

        def last():
            state = self.get(f"flow_runs/{run['id']}")["state"]
            return (state["type"], state["message"]) if state["type"] in FINAL else None

        try:
            return wait_for(last, timeout_s)
        except AssertionError:
            states = [(s["timestamp"][11:19], s["name"], s["message"]) for s in self.states(run)]
            said = f"not ended in {timeout_s:g} s: {states}, {self.logs(run)}"
            raise AssertionError(said) from None

    def completed(self, run, timeout_s=900.0):
        """Waits for a run's end, which must be a good one; what its last state says."""
        kind, message = self.ended(run, timeout_s)
        assert kind == "COMPLETED", (kind, message, self.logs(run))
        return message

    def states(self, run):
        """All states that a run was in, oldest first."""
        return self.get(f"flow_run_states/?flow_run_id={run['id']}")

    def said(self, run):
        """The message of a run's state."""
        reply = httpx.get(f"{self.url}/flow_runs/{run['id']}", timeout=60)
        return reply.json()["state"]["message"]

    def named(self, run):
        return httpx.get(f"{self.url}/flow_runs/{run['id']}", timeout=60).json()["name"]

    def logs(self, run):
        found = self.post("logs/filter", logs={"flow_run_id": {"any_": [run["id"]]}})
        return [entry["message"] for entry in found]

    def kill_all(self):
        for child in reversed(self.children):
            stop(child)


def stop(child, how=signal.SIGKILL):
    """Ends a child with its whole session."""
    if child.poll() is None:
        os.killpg(child.pid, how)
    child.wait()


def wait_for(what, timeout_s=900.0):
    """The first true value of a function, looked at every 0.1 s.

    The patience is that of a client that waits for a busy server (four minutes) and of a run that
    waits for a place on its engine (ten): either is an answer, and none of a test's business.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come true in {timeout_s:g} s")


@pytest.fixture(scope="session")
def server():
    # In memory where that can be: the server's database waits for the disk at every turn.
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as home:
        started = Server(Path(home))
        try:
            started.start()
            with temporary_settings({PREFECT_API_URL: started.url}):
                yield started
        finally:
            started.kill_all()


@pytest.fixture(scope="session")
def worker(server):
    """A worker on the pool `labeler`."""
    server.post("work_pools/", name="labeler", type="process")
    return server.worker()


@pytest.fixture(scope="session")
def model_url():
    """The noisy policy behind HTTP, quick."""
    yield from _model()


@pytest.fixture(scope="session")
def slow_model_url():
    """The same with a pause in every batch, so that a run lasts some seconds."""
    yield from _model("--delay", "0.25")


def _model(*words):
    command = [sys.executable, "-m", "tests.flows.scripted_server", *words]
    child = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    yield child.stdout.readline().strip()
    stop(child)
    child.stdout.close()


def run_file(folder, url, **changes):
    """A run file over the folder `folder/inbox` with the scripted policy."""
    (folder / "inbox").mkdir(exist_ok=True)
    content = {
        "name": folder.name,
        "problems": {"kind": "plain", "path": "inbox"},
        "policy": {"kind": "openai", "model": "noisy", "urls": [url], "delimiter": "\n"},
        "solutions": 2,
        "labelers": [{"kind": "monte_carlo", "k": 4}],
        "run": {"shards": 4, "max_active": 4},
    }
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(content | changes))
    return path


def deliver(folder, first, last, name=None):
    """Puts problems first .. last - 1 into the inbox."""
    file = folder / "inbox" / f"{name or first}.jsonl"
    file.parent.mkdir(exist_ok=True)
    write_problems(file, problems(60)[first:last])
    return json.loads(file.read_text().splitlines()[0])["problem_id"]
