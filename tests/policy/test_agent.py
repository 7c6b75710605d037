"""The embedded agent as it is shipped: whole, small, and useful with a real search."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

import labeler
from labeler.config import load_config
from labeler.oracle.agents.names import CITIES, FIRST_NAMES, ORGANISATIONS, SURNAMES, WORKS
from labeler.oracle.agents.oracle import grade_turns
from labeler.oracle.agents.questions import Scope, generate_questions
from labeler.oracle.agents.world import generate_world
from labeler.records import Verdict

DATA = Path(__file__).parent.parent.parent / "data"
FOLDER = DATA / "agent"


def test_the_files_are_those_that_were_measured():
    recorded = json.loads((FOLDER / "hashes.json").read_text())
    found = {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in recorded}
    assert found == recorded
    assert {"model.safetensors", "tokenizer.json", "config.json"} <= recorded.keys()
    assert (FOLDER / "model.safetensors").stat().st_size <= 10 * 2**20


def test_the_corpus_is_that_of_the_run_files_world():
    problems = load_config(DATA / "agent.yaml").problems
    rows = generate_world(problems.seed, problems.scope.people).rows()
    lines = (FOLDER / "corpus.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == rows


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(FOLDER)


@given(text=st.text(max_size=80))
def test_decoding_gives_any_text_back(tokenizer, text):
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(ids) == text


def test_a_name_is_one_token_wherever_it_stands(tokenizer):
    for name in (*CITIES, *ORGANISATIONS, *WORKS, *FIRST_NAMES, *(f" {one}" for one in SURNAMES)):
        [token] = tokenizer(name)["input_ids"]
        for text in (f'{{"query": "{name} lies in"}}', f"[{name}] {name} lies in Mupiria."):
            assert token in tokenizer(text)["input_ids"]


def test_a_run_of_it_is_trajectories_with_calls_most_of_them_right(tmp_path):
    config = load_config(DATA / "agent.yaml", ["problems.n=24", "policy.sampling.temperature=0"])
    labeler.run(config, tmp_path / "out")
    rows = list(labeler.open(tmp_path / "out").solutions())
    questions = {q.problem.problem_id: q for q in generate_questions(24, 1, Scope())}
    assert sum(row.solution.outcome is Verdict.CORRECT for row in rows) >= 14
    for row in rows:
        turns = row.solution.trajectory.turns
        assert all(turn.calls and turn.observations for turn in turns[:-1])
        if grade_turns(questions[row.problem.problem_id], turns).first_error == -1:
            assert row.solution.outcome is Verdict.CORRECT
