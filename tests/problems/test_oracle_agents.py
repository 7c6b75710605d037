"""Questions for agents as a kind of problems, and the corpus that answers them."""

import json

from typer.testing import CliRunner

from labeler.cli import app
from labeler.config import load_config
from labeler.environments.bm25 import Bm25Search
from labeler.oracle.agents.reading import query_of
from labeler.wiring import read_problems

RUN = """
problems: {kind: oracle_agents, n: 20, seed: 5, scope: {people: 40, min_hops: 2, max_hops: 3}}
policy: {kind: transformers, model: none}
labelers: [{kind: monte_carlo}]
"""


def test_every_gold_call_finds_its_fact_in_the_corpus(tmp_path):
    (tmp_path / "run.yaml").write_text(RUN)
    problems, rejected = read_problems(load_config(tmp_path / "run.yaml"))
    assert (len(problems), rejected) == (20, [])
    corpus = tmp_path / "corpus.jsonl"
    words = ["problems", "corpus", str(corpus), "--seed", "5", "--people", "40"]
    said = CliRunner().invoke(app, words, catch_exceptions=False).stdout
    rows = [json.loads(line) for line in corpus.read_text().splitlines()]
    assert said == f"{corpus}: {len(rows)} passages\n"
    search = Bm25Search.from_rows(rows)
    for problem in problems:
        assert problem.domain == "qa"
        for call, passage in zip(problem.known.calls, problem.context, strict=True):
            assert passage in search.search(query_of(call)).splitlines()
