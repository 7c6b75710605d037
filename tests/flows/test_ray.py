"""Shards over the nodes of a real Ray cluster on this machine, one of which is killed."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from labeler.config import load_config
from labeler.dataset.reader import open_dataset
from labeler.errors import ConfigError
from labeler.wiring import run as run_plainly
from tests.flows.conftest import ROOT, deliver, run_file, stop, wait_for

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def ray_python():
    """A Python with Ray: this one, or that of `make ray`."""
    own = ROOT / ".venv-ray" / "bin" / "python"
    if importlib.util.find_spec("ray"):
        return sys.executable
    return str(own) if own.exists() else None


RAY = pytest.mark.skipif(
    ray_python() is None or "LABELER_LONG_TESTS" not in os.environ,
    reason="make test-ray (a cluster takes a minute)",
)
N_PROBLEMS = 12


def labels(out):
    rows = list(open_dataset(out).rows())
    for row in rows:
        del row["shard"], row["code_version"]
    return rows


def config_file(folder, url, **execution):
    deliver(folder, 0, N_PROBLEMS)
    run = {"shards": 6, "max_active": 4}
    return run_file(folder, url, run=run, execution={"engine": "ray"} | execution)


def test_a_run_on_ray_is_a_flow(tmp_path, model_url):
    with pytest.raises(ConfigError, match="engine: ray works as a flow only; add --flow"):
        run_plainly(load_config(config_file(tmp_path, model_url)), tmp_path / "out")


def test_without_ray_a_run_on_it_is_one_line(server, tmp_path, model_url):
    if importlib.util.find_spec("ray"):
        pytest.skip("Ray is installed here")
    line = server.refused(
        "run", config_file(tmp_path, model_url), "--flow", "--out", tmp_path / "o"
    )
    assert "engine: ray needs the extra ray (ray is missing); pip install" in line


@pytest.fixture
def cluster():
    """Address of a two-node cluster, and the function that kills one node."""
    child = subprocess.Popen(
        [ray_python(), "-m", "tests.flows.ray_cluster"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"RAY_USAGE_STATS_ENABLED": "0"},
    )  # fmt: skip

    def kill_one():
        child.stdin.write("\n")
        child.stdin.flush()
        assert child.stdout.readline() == "killed\n"

    yield child.stdout.readline().strip(), kill_one
    child.stdin.close()
    child.wait(120)
    child.stdout.close()


def begun(out):
    """Process ids by shard, of shards that are begun and not staged."""
    found = {}
    for lock in out.glob("_work/*/shard-*.lock"):
        said = re.search(r"process (\d+)", lock.read_text())
        if said and not lock.with_suffix(".parquet").exists():
            found[lock.stem] = int(said[1])
    return found


def is_alive(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@RAY
def test_when_one_of_two_nodes_dies_the_other_labels_its_shards(
    server, cluster, slow_model_url, model_url, tmp_path
):
    address, kill_one = cluster
    out = tmp_path / "out"
    path = config_file(tmp_path, slow_model_url, address=address)
    local = load_config(path, ["execution.engine=local", f"policy.urls=['{model_url}']"])
    run_plainly(local, tmp_path / "local")
    command = [ray_python(), "-m", "labeler.cli", "run", str(path), "--flow", "--out", str(out)]
    said = tmp_path / "said.txt"
    with said.open("w") as errors:
        child = subprocess.Popen(
            command, cwd=ROOT, env=server.env, stderr=errors, start_new_session=True
        )
    try:
        wait_for(lambda: len(begun(out)) >= 2 or child.poll() is not None)
        assert child.poll() is None, said.read_text()
        owners = begun(out)
        kill_one()
        # The node's process notices a moment later; then nobody may own its shard any more.
        wait_for(lambda: any(not is_alive(owner) for owner in owners.values()))
        lost = {shard: owner for shard, owner in owners.items() if not is_alive(owner)}
        wait_for(lambda: lost.items() & begun(out).items() == set())
        assert child.wait(600) == 0, said.read_text()
    finally:
        stop(child)
    assert len(lost) == 1
    assert labels(out) == labels(tmp_path / "local")
    assert len(open_dataset(out).versions()) == 1


@RAY
def test_what_is_learned_before_the_shards_is_learned_once_on_ray_too(
    server, cluster, model_url, tmp_path
):
    address, _ = cluster
    path = config_file(tmp_path, model_url, address=address)
    asks = [
        "labelers=[{kind: tool_check}, {kind: bisect}, {kind: monte_carlo, k: 4}]",
        "acquire={pilot: 4}", "consensus.rule=fusion", "solutions=1",
    ]  # fmt: skip
    run_plainly(load_config(path, ["execution.engine=local", *asks]), tmp_path / "local")
    words = [word for one in asks for word in ("--set", one)]
    command = [ray_python(), "-m", "labeler.cli", "run", str(path), "--flow"]
    done = subprocess.run(
        [*command, *words, "--out", str(tmp_path / "out")],
        check=False, cwd=ROOT, env=server.env, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert labels(tmp_path / "out") == labels(tmp_path / "local")
