"""A key is in no file of Prefect's: neither in its database nor in what flows and tasks log."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.test_key import KEY, Repeating
from tests.flows.conftest import ROOT, deliver, run_file
from tests.http_server import serving

# Sockets that Prefect leaves to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def test_a_key_that_a_server_repeats_is_not_in_prefects_database(server, tmp_path):
    deliver(tmp_path, 0, 8)
    Repeating.n = 0  # so that the first, which asks whether it can chat, is answered
    policy = {"kind": "openai", "model": "noisy", "delimiter": "\n", "api_key_env": "SOME_KEY"}
    with serving(Repeating) as url:
        run = {"shards": 2, "max_active": 4, "probe": False, "longest_pause_s": 0.2}
        file = run_file(tmp_path, url, policy=policy | {"urls": [url]}, run=run)
        command = [sys.executable, "-m", "labeler.cli", "run", str(file), "--flow"]
        done = subprocess.run(
            [*command, "--out", str(tmp_path / "out")], cwd=ROOT, capture_output=True, text=True,
            env=server.env | {"SOME_KEY": KEY}, timeout=300, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert server.flow_runs()
    places = [file for folder in (server.home, tmp_path) for file in folder.rglob("*")]
    files = {str(file): file.read_bytes() for file in places if file.is_file()}
    # What SQLite wrote last stands in its write-ahead log.
    assert any(b"label" in files[name] for name in files if ".db" in Path(name).name)
    assert [name for name, content in files.items() if KEY.encode() in content] == []
    assert any(b"***" in content for content in files.values())
    assert KEY not in done.stdout + done.stderr
