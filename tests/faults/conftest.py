"""A server process with a deterministic model, and runs that ask it."""

import subprocess
import sys
from pathlib import Path

import pytest

from labeler.config import RunConfig
from labeler.dataset.reader import open_dataset
from labeler.wiring import run
from tests.flows.scripted_server import SEED

ROOT = Path(__file__).parent.parent.parent
N_PROBLEMS = 12


def started_server(*options):
    """A process that serves the scripted policy, and its address."""
    command = [sys.executable, "-m", "tests.flows.scripted_server", *options]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return child, child.stdout.readline().strip()


def stop(child):
    """Kills a process and waits for its end."""
    child.kill()
    child.wait()
    if child.stdout:
        child.stdout.close()


@pytest.fixture(scope="session")
def server():
    """Address of the scripted policy, in a process of its own."""
    child, url = started_server()
    yield url
    stop(child)


def config(*urls, n=N_PROBLEMS, timeout_s=10.0, **options):
    """A run over generated problems on these servers; `options` are those of `run:`."""
    content = {
        "problems": {"kind": "oracle", "n": n, "seed": SEED},
        "policy": {
            "kind": "openai", "model": "noisy", "urls": list(urls), "delimiter": "\n",
            "timeout_s": timeout_s,
        },
        "solutions": 2,
        "labelers": [{"kind": "monte_carlo", "k": 4}, {"kind": "omegaprm", "k": 4}],
        "run": {"longest_pause_s": 0.2, "attempts": 12} | options,
    }  # fmt: skip
    return RunConfig.model_validate(content, strict=False)


def from_file(url, path):
    """A patient run over the problems in a file, two requests at a time."""
    content = config(url).model_dump(mode="json") | {
        "problems": {"kind": "plain", "path": str(path)},
        # What a run asks of a server at every start is no reply of its own that it asks again.
        "run": {"probe": False},
    }
    content["policy"]["concurrency"] = 2
    return RunConfig.model_validate(content, strict=False)


def label(out, *urls, **options):
    return run(config(*urls, **options), out)


def labels(out):
    rows = list(open_dataset(out).rows())
    for row in rows:
        del row["code_version"]  # somebody may be editing the code
    return rows


@pytest.fixture(scope="session")
def undisturbed(server, tmp_path_factory):
    """The labels of a run straight on the server."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    label(out, server)
    return labels(out)
