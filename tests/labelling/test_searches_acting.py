"""Methods that roll out work on an agent's turns: they write trajectories, or are given them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import pytest

from labeler.config import RunConfig
from labeler.dataset.reader import open_dataset
from labeler.driver.requests import POLICY
from labeler.labelers.method import NO_TOOLS
from labeler.labelling.run import LabellingRun, run_plainly
from labeler.wiring.problems import find_problems
from labeler.wiring.runs import build
from labeler.wiring.solutions_file import SolvedPlace, config_for_file
from tests.acting_policy import AUTHORS, BOOKS, CITIES, PASSAGES, ActingSampler, corpus, parts


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("library") / "passages.jsonl")


def label(out, given):
    asyncio.run(run_plainly(LabellingRun(given, out, False, lambda progress: None)))
    return list(open_dataset(out).rows())


def wrong_turn(row):
    """The first turn whose search is not the one that the question leads to, -1 for none."""
    place = next(i for i, book in enumerate(BOOKS) if book in row["text"])
    right = [BOOKS[place], AUTHORS[place], ""]
    turns = row["trajectory"]["turns"]
    asked = [turn["calls"][0]["arguments"] if turn["calls"] else "" for turn in turns]
    return next((t for t, one in enumerate(asked) if right[t] not in one), -1)


@pytest.mark.parametrize(
    ("search", "rule"),
    [
        ({"kind": "omegaprm", "k": 8, "search_limit": 4}, {"rule": "posterior"}),
        ({"kind": "omegaprm", "k": 8, "search": "bayes"}, {"rule": "posterior"}),
        ({"kind": "alphamath", "rounds": 6, "children": 4}, {"rule": "relative_progress"}),
        ({"kind": "alphamath", "rounds": 6, "gamma": 0.9}, {"rule": "relative_progress"}),
    ],
)
def test_searches_write_trajectories(tmp_path, library, search, rule):
    given = parts(library, solutions=0, labelers=[search], consensus=rule)
    rows = label(tmp_path / "out", given)
    said = {f"[{one['title']}] {one['text']}" for one in PASSAGES}
    assert len(rows) > 10
    for row in rows:
        turns = row["trajectory"]["turns"]
        assert len(turns) == len(row["steps"]) == 3
        assert said.issuperset(one["text"] for turn in turns for one in turn["observations"])
        assert row["final_answer"] in CITIES
        assert row["trajectory"]["tools"].startswith('[{"type": "function"')
    of_dead = Counter(
        one["verdict"]
        for row in rows
        for step in row["steps"][wrong_turn(row) :]
        for one in step["evidence"]
        if wrong_turn(row) >= 0
    )
    # Nobody finds back who has looked up the wrong thing.
    assert set(of_dead) == {"wrong"}


def openai(place, *slips):
    """A trajectory about a book in OpenAI's form that looks up other things where it slips."""
    at = [place if t not in slips else (place + 3) % 8 for t in (0, 1)]
    seen_author = AUTHORS[at[0]]
    looked_up = AUTHORS[(AUTHORS.index(seen_author) + (3 if 1 in slips else 0)) % 8]
    city = CITIES[AUTHORS.index(looked_up)]

    def call(name, query):
        arguments = json.dumps({"query": query})
        return [{"id": name, "function": {"name": "search", "arguments": arguments}}]

    return {
        "id": f"t{place}{''.join(map(str, slips))}",
        "problem": f"Where was the author of {BOOKS[place]} born?",
        "answer": CITIES[place],
        "messages": [
            {"role": "user", "content": f"Where was the author of {BOOKS[place]} born?"},
            {"role": "assistant", "content": "I look for the book.",
             "tool_calls": call("a", f"novel {BOOKS[at[0]]}")},
            {"role": "tool", "tool_call_id": "a",
             "content": f"[{BOOKS[at[0]]}] {BOOKS[at[0]]} is a novel by {seen_author}."},
            {"role": "assistant", "content": f"It is by {looked_up}.",
             "tool_calls": call("b", f"{looked_up} born")},
            {"role": "tool", "tool_call_id": "b",
             "content": f"[{looked_up}] {looked_up} was born in {city}."},
            {"role": "assistant", "content": f"That is all.\nAnswer: {city}"},
        ],
    }  # fmt: skip


@pytest.fixture
def trajectories(tmp_path):
    file = tmp_path / "trajectories.jsonl"
    rows = [openai(i, *slips) for i in range(4) for slips in ((), (0,), (1,))]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


RUN = """
policy: {{kind: transformers, model: none}}
problems: {{kind: oracle, n: 1}}
environments: {{{search}}}
labelers: [{{kind: monte_carlo, k: 8}}, {{kind: bisect}}, {{kind: binary_search, k: 8}}]
consensus: {{rule: posterior}}
"""


def on_file(tmp_path, trajectories, search):
    (tmp_path / "run.yaml").write_text(RUN.format(search=search))
    place = SolvedPlace(str(trajectories))
    names = ["monte_carlo", "bisect", "binary_search"]
    config: RunConfig = config_for_file(place, names, tmp_path / "run.yaml", [])
    return build(config, find_problems(config), {POLICY: ActingSampler()})


def test_given_trajectories_are_continued_with_the_runs_tools(tmp_path, library, trajectories):
    search = f"search: {{kind: bm25, corpus: {library}, k: 1}}"
    rows = label(tmp_path / "out", on_file(tmp_path, trajectories, search))
    assert len(rows) == 12
    found = [(row["first_error"], wrong_turn(row)) for row in rows]
    assert {one for one in found if one[0] is not None} == {(-1, -1), (0, 0), (1, 1)}
    assert sum(located is not None for located, _ in found) == 12


def test_without_tools_nothing_is_said_of_them(tmp_path, trajectories):
    rows = label(tmp_path / "out", on_file(tmp_path, trajectories, ""))
    assert {
        one["reason"]
        for row in rows
        for step in row["steps"]
        for one in step["evidence"]
        if one["labeler"] != "outcome"
    } == {NO_TOOLS}
