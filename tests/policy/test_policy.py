"""The embedded policy as it is shipped: whole, small, and useful."""

import asyncio
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from labeler.driver.requests import Message, Prompt, Sample
from labeler.oracle.generate import Difficulty, generate_problems
from labeler.oracle.graph import read_answer
from labeler.oracle.oracle import grade
from labeler.oracle.tasks import annotate_prompt, judge_prompt, read_verdicts, solve_prompt
from labeler.records import Sampling, Verdict
from labeler.samplers.transformers import TransformersSampler
from labeler.steps import split_steps

FOLDER = Path(__file__).parent.parent.parent / "data" / "policy"
EASY = Difficulty(2, 4, 100, 0.0)


@pytest.fixture(scope="module")
def sampler():
    with asyncio.Runner() as runner:
        made = TransformersSampler(str(FOLDER))
        yield lambda asked: runner.run(made.sample(asked))
        runner.run(made.aclose())


def ask(prompt, temperature=0.0, n=1):
    message = Message("user", prompt)
    return Sample(Prompt((message,)), n, Sampling(temperature=temperature, max_tokens=400), 0)


def test_the_files_are_those_that_were_measured():
    recorded = json.loads((FOLDER / "hashes.json").read_text())
    found = {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in recorded}
    assert found == recorded
    assert {"model.safetensors", "tokenizer.json", "config.json"} <= recorded.keys()
    assert (FOLDER / "model.safetensors").stat().st_size <= 10 * 2**20


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(FOLDER)


@given(text=st.text(max_size=80))
def test_decoding_gives_any_text_back(tokenizer, text):
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(ids) == text


@pytest.mark.parametrize("number", [0, 7, 42, 999])
def test_a_number_up_to_999_is_one_token(tokenizer, number):
    assert len(tokenizer(f" {number}")["input_ids"]) == 1


def test_it_solves_most_easy_problems(sampler):
    problems = list(generate_problems(32, 777, EASY))
    replies = sampler([ask(solve_prompt(p.problem.text)) for p in problems])
    right = 0
    for problem, reply in zip(problems, replies, strict=True):
        steps = split_steps(reply.completions[0].text, "\n")
        right += bool(steps) and str(read_answer(steps[-1])) == problem.problem.gold_answer
    assert right >= 24


@pytest.mark.parametrize("task", ["judge", "annotate"])
def test_it_tells_a_right_solution_from_a_wrong_one(sampler, task):
    right = wrong = 0
    problems = list(generate_problems(16, 778, EASY))
    pairs = []
    for problem in problems:
        reference = problem.problem.reference_solution
        # A slip in the first step, carried on no further: the rest is as it was.
        first = reference[0].rsplit(" ", 1)[0] + f" {problem.values()[0] + 3}.\n"
        pairs += [(problem, reference), (problem, (first, *reference[1:]))]
    prompts = [
        judge_prompt(p.problem.text, steps)
        if task == "judge"
        else annotate_prompt(p.problem.text, p.problem.reference_solution, steps)
        for p, steps in pairs
    ]
    for (problem, steps), reply in zip(pairs, sampler([ask(p) for p in prompts]), strict=True):
        verdict = read_verdicts(reply.completions[0].text, len(steps))[0]
        if grade(problem, steps).first_error == 0:
            wrong += verdict is Verdict.WRONG
        else:
            right += verdict is Verdict.CORRECT
    assert min(right, wrong) >= 11


def test_batch_size_does_not_change_texts_in_deterministic_mode():
    problems = list(generate_problems(12, 779, EASY))
    asked = [ask(solve_prompt(p.problem.text), temperature=1.0, n=2) for p in problems]
    texts = []
    for rows in (1, 64):
        made = TransformersSampler(str(FOLDER), rows_per_batch=rows, deterministic=True)
        replies = asyncio.run(made.sample(asked))
        texts.append([c.text for reply in replies for c in reply.completions])
        asyncio.run(made.aclose())
    assert texts[0] == texts[1]
