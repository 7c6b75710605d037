"""Flow runs in the processes of a real worker: cancelled, killed, two at once."""

import json
import os
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from labeler.config import load_config
from labeler.dataset.reader import open_dataset
from labeler.wiring import run as run_plainly
from tests.flows.conftest import deliver, run_file, stop, wait_for
from tests.journalled import journalled

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

LONG = pytest.mark.skipif("LABELER_LONG_TESTS" not in os.environ, reason="LABELER_LONG_TESTS=1")


@pytest.fixture
def scheduled(tmp_path, server, worker, slow_model_url):
    """Schedules `label` far in the future on a pool; gives the function that starts a run now."""

    def on(pool):
        deliver_twelve(tmp_path)
        path = run_file(tmp_path, slow_model_url)
        words = ["--flow", "label", "--cron", "0 0 1 1 *", "--out", tmp_path / "out"]
        added = server.labeler("schedule", path, *words, "--pool", pool)
        assert added.returncode == 0, added.stderr
        return lambda: server.start_run("label", tmp_path.name)

    return on


def deliver_twelve(folder):
    """Twelve problems; one has an answer that only the checker's own processes can compare."""
    deliver(folder, 0, 12)
    file = folder / "inbox" / "0.jsonl"
    first, *others = file.read_text().splitlines(keepends=True)
    peculiar = json.loads(first) | {"gold_answer": r"\frac{\sqrt{8}}{\sqrt{2}} + x"}
    file.write_text(json.dumps(peculiar) + "\n" + "".join(others))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, model_url):
    """The labels of the same run, without Prefect, from the quick model: an address is no label."""
    folder = tmp_path_factory.mktemp("undisturbed")
    deliver_twelve(folder)
    run_plainly(load_config(run_file(folder, model_url)), folder / "out")
    return labels(folder / "out")


def labels(out):
    rows = list(open_dataset(out).rows())
    for row in rows:
        # The folder of the problems stands in the run file, and so in the names of the run.
        del row["shard"], row["source"], row["run_id"], row["config_sha"]
    return rows


def processes_of(run):
    """Process ids that carry a flow run's id in their environment, as all its children do."""
    mark = f"PREFECT__FLOW_RUN_ID={run['id']}".encode()
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            alive = (place / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
            if alive and mark in (place / "environ").read_bytes().split(b"\0"):
                found.append(int(place.name))
        except OSError:
            continue
    return found


def is_intact(out):
    database = sqlite3.connect(out / "_work" / "journal.sqlite")
    try:
        return database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        database.close()


def test_a_cancelled_run_leaves_no_process_and_what_it_sampled(
    server, scheduled, tmp_path, undisturbed
):
    out = tmp_path / "out"
    start = scheduled("labeler")
    run = start()
    wait_for(lambda: journalled(out) > 20)
    assert len(processes_of(run)) > 1
    server.post(f"flow_runs/{run['id']}/set_state", state={"type": "CANCELLING"})
    assert server.ended(run)[0] == "CANCELLED"
    wait_for(lambda: not processes_of(run))
    kept = journalled(out)
    assert is_intact(out)
    assert not (out / "_delta_log").exists()
    again = start()
    server.completed(again)
    assert labels(out) == undisturbed
    [version] = open_dataset(out).versions()
    assert kept > 20
    assert version.info.cost["calls"] > kept


@LONG
def test_when_a_worker_dies_another_finishes_with_the_same_labels(
    server, scheduled, tmp_path, undisturbed
):
    out = tmp_path / "out"
    server.post("work_pools/", name="frail", type="process")
    start = scheduled("frail")
    first = server.worker("frail")
    run = start()
    wait_for(lambda: journalled(out) > 20)
    # Worker first, so that it cannot tell anybody.
    for process in [first.pid, *processes_of(run)]:
        os.kill(process, signal.SIGKILL)
    first.wait()
    wait_for(lambda: not processes_of(run))
    kept = journalled(out)
    second = server.worker("frail")
    again = start()
    server.completed(again)
    stop(second)
    assert kept > 20
    assert labels(out) == undisturbed
    assert len(open_dataset(out).versions()) == 1
    costs = json.dumps(server.logs(again))
    assert "shard=shard-4-of-4" in costs


@LONG
def test_of_two_runs_on_one_dataset_one_is_told_who_is_at_work(
    server, scheduled, tmp_path, undisturbed
):
    start = scheduled("labeler")
    runs = [start(), start()]
    assert sorted(server.ended(run)[0] for run in runs) == ["COMPLETED", "FAILED"]
    [failed] = [run for run in runs if server.state_of(run) == "FAILED"]
    said = [line for line in server.logs(failed) if "try again when it is done" in line]
    assert said[0].startswith(f"DatasetError: {tmp_path / 'out'}: run ")
    assert not any("Traceback" in line for line in server.logs(failed))
    assert labels(tmp_path / "out") == undisturbed


def processes_in_session(leader):
    """Process ids of a session, the leader's own included."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, session = (place / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if state != "Z" and int(session) == leader:
            found.append(int(place.name))
    return found


def test_ctrl_c_in_a_terminal_is_one_line_and_leaves_no_process(server, slow_model_url, tmp_path):
    out = tmp_path / "out"
    deliver_twelve(tmp_path)
    words = ["labeler.cli", "run", run_file(tmp_path, slow_model_url), "--flow", "--out", out]
    child = server.python(*words, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: journalled(out) > 20)
    os.killpg(child.pid, signal.SIGINT)
    _, errors = child.communicate(timeout=300)
    assert child.returncode == 130
    assert [line for line in errors.splitlines() if line.startswith("labeler: ")] == [
        "labeler: interrupted (what was sampled is kept; add --resume to go on)"
    ]
    assert "Traceback" not in errors
    wait_for(lambda: not processes_in_session(child.pid))
    assert is_intact(out)
