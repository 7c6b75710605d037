"""`labeler doctor` as people run it, and what a run says where nothing holds programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from labeler.records import Verdict
from tests.test_cli import ROOT

NO_PATH = {**os.environ, "PATH": "/nowhere"}
MISSING = "bubblewrap is not installed; `apt-get install bubblewrap`, or use a remote one"


def labeler(*words: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "labeler.cli", *map(str, words)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, env=env
    )


def test_the_doctor_names_what_is_missing_and_the_remedy() -> None:
    found = labeler("doctor", "--json", env=NO_PATH)
    assert found.returncode == 1
    findings = json.loads(found.stdout)
    assert findings["sandbox"] == {"found": "none: programs are not run", "remedy": MISSING}
    assert findings["polars"]["remedy"] == ""


def test_the_doctor_tells_when_the_servers_database_is_locked(tmp_path: Path) -> None:
    log = tmp_path / "labeler" / "logs" / "server.log"
    log.parent.mkdir(parents=True)
    env = {**os.environ, "PREFECT_HOME": str(tmp_path)}
    log.write_text("started\n")
    assert json.loads(labeler("doctor", "--json", env=env).stdout)["prefect server"] == {
        "found": "its database keeps up",
        "remedy": "",
    }
    log.write_text("(sqlite3.OperationalError) database is locked\nwaited for the database: 7 s\n")
    assert json.loads(labeler("doctor", "--json", env=env).stdout)["prefect server"] == {
        "found": "its database was locked 1 times, and long waited for 1 times",
        "remedy": f"start it with `labeler server --postgres` (its log: {log})",
    }


def test_without_isolation_there_is_nothing_to_escape_from() -> None:
    found = labeler("doctor", "--sandbox", "--json", env=NO_PATH)
    assert (found.returncode, json.loads(found.stdout)) == (
        1, {"isolation": "none", "attempts": 0, "contained": 0, "why": MISSING},
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["bubblewrap", "unsafe"])
def test_a_run_without_isolation_says_so_first_and_goes_on(tmp_path: Path, kind: str) -> None:
    import labeler as package

    record = {"task_id": 1, "text": "One.", "code": "def f():\n    return 1\n",
              "test_list": ["assert f() == 1"]}  # fmt: skip
    (tmp_path / "mbpp.jsonl").write_text(json.dumps(record))
    (tmp_path / "run.yaml").write_text(
        "problems: {kind: mbpp, path: mbpp.jsonl}\nsolutions: 0\n"
        f"labelers: [{{kind: program}}]\nconsensus: {{rule: each_step}}\nsandbox: {{kind: {kind}}}"
    )
    done = labeler("run", tmp_path / "run.yaml", "--out", tmp_path / "out", env=NO_PATH)
    assert done.returncode == 0, done.stderr
    evidence = [
        piece
        for row in package.open(tmp_path / "out").solutions()
        for step in row.steps
        for piece in step.evidence
        if piece.labeler == "program"
    ]
    if kind == "bubblewrap":
        assert f"no program is run, labels that need one are unknown: {MISSING}" in done.stderr
        assert {piece.verdict for piece in evidence} == {Verdict.UNKNOWN}
    else:
        assert "programs run WITHOUT isolation" in done.stderr
        assert {piece.model for piece in evidence} == {"none (unsafe)"}
        assert Verdict.WRONG in {piece.verdict for piece in evidence}
