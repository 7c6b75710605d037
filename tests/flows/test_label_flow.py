"""The labelling flow on a real Prefect server: what it writes, shows and says when it fails."""

import asyncio
import json
import os
import subprocess
import sys

import pytest
from prefect.client.orchestration import get_client

from flows.label import label
from flows.stages import MOST_SHARDS, few_shards
from labeler.config import load_config
from labeler.dataset.reader import open_dataset
from labeler.errors import DatasetError
from labeler.wiring import run as run_plainly
from tests.flows.conftest import ROOT, deliver, run_file

# Prefect leaves sockets to its server for the garbage collector to close.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture
def config(tmp_path, model_url):
    deliver(tmp_path, 0, 8)
    return load_config(run_file(tmp_path, model_url))


def labels(out):
    rows = list(open_dataset(out).rows())
    for row in rows:
        del row["shard"]
    return rows


async def shown_by(flow_name, n_tasks):
    """Keys of artifacts, and states of task runs, of the run of this name."""
    async with get_client() as client:
        runs = [r for r in await client.read_flow_runs() if r.name == flow_name]
        artifacts = [a for a in await client.read_artifacts() if a.flow_run_id == runs[0].id]
        # States of tasks reach the server as events, a moment after the flow is done.
        for _ in range(120):
            tasks = [t for t in await client.read_task_runs() if t.flow_run_id == runs[0].id]
            done = [t for t in tasks if t.state is not None and t.state.is_final()]
            if len(done) == n_tasks:
                break
            await asyncio.sleep(0.5)
        return (
            sorted((a.key or "", a.type) for a in artifacts),
            sorted((t.name.split(" ")[0], t.state.type) for t in tasks),
        )


def test_the_flow_writes_what_the_plain_run_writes_and_shows_it(server, config, tmp_path):
    plain = run_plainly(config, tmp_path / "plain")
    flow = asyncio.run(label(config, str(tmp_path / "shown")))
    assert labels(tmp_path / "shown") == labels(tmp_path / "plain")
    assert (flow.run_id, flow.n_solutions) == (plain.run_id, plain.n_solutions)
    artifacts, tasks = asyncio.run(
        shown_by(f"label {config.name} into shown, version 0", n_tasks=7)
    )
    assert artifacts == [
        ("", "progress"),
        ("label-statistics", "table"),
        ("labelling-cost", "table"),
        ("labelling-summary", "markdown"),
        ("report", "markdown"),
    ]
    assert (tmp_path / "shown" / "_reports" / "version-0.html").is_file()
    assert tasks == [
        ("commit", "COMPLETED"),
        ("plan", "COMPLETED"),
        *[(f"shard-{i}-of-4", "COMPLETED") for i in range(1, 5)],
        ("statistics", "COMPLETED"),
    ]


def test_a_run_that_is_there_is_refused_or_with_resume_shown(server, config, tmp_path):
    asyncio.run(label(config, str(tmp_path / "out")))
    with pytest.raises(DatasetError, match="version 0 already holds this run"):
        asyncio.run(label(config, str(tmp_path / "out")))
    again = asyncio.run(label(config, str(tmp_path / "out"), True))
    assert (again.already_there, again.version) == (True, 0)


def test_a_mistake_is_one_line_and_no_trace(server, config, tmp_path):
    asyncio.run(label(config, str(tmp_path / "out")))
    line = server.refused("run", tmp_path / "run.yaml", "--flow", "--out", tmp_path / "out")
    assert "version 0 already holds this run; change the seed" in line


def test_a_prefect_server_that_is_away_is_one_line(server, config, tmp_path):
    away = dict(server.env, PREFECT_API_URL="http://127.0.0.1:9/api")
    command = [sys.executable, "-m", "labeler.cli", "run", str(tmp_path / "run.yaml"), "--flow"]
    result = subprocess.run(
        [*command, "--out", str(tmp_path / "out")],
        cwd=ROOT, env=away, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert result.returncode == 3
    assert "Traceback" not in result.stderr
    assert "labeler: the Prefect server at http://127.0.0.1:9/api does not answer" in result.stderr
    assert "start it with `make server`" in result.stderr


@pytest.mark.parametrize(
    "command", ["labeler.cli run {0}/run.yaml --flow --out {0}/d", "labeler.cli server"]
)
def test_a_folder_of_prefect_that_cannot_be_written_is_one_line(config, tmp_path, command):
    home = tmp_path / "run.yaml" / "prefect"
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    result = subprocess.run(
        [sys.executable, "-m", *command.format(tmp_path).split()],
        cwd=ROOT, env=environment | {"PREFECT_HOME": str(home)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (
        2,
        f"labeler: cannot write {home}; set PREFECT_HOME to a folder that can be written\n",
    )


def test_many_shards_are_few_tasks(config):
    many = config.model_copy(update={"run": config.run.model_copy(update={"shards": 5000})})
    assert few_shards(many).run.shards == MOST_SHARDS == 64
    assert few_shards(config) == config


SPY = """
import json, os, sys

def spy(event, arguments):
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else "unix"
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    with open(os.environ["SPY_FILE"], "a") as file:
        file.write(json.dumps([event, str(host)]) + "\\n")

sys.addaudithook(spy)
"""


def test_no_process_of_a_run_looks_beyond_this_machine(config, tmp_path):
    """The temporary Prefect server, the flow and the checkers, each watched from its first line."""
    (tmp_path / "sitecustomize.py").write_text(SPY)
    seen = tmp_path / "seen.jsonl"
    env = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
    env |= {
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
        "SPY_FILE": str(seen),
        "PREFECT_HOME": str(tmp_path / "prefect"),
    }
    command = [sys.executable, "-m", "labeler.cli", "run", str(tmp_path / "run.yaml"), "--flow"]
    result = subprocess.run(
        [*command, "--out", str(tmp_path / "out")],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    found = {tuple(json.loads(line)) for line in seen.read_text().splitlines()}
    assert ("socket.connect", "127.0.0.1") in found
    hosts = {host for _, host in found}
    assert hosts <= {"127.0.0.1", "::1", "localhost", "unix", "0.0.0.0", "None"}, hosts
