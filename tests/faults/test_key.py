"""A key that the server repeats wherever it can is in nothing that a run leaves behind.

Looked through: every file of the output (replies and rows unpacked), all that is printed, and the
environment of a sandbox. Prefect's database: `tests/flows/test_key.py`. Processes that check
answers run our own code and have the run's environment.
"""

import asyncio
import os
import sqlite3
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
import yaml

from labeler.dataset.reader import open_dataset
from labeler.driver.requests import Run
from labeler.sandbox.bubblewrap import Bubblewrap
from tests.faults.conftest import ROOT, config
from tests.http_server import Handler, serving

KEY = "sk-SENTINEL-0123456789abcdef"


class Repeating(Handler):
    """Of the real server's replies it refuses or breaks every third, in words with the key."""

    n = 0
    upstream = ""

    def do_GET(self):
        self.say(200, {"data": [{"id": "noisy"}, {"id": KEY}]})

    def do_POST(self):
        body = self.asked()
        Repeating.n += 1
        said = self.headers["Authorization"]
        assert said == f"Bearer {KEY}"
        if Repeating.n % 3 == 0:
            self.say(429, {"error": {"message": f"{said} asks too often"}})
        elif Repeating.n % 3 == 2:
            self.say(400, {"error": {"message": f"no request of {KEY} is taken"}})
        else:
            texts = [
                {"index": i, "finish_reason": "stop", "message": {"content": "Answer: 7\n"}}
                for i in range(body["n"])
            ]
            usage = {"prompt_tokens": 3, "completion_tokens": 9}
            self.say(200, {"choices": texts, "usage": usage, "model": KEY})


def unpacked(out):
    """All bytes of a folder, and what replies and rows say."""
    for file in out.rglob("*"):
        if file.is_file():
            yield file.name.encode() + file.read_bytes()
    with sqlite3.connect(out / "_work" / "journal.sqlite") as database:
        for (reply,) in database.execute("SELECT replies FROM blocks"):
            yield zlib.decompress(reply)
    for row in open_dataset(out).rows():
        yield repr(row).encode()


def test_a_key_that_a_server_repeats_is_left_nowhere(tmp_path):
    with serving(Repeating) as url:
        content = config(url, probe=False).model_dump(mode="json")
        content["policy"] |= {"api_key_env": "SOME_KEY"}
        (tmp_path / "run.yaml").write_text(yaml.safe_dump(content))
        command = [sys.executable, "-m", "labeler.cli", "run", str(tmp_path / "run.yaml")]
        done = subprocess.run(
            [*command, "--out", str(tmp_path / "out")], cwd=ROOT, check=False, timeout=120,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ | {"SOME_KEY": KEY},
        )  # fmt: skip
    assert done.returncode == 0, done.stdout
    pieces = list(unpacked(tmp_path / "out"))
    assert len(pieces) > 20
    assert any(b"***" in piece for piece in pieces)
    assert [piece[:200] for piece in pieces if KEY.encode() in piece] == []
    assert KEY.encode() not in done.stdout


def test_a_program_in_the_sandbox_finds_no_key(monkeypatch):
    monkeypatch.setenv("SOME_KEY", KEY)
    look = "import os; print(dict(os.environ))"

    async def work():
        sandbox = Bubblewrap(1)
        if why := await sandbox.ready():
            pytest.skip(why)
        [reply] = await sandbox.run([Run(look)])
        inside = [Path(f"/proc/{pid}/environ").read_bytes() for pid in started_by(sandbox)]
        await sandbox.aclose()
        return reply.stdout, inside

    said, inside = asyncio.run(work())
    assert len(inside) > 0
    assert [KEY in said, *[KEY.encode() in one for one in inside]] == [False] * (1 + len(inside))


def started_by(sandbox):
    """Bubblewrap, and what it started."""
    [slot] = sandbox._slots
    pid = slot.keeper.pid
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
