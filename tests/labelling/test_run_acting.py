"""Whole runs of an agent with real calls: what is labelled, killed and resumed, other corpora."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import ClassVar

import pytest

from labeler.dataset.reader import open_dataset
from labeler.labelling.run import LabellingRun, run_plainly
from tests.acting_policy import (
    AUTHORS,
    BOOKS,
    CITIES,
    PASSAGES,
    PROBLEMS,
    corpus,
    parts,
    parts_with,
)
from tests.http_server import Handler, serving
from tests.journalled import journalled

ROOT = Path(__file__).parents[2]


def label(out, given, resume=False):
    return asyncio.run(run_plainly(LabellingRun(given, out, resume, lambda progress: None)))


def labels(out):
    """All rows without the name of the shard that wrote them."""
    rows = list(open_dataset(out).rows())
    for row in rows:
        del row["shard"]
    return rows


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("library") / "passages.jsonl")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, library):
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    summary = label(out, parts(library))
    return out, summary, labels(out)


def first_wrong_call(row):
    """The first turn that does not search for what the question leads to, -1 for none."""
    place = next(i for i, one in enumerate(PROBLEMS) if one.problem_id == row["problem_id"])
    right = [f'"novel {BOOKS[place]}"', f'"{AUTHORS[place]} born"', ""]
    asked = [
        turn["calls"][0]["arguments"] if turn["calls"] else ""
        for turn in row["trajectory"]["turns"]
    ]
    return next((t for t, one in enumerate(asked) if right[t] not in one), -1)


def test_solutions_are_trajectories_whose_observations_are_what_the_index_said(undisturbed):
    _, summary, rows = undisturbed
    assert summary.statistics["steps"] == {"solutions": 20, "of one step": 0}
    said = {f"[{one['title']}] {one['text']}" for one in PASSAGES}
    for row in rows:
        turns = row["trajectory"]["turns"]
        assert [len(turn["calls"]) for turn in turns] == [1, 1, 0]
        seen = [one["text"] for turn in turns for one in turn["observations"]]
        assert len(seen) == 2 and said.issuperset(seen)
        assert row["final_answer"] in CITIES
        assert [m["role"] for m in row["trajectory"]["opening"]] == ["user"]


def test_first_errors_are_the_first_wrong_calls(undisturbed):
    _, _, rows = undisturbed
    found = Counter((row["first_error"], first_wrong_call(row)) for row in rows)
    assert {one for one in found if one[0] is not None} == {(-1, -1), (0, 0), (1, 1)}
    assert sum(n for (located, _), n in found.items() if located is not None) >= 18


def test_one_problem_at_a_time_gives_the_same_labels(tmp_path, undisturbed, library):
    label(tmp_path / "out", parts(library, run={"shards": 8, "max_active": 1}))
    assert labels(tmp_path / "out") == undisturbed[2]


def test_another_corpus_is_a_new_run_and_says_so(tmp_path, library, caplog):
    other = corpus(tmp_path / "other.jsonl", PASSAGES[:-1])
    few = {"labelers": [{"kind": "outcome"}], "consensus": {"rule": "each_step"}}
    out = tmp_path / "out"
    first = label(out, parts(library, **few))
    caplog.set_level(logging.WARNING, "labeler")
    again = label(out, parts(library, **few), resume=True)
    assert (again.already_there, caplog.messages) == (True, [])
    changed = label(out, parts(other, **few), resume=True)
    assert (changed.already_there, changed.version) == (False, 1)
    assert changed.run_id != first.run_id
    assert caplog.messages == [
        f"{out}: what search answers from is not what it was when this run file was last run here: "
        f"this is a new run ({changed.run_id}), which makes its calls anew"
    ]


class Retriever(Handler):
    """The library behind HTTP: counts what it is asked, and may be slow or out of order."""

    asked: ClassVar[Counter[str]] = Counter()
    delay_s = 0.0
    broken = 0
    lock = threading.Lock()

    def do_POST(self) -> None:
        queries = self.asked_queries()
        time.sleep(type(self).delay_s)
        with self.lock:
            if type(self).broken and queries != ["test"]:
                type(self).broken -= 1
                return self.say(503, {})
        found = [
            [
                {"document": {"contents": f"{one['title']}\n{one['text']}"}}
                for one in PASSAGES
                if one["title"].lower() in query.lower()
            ][:1]
            for query in queries
        ]
        return self.say(200, {"result": found})

    def asked_queries(self) -> list[str]:
        queries = self.asked_json()["queries"]
        with self.lock:
            type(self).asked.update(query for query in queries if query != "test")
        return queries

    def asked_json(self):
        return Handler.asked(self)


@pytest.fixture
def retriever():
    Retriever.asked, Retriever.delay_s, Retriever.broken = Counter(), 0.0, 0
    with serving(Retriever) as url:
        yield url


def http(url, **more):
    return {"kind": "http", "url": url, "k": 1, "index": "library"} | more


def test_a_retriever_finds_what_the_index_finds(tmp_path, retriever, undisturbed):
    label(tmp_path / "out", parts_with(http(retriever)))
    assert [row["steps"] for row in labels(tmp_path / "out")] == [
        row["steps"] for row in undisturbed[2]
    ]
    assert set(Retriever.asked.values()) == {1}


def test_killed_and_resumed_no_call_is_made_twice_but_those_in_flight(
    tmp_path, retriever, undisturbed
):
    Retriever.delay_s = 0.02
    out = tmp_path / "out"
    command = [sys.executable, "-m", "tests.run_acting", str(out), retriever]
    rng, killed = random.Random(1), 0
    for _ in range(4):
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        goal = journalled(out) + rng.randint(5, 30)
        while child.poll() is None and journalled(out) < goal:
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)
        killed += child.wait() == -signal.SIGKILL
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    assert killed >= 3
    assert [row["steps"] for row in labels(out)] == [row["steps"] for row in undisturbed[2]]
    # Four batches are in flight at most, of which each held few queries when it was cut off.
    assert sum(n - 1 for n in Retriever.asked.values()) <= killed * 8
    assert max(Retriever.asked.values()) <= 1 + killed


def test_a_retriever_that_is_overloaded_now_and_then_changes_nothing(
    tmp_path, retriever, undisturbed
):
    Retriever.broken = 5
    label(tmp_path / "out", parts_with(http(retriever)))
    assert [row["steps"] for row in labels(tmp_path / "out")] == [
        row["steps"] for row in undisturbed[2]
    ]


def test_a_retriever_that_answers_too_late_leaves_things_unknown_and_a_later_run_asks_again(
    tmp_path, retriever, undisturbed
):
    few = {"run": {"shards": 1, "attempts": 1, "probe": False}}
    given = parts_with(http(retriever, timeout_s=0.2), **few)
    run = LabellingRun(given, tmp_path / "out", False, lambda progress: None)

    async def main():
        async with run:
            Retriever.delay_s = 0.6
            summaries = await run.label_all()
            return summaries[0]

    summary = asyncio.run(main())
    assert summary.n_rows == 0
    assert {one.stage for one in summary.rejections} == {"solve"}
    assert {one.reason for one in summary.rejections} == {
        f"tool search: no reply after 1 tries: {retriever}: no reply in 0.2 s"
    }
    Retriever.delay_s = 0.0
    label(tmp_path / "later", parts_with(http(retriever)))
    assert labels(tmp_path / "later")[0]["steps"] == undisturbed[2][0]["steps"]
