"""A key that the server repeats wherever it can is in nothing that a run leaves behind.

Looked through: every file of the output (replies and rows unpacked), all that is printed, and the
environment of every process that the run started. Prefect's database: `tests/flows/test_key.py`.
"""

import os
import sqlite3
import subprocess
import sys
import time
import zlib
from pathlib import Path

import yaml

from labeler.dataset.reader import open_dataset
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
        elif Repeating.n % 3 == 1:
            self.say(400, {"error": {"message": f"no request of {KEY} is taken: {body['prompt']}"}})
        else:
            texts = [
                {"index": i, "text": "Answer: 7\n", "finish_reason": "stop"}
                for i in range(body["n"])
            ]
            self.say(200, {"choices": texts, "usage": {"prompt_tokens": 3, "completion_tokens": 9}})


def environments(leader):
    """Name and environment of every process of a session but its leader."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            session = int((place / "stat").read_text().rpartition(")")[2].split()[3])
            if session == leader and int(place.name) != leader:
                words = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found[words] = (place / "environ").read_bytes()
        except OSError:
            continue
    return found


def unpacked(out):
    """All bytes of a folder, and what replies and rows say."""
    for file in out.rglob("*"):
        if file.is_file():
            yield file.name.encode() + file.read_bytes()
    with sqlite3.connect(out / "_work" / "journal.sqlite") as database:
        for (reply,) in database.execute("SELECT reply FROM replies"):
            yield zlib.decompress(reply)
    for row in open_dataset(out).rows():
        yield repr(row).encode()


def test_a_key_that_a_server_repeats_is_left_nowhere(tmp_path):
    with serving(Repeating) as url:
        content = config(url, probe=False).model_dump(mode="json", exclude_defaults=True)
        content["policy"] |= {"api_key_env": "SOME_KEY", "kind": "openai"}
        (tmp_path / "run.yaml").write_text(yaml.safe_dump(content))
        command = [sys.executable, "-m", "labeler.cli", "run", str(tmp_path / "run.yaml")]
        child = subprocess.Popen(
            [*command, "--out", str(tmp_path / "out")], cwd=ROOT, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ | {"SOME_KEY": KEY},
        )  # fmt: skip
        children = {}
        while child.poll() is None:
            children |= environments(child.pid)
            time.sleep(0.02)
        printed = child.stdout.read()
    assert child.returncode == 0, printed
    pieces = list(unpacked(tmp_path / "out"))
    assert len(pieces) > 50
    assert any(b"***" in piece for piece in pieces)
    assert [piece[:200] for piece in pieces if KEY.encode() in piece] == []
    assert KEY.encode() not in printed
    print("CHILDREN", {words: KEY.encode() in env for words, env in children.items()})
