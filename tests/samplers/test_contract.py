"""What every sampler promises, checked on every backend.

The vLLM parameters need a Python with vLLM: LABELER_VLLM_PYTHON, by default .venv-vllm/bin/python.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from labeler.config.models import VLLMPolicy
from labeler.driver.requests import Failed, Message, Prompt, Sample, Samples, Score, Scores
from labeler.records import Sampling
from labeler.samplers.base import Sampler
from labeler.samplers.batches.collector import BatchOptions
from labeler.samplers.openai_http import OpenAISampler
from labeler.samplers.scripted import ScriptedSampler
from labeler.samplers.transformers import TransformersSampler
from labeler.samplers.vllm import VLLMSampler
from labeler.wiring.models import build_sampler
from tests.samplers.batch_server import BatchServer, batch_api
from tests.samplers.conftest import CONTEXT

OURS = ["transformers", "http completions", "http chat", "batch completions", "batch chat"]
VLLM = ["vllm completions", "vllm chat"]
MODELS = OURS + VLLM
ALL = ["scripted", *MODELS]


@pytest.fixture(scope="session")
def vllm(model_dir: str, runner: asyncio.Runner) -> Iterator[VLLMSampler]:
    """The sampler of `engine: vllm`, with the real engine that it started."""
    python = os.environ.get("LABELER_VLLM_PYTHON", ".venv-vllm/bin/python")
    if not Path(python).exists():
        pytest.skip(f"no vLLM at {python}; set LABELER_VLLM_PYTHON")
    module = [python, "-m", "vllm.entrypoints.openai.api_server", "--model", "{model}"]
    content = {
        "engine": "vllm",
        "model": model_dir,
        "name": "random-llama",
        "dtype": "float32",
        "args": ["--enforce-eager"],
        "command": [*module, "{arguments}"],
        "env": {"VLLM_CPU_KVCACHE_SPACE": "1"},
    }
    sampler = build_sampler(VLLMPolicy.model_validate_json(json.dumps(content)))
    assert isinstance(sampler, VLLMSampler)
    runner.run(sampler.ready())
    yield sampler
    runner.run(sampler.aclose())


@pytest.fixture(scope="session")
def batch_url(server_url: str) -> Iterator[str]:
    """A server of batches that has each request answered by the one of the random model."""

    def answer(endpoint: str, body: dict) -> tuple[int, dict]:
        reply = httpx.post(f"{server_url}{endpoint}", json=body, timeout=60)
        return reply.status_code, reply.json()

    with batch_api(BatchServer(answer, models=("random-llama",))) as url:
        yield url


@pytest.fixture(scope="session")
def made(runner: asyncio.Runner) -> Iterator[dict[str, Sampler]]:
    """Samplers by name, each made once."""
    samplers: dict[str, Sampler] = {}
    yield samplers
    for sampler in samplers.values():
        runner.run(sampler.aclose())


@pytest.fixture
def sampler(request: pytest.FixtureRequest, made: dict[str, Sampler], model_dir: str) -> Sampler:
    name = request.param
    if name not in made:
        made[name] = make(name, request, model_dir)
    return made[name]


def make(name: str, request: pytest.FixtureRequest, model_dir: str) -> Sampler:
    if name == "scripted":
        return ScriptedSampler(lambda prompt, index: f"{prompt.prefix}{index} a b c\nd e f g h i j")
    if name == "transformers":
        return TransformersSampler(model_dir, rows_per_batch=8, deterministic=True)
    server, api = name.split()
    batch = None
    if server == "http":
        urls = [request.getfixturevalue("server_url")]
    elif server == "batch":
        urls = [request.getfixturevalue("batch_url")]
        batch = BatchOptions(most=3, poll_s=0.01, gather_s=0.02)
    else:
        started = request.getfixturevalue("vllm")
        if api == "completions":
            return started
        urls = started.replicas.urls
    return OpenAISampler(urls, "random-llama", api=api, tokenizer=model_dir, batch=batch)


def backends(names: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sampler", names, indirect=True)


def ask(text: str, *, prefix: str = "", n: int = 1, seed: int = 7, logprobs: bool = True, **how):
    prompt = Prompt((Message("user", text),), prefix)
    return Sample(prompt, n, Sampling(**{"max_tokens": 12, **how}), seed, logprobs)


def texts(reply: Samples | Failed) -> list[str]:
    assert isinstance(reply, Samples), reply
    return [completion.text for completion in reply.completions]


@backends(ALL)
def test_one_reply_per_request_in_order(sampler, runner):
    batch = [ask("one"), ask("three", n=3), ask("two", n=2), ask("one")]
    replies = runner.run(sampler.sample(batch))
    assert [len(reply.completions) for reply in replies] == [1, 3, 2, 1]
    assert texts(replies[0]) == texts(replies[3])


@backends(ALL)
def test_an_empty_batch_gets_no_replies(sampler, runner):
    assert runner.run(sampler.sample([])) == []
    assert runner.run(sampler.score([])) == []


@backends(ALL)
def test_the_same_request_gets_the_same_reply(sampler, runner):
    first, second = (runner.run(sampler.sample([ask("again", n=2)])) for _ in range(2))
    assert texts(first[0]) == texts(second[0])


@backends(["scripted", *OURS])
def test_completion_i_depends_neither_on_n_nor_on_the_batch(sampler, runner):
    [alone] = runner.run(sampler.sample([ask("free", n=2)]))
    crowd = [ask(f"crowd {'x' * i}", n=3, seed=i) for i in range(5)]
    replies = runner.run(sampler.sample([*crowd, ask("free", n=6), *crowd]))
    assert texts(replies[5])[:2] == texts(alone)


@backends(MODELS)
def test_completions_and_seeds_differ(sampler, runner):
    # Seeds of a run are hashes; neighbours would share completions on vLLM (seed + i).
    replies = runner.run(sampler.sample([ask("vary", n=4, seed=1), ask("vary", n=4, seed=99)]))
    assert len({*texts(replies[0]), *texts(replies[1])}) == 8


@backends(MODELS)
def test_at_temperature_0_the_seed_does_not_matter(sampler, runner):
    batch = [ask("cold", n=3, seed=1, temperature=0.0), ask("cold", seed=2, temperature=0.0)]
    replies = runner.run(sampler.sample(batch))
    assert len({*texts(replies[0]), *texts(replies[1])}) == 1
    assert len(texts(replies[0])) == 3


@backends(MODELS)
def test_top_k_1_is_temperature_0(sampler, runner):
    replies = runner.run(sampler.sample([ask("top", top_k=1), ask("top", temperature=0.0)]))
    assert texts(replies[0]) == texts(replies[1])


@backends(MODELS)
def test_a_tiny_top_p_is_temperature_0(sampler, runner):
    replies = runner.run(sampler.sample([ask("top", top_p=1e-6), ask("top", temperature=0.0)]))
    assert texts(replies[0]) == texts(replies[1])


@backends(ALL)
def test_max_tokens_ends_a_completion_with_length(sampler, runner):
    [reply] = runner.run(sampler.sample([ask("long", n=2, max_tokens=3)]))
    assert [(c.n_tokens, c.finish) for c in reply.completions] == [(3, "length")] * 2


@backends(MODELS)
def test_the_text_ends_before_the_stop_string(sampler, runner):
    [free] = runner.run(sampler.sample([ask("halt")]))
    stop = texts(free)[0][5:7]
    before = texts(free)[0].index(stop)
    [reply] = runner.run(sampler.sample([ask("halt", stop=(stop, "never seen"))]))
    [completion] = reply.completions
    assert completion.text == texts(free)[0][:before]
    assert (completion.finish, completion.n_tokens) == ("stop", before + 2)


def test_a_scripted_text_ends_before_the_stop_string(runner):
    sampler = ScriptedSampler({"hi": ["a b\nc d"]})
    [reply] = runner.run(sampler.sample([ask("hi", stop=("\n",))]))
    assert [(c.text, c.finish) for c in reply.completions] == [("a b", "stop")]


@backends(ALL)
def test_one_piece_of_text_and_logprob_per_token_when_asked(sampler, runner):
    [reply] = runner.run(sampler.sample([ask("sure", n=2)]))
    for completion in reply.completions:
        assert len(completion.tokens) == len(completion.logprobs) == completion.n_tokens
        assert max(completion.logprobs) <= 0
        assert "".join(completion.tokens) == completion.text


@backends(ALL)
def test_no_logprobs_unless_asked(sampler, runner):
    [reply] = runner.run(sampler.sample([ask("quiet", logprobs=False)]))
    [completion] = reply.completions
    assert (completion.tokens, completion.logprobs, completion.n_tokens > 0) == ((), (), True)


@backends(MODELS)
def test_scores_are_the_logprobs_of_the_sampled_text(sampler, runner):
    requests = [ask("agree"), ask("agree" * 5, prefix="so"), ask("temper", temperature=0.5)]
    replies = runner.run(sampler.sample(requests))
    asked = [Score(r.prompt, texts(s)[0]) for r, s in zip(requests, replies, strict=True)]
    scored = runner.run(sampler.score(asked))
    for sampled, scores in zip(replies, scored, strict=True):
        [completion] = sampled.completions
        assert scores.logprobs == pytest.approx(completion.logprobs, abs=1e-3)
        assert scores.prompt_tokens == sampled.prompt_tokens
        assert "".join(scores.tokens) == completion.text
        assert len(scores.tokens) == len(scores.logprobs)


@backends(MODELS)
def test_an_empty_continuation_has_no_scores(sampler, runner):
    [reply] = runner.run(sampler.score([Score(Prompt((Message("user", "x"),)), "")]))
    assert isinstance(reply, Scores)
    assert reply.logprobs == ()


@backends(MODELS)
def test_a_prefix_is_continued(sampler, runner):
    """At temperature 0, going on from the first half of an answer gives its second half."""
    [whole] = runner.run(sampler.sample([ask("carry on", temperature=0.0)]))
    [text] = texts(whole)
    half = ask("carry on", prefix=text[:5], temperature=0.0, max_tokens=7)
    [rest] = runner.run(sampler.sample([half]))
    assert texts(rest) == [text[5:]]
    assert rest.prompt_tokens == whole.prompt_tokens + 5


@backends(MODELS)
def test_a_prompt_too_long_fails_alone_with_a_reason(sampler, runner):
    long, fine = ask("x" * 2 * CONTEXT), ask("fine")
    replies = runner.run(sampler.sample([long, fine]))
    assert [type(reply) for reply in replies] == [Failed, Samples]
    assert str(CONTEXT) in replies[0].reason
    scores = runner.run(sampler.score([Score(long.prompt, "y"), Score(fine.prompt, "y")]))
    assert [type(reply) for reply in scores] == [Failed, Scores]


@backends(ALL)
def test_it_says_what_it_is(sampler):
    assert sampler.model
    assert sampler.fingerprint
    assert sampler.rows_per_batch >= 1
    assert sampler.concurrency >= 1


def test_every_way_to_the_same_model_gives_the_same_texts(runner, made, model_dir, request):
    """In process, over the completions API and over the chat API: one model, one reply."""
    batch = [ask("same", n=3), ask("same", n=2, prefix="so ", stop=("e",)), ask("x", top_p=0.5)]
    found = []
    for name in OURS:
        made.setdefault(name, make(name, request, model_dir))
        found.append([texts(reply) for reply in runner.run(made[name].sample(batch))])
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("name", ["scripted", *OURS])
def test_it_may_be_closed_twice(name, runner, model_dir, request):
    sampler = make(name, request, model_dir)
    runner.run(sampler.aclose())
    runner.run(sampler.aclose())
