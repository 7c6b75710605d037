"""The contract with servers that break theirs: every malformed reply is busy, and nothing else.

Over real HTTP, in a process of its own, whose memory is measured.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.samplers.visit_zoo import TIMEOUT_S
from tests.samplers.zoo import GOOD, Animal, http, open_zoo, zoo

MEMORY_BYTES = 64 << 20
LATE_S = 4.0
"""Beyond the deadline, on a busy machine."""


@pytest.fixture(scope="module")
def visit() -> dict:
    animals = [*zoo(), Animal("good", http(json.dumps(GOOD).encode()))]
    with open_zoo(animals) as port:
        done = subprocess.run(
            [sys.executable, "-m", "tests.samplers.visit_zoo", str(port)],
            input=json.dumps([one.logprobs for one in animals]),
            capture_output=True, text=True, check=True, timeout=600,
        )  # fmt: skip
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_a_good_reply_is_taken(visit):
    assert visit["good"][0] == "Samples"


def test_every_malformed_reply_is_worth_asking_again(visit):
    others = {
        one.name: (result, words)
        for one, (result, words, _) in zip(zoo(), visit["met"], strict=True)
        if result != "BackendBusy"
    }
    assert others == {}


def test_there_are_some_hundred(visit):
    names = [one.name for one in zoo()]
    assert len(names) == len(set(names)) == len(visit["met"]) >= 300


def test_no_reply_holds_a_request_beyond_its_deadline(visit):
    late = {
        one.name: seconds
        for one, (_, _, seconds) in zip(zoo(), visit["met"], strict=True)
        if seconds > TIMEOUT_S + LATE_S
    }
    assert late == {}


def test_no_reply_takes_more_memory_than_a_reply_may(visit):
    assert visit["above_idle"] <= MEMORY_BYTES
