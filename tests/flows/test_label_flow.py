"""The Prefect flow on a real (temporary) Prefect server, with the embedded policy."""

import asyncio
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.testing.utilities import prefect_test_harness

from flows.label import label
from labeler.config import load_config
from labeler.dataset.reader import open_dataset
from labeler.errors import DatasetError
from labeler.wiring import run as run_plainly

# Prefect leaves sockets to its temporary server for the garbage collector to close.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
ROOT = Path(__file__).parent.parent.parent
SMALL = [
    "problems.n=5",
    "problems.difficulty.min_steps=2",
    "problems.difficulty.max_steps=3",
    "run.shards=2",
]


@pytest.fixture(scope="module")
def server():
    with prefect_test_harness(server_startup_timeout=180):
        yield


@pytest.fixture(scope="module")
def config():
    return load_config(ROOT / "data" / "quickstart.yaml", SMALL)


def labels(out):
    rows = list(open_dataset(out).rows())
    for row in rows:
        del row["shard"]
    return rows


async def artifacts():
    async with get_client() as client:
        return {a.key: a.type for a in await client.read_artifacts() if a.key}


async def task_runs():
    async with get_client() as client:
        return sorted(
            (run.name.split("-")[0], run.state.type) for run in await client.read_task_runs()
        )


def test_the_flow_writes_what_the_plain_run_writes(server, config, tmp_path):
    plain = run_plainly(config, tmp_path / "plain")
    flow = asyncio.run(label(config, str(tmp_path / "flow")))
    assert labels(tmp_path / "flow") == labels(tmp_path / "plain")
    assert (flow.run_id, flow.n_solutions) == (plain.run_id, plain.n_solutions)
    assert asyncio.run(artifacts()) == {"labelling-cost": "table", "labelling-summary": "markdown"}
    assert asyncio.run(task_runs()) == [
        ("commit_version", "COMPLETED"),
        ("shard", "COMPLETED"),
        ("shard", "COMPLETED"),
    ]


def test_a_mistake_ends_the_flow_with_its_own_line(server, config, tmp_path):
    asyncio.run(label(config, str(tmp_path / "out")))
    with pytest.raises(DatasetError, match="version 0 already holds this run"):
        asyncio.run(label(config, str(tmp_path / "out")))
    again = asyncio.run(label(config, str(tmp_path / "out"), True))
    assert (again.already_there, again.version) == (True, 0)
