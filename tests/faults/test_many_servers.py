"""Several servers with one slow, and more requests in flight than a process may open files."""

import json
import subprocess
import sys

import pytest

from tests.faults.conftest import ROOT, label, labels, started_server, stop
from tests.faults.proxy import FaultProxy, running


@pytest.fixture(scope="module")
def slow_server():
    """Needs half a second for each batch."""
    child, url = started_server("--delay", "0.5")
    yield url
    stop(child)


def test_of_three_servers_one_is_slow_and_the_others_take_its_work(
    server, slow_server, undisturbed, tmp_path
):
    quick, other, slow = FaultProxy(server), FaultProxy(server), FaultProxy(slow_server)
    with running(quick, other, slow):
        summary = label(tmp_path / "out", quick.url, other.url, slow.url)
    assert labels(tmp_path / "out") == undisturbed
    assert sum(cost.failed for cost in summary.cost.values()) == 0
    asked = [proxy.asked.total() for proxy in (quick, other, slow)]
    print("asked", asked)
    assert asked[2] < sum(asked) / 3


def test_one_that_is_slower_than_the_deadline_delays_and_changes_nothing(
    server, slow_server, undisturbed, tmp_path
):
    quick, slow = FaultProxy(server), FaultProxy(slow_server)
    with running(quick, slow):
        summary = label(tmp_path / "out", quick.url, slow.url, timeout_s=0.4, probe=False)
    assert labels(tmp_path / "out") == undisturbed
    assert sum(cost.failed for cost in summary.cost.values()) == 0


def in_flight(*numbers):
    command = [sys.executable, "-m", "tests.faults.many_requests", *map(str, numbers)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    return json.loads(done.stdout)


def test_more_requests_at_once_than_files_are_allowed_at_first():
    found = in_flight(600, 300)
    assert (found["replies"], found["failed"]) == (600, 0)
    assert found["mib_more"] < 200


def test_more_than_the_system_allows_are_refused_before_the_first():
    assert in_flight(600, 300, 400) == {
        "refused": "concurrency 600 needs as many connections, and this process may open 400 "
        "files; raise the limit (ulimit -Hn 856) or lower policy.concurrency"
    }
