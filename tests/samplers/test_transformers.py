"""The in-process sampler, its decode loop and its arithmetic of token choice."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from labeler.driver.requests import Failed, Message, Prompt, Sample, Score
from labeler.errors import BackendDown, ConfigError
from labeler.records import Sampling
from labeler.samplers.decoding import WORTH_SHARING, common_beginning, shared_prompts
from labeler.samplers.token_choice import choose, truncate
from labeler.samplers.token_texts import pieces_of
from labeler.samplers.transformers import TransformersSampler
from tests.samplers.conftest import CONTEXT, write_random_llama


@pytest.fixture(scope="module")
def sampler(model_dir: str, runner: asyncio.Runner):
    sampler = TransformersSampler(model_dir, rows_per_batch=7, deterministic=True)
    yield sampler
    runner.run(sampler.aclose())


def ask(text: str, *, prefix: str = "", n: int = 1, seed: int = 7, **how) -> Sample:
    prompt = Prompt((Message("user", text),), prefix)
    return Sample(prompt, n, Sampling(**{"max_tokens": 20, **how}), seed, logprobs=True)


def chosen(uniform: float, *, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> int:
    """The token drawn from probabilities 0.5, 0.2, 0.3."""
    logits = torch.tensor([[0.5, 0.2, 0.3]]).log()
    settings = [torch.tensor([value]) for value in (temperature, top_k, top_p, uniform)]
    tokens, _ = choose(logits, *settings)
    return tokens.item()


def test_a_uniform_number_picks_the_token_whose_share_it_falls_into():
    assert [chosen(u) for u in (0.0, 0.49, 0.51, 0.69, 0.71, 1.0)] == [0, 0, 1, 1, 2, 2]


def test_temperature_0_picks_the_likeliest():
    assert [chosen(u, temperature=0.0) for u in (0.0, 0.99)] == [0, 0]


def test_low_temperature_sharpens():
    # Squared and normalised: 0.658, 0.105, 0.237.
    assert [chosen(u, temperature=0.5) for u in (0.65, 0.66, 0.77)] == [0, 1, 2]


def test_top_k_leaves_the_k_likeliest():
    assert [chosen(u, top_k=2) for u in (0.62, 0.63)] == [0, 2]


def test_top_p_leaves_the_fewest_tokens_that_reach_p():
    assert [chosen(u, top_p=0.79) for u in (0.62, 0.63)] == [0, 2]
    assert [chosen(u, top_p=0.5) for u in (0.0, 0.999)] == [0, 0]


def test_the_last_token_with_weight_is_the_last_one_drawn():
    logits = torch.tensor([[0.0, 0.0, float("-inf")]])
    one, zero = torch.tensor([1.0]), torch.tensor([0])
    tokens, logprobs = choose(logits, one, zero, one, one.double())
    assert tokens.tolist() == [1]
    assert logprobs.tolist() == pytest.approx([-0.6931472])


def test_logprobs_are_untruncated_and_at_temperature_1():
    logits = torch.tensor([[0.5, 0.2, 0.3]]).log()
    heat, k, p, u = (torch.tensor([value]) for value in (0.1, 1, 0.1, 0.3))
    assert choose(logits, heat, k, p, u)[1].exp().tolist() == pytest.approx([0.5])


def test_truncation_is_set_per_row():
    weights = torch.tensor([[4.0, 1.0, 2.0, 1.0]]).repeat(3, 1)
    kept = truncate(weights, torch.tensor([0, 2, 3]), torch.tensor([1.0, 1.0, 1.0]))
    # Equal weights stay together, so the third row keeps both ones.
    assert kept.tolist() == [[4, 1, 2, 1], [4, 0, 2, 0], [4, 1, 2, 1]]


prompts = st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=6).map(tuple), max_size=20)


@given(prompts)
def test_every_prompt_is_read_once_as_the_beginning_of_a_host(prompts):
    served = []
    for hosts, guests in shared_prompts(prompts):
        served += [guest for guest, _ in guests]
        assert all(hosts[host][: len(prompts[guest])] == prompts[guest] for guest, host in guests)
    assert sorted(served) == list(range(len(prompts)))


@given(prompts)
def test_no_host_begins_another(prompts):
    hosts = [host for hosts, _ in shared_prompts(prompts) for host in hosts]
    assert [a for a in hosts for b in hosts if a is not b and b[: len(a)] == a] == []


@pytest.mark.parametrize(
    ("rows", "same"),
    [
        ([(1, 2, 3), (1, 2, 4)], 2),
        ([(1, 2, 3), (1, 2, 4), (1, 3, 3)], 1),
        ([(1, 2), (3, 2)], 0),
        ([(1, 2), (1, 2)], 1),  # each keeps one of its own
        ([(1,), (1, 2)], 0),
    ],
)
def test_what_prompts_begin_with(rows, same):
    assert common_beginning(rows) == same


@pytest.mark.parametrize(
    ("text", "told", "pieces"),
    [
        ("a bc", ["a", " b", "c"], ("a", " b", "c")),
        ("a b", ["a", " b", "<end>"], ("a", " b", "")),
        ("a b", ["a", " b\n", "\n"], ("a", " b", "")),
        ("a é b", ["a", " \ufffd", "\ufffd", " b"], ("a", "", " é", " b")),
        ("", ["\n"], ("",)),
        ("", [], ()),
    ],
)
def test_pieces_of_a_text(text, told, pieces):
    assert pieces_of(text, told) == pieces


@given(st.text("ab\n ", max_size=12), st.lists(st.text("ab\n ", max_size=3), min_size=1))
def test_pieces_joined_give_the_text(text, told):
    assert "".join(pieces_of(text, told)) == text
    assert len(pieces_of(text, told)) == len(told)


def test_greedy_decoding_is_that_of_transformers(sampler, runner, model_dir):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(model_dir, dtype="float64")
    batch = [ask("x" * i, prefix="p" * i, temperature=0.0) for i in (0, 1, 5, 40)]
    for request, reply in zip(batch, runner.run(sampler.sample(batch)), strict=True):
        head = request.prompt.messages[0].content
        tokens = sampler.encode(f"user: {head}\nassistant: {request.prompt.prefix}")
        ids = model.generate(torch.tensor([tokens]), do_sample=False, max_new_tokens=20)
        assert reply.completions[0].text == sampler.decode(ids[0, len(tokens) :].tolist())


@pytest.mark.parametrize("instructions", ["", "Think of it. " * (1 + WORTH_SHARING // 13)])
def test_a_batch_of_many_equals_batches_of_one(sampler, runner, instructions):
    """Different lengths, shared beginnings and more rows than slots; also every log-probability."""
    batch = [
        ask(
            instructions + "so" * (i % 4),
            prefix="then" * (i % 3),
            n=1 + i % 5,
            seed=i,
            max_tokens=5 + 3 * i,
        )
        for i in range(12)
    ]
    together = runner.run(sampler.sample(batch))
    alone = [runner.run(sampler.sample([request]))[0] for request in batch]
    for one, other in zip(together, alone, strict=True):
        for a, b in zip(one.completions, other.completions, strict=True):
            assert (a.text, a.tokens, a.finish, a.n_tokens) == (
                b.text,
                b.tokens,
                b.finish,
                b.n_tokens,
            )
            assert a.logprobs == pytest.approx(b.logprobs, abs=1e-5)


def test_an_answer_that_ends_by_itself_counts_its_end_token(sampler, runner):
    [reply] = runner.run(sampler.sample([ask("end", n=16, max_tokens=200)]))
    ended = [c for c in reply.completions if c.finish == "stop"]
    assert ended
    assert all(c.tokens[-1] == "" and c.n_tokens == len(c.text) + 1 for c in ended)
    assert all(c.n_tokens == len(c.text) == 200 for c in reply.completions if c not in ended)


def test_a_completion_is_capped_at_the_models_context(sampler, runner):
    request = ask("x" * (CONTEXT - 20), max_tokens=100)
    [reply] = runner.run(sampler.sample([request]))
    [completion] = reply.completions
    assert (reply.prompt_tokens + completion.n_tokens, completion.finish) == (CONTEXT, "length")


def test_a_prompt_without_room_says_how_long_it_is(sampler, runner):
    batch = [ask("x" * CONTEXT)]
    assert runner.run(sampler.sample(batch)) == [
        Failed(f"the prompt has {CONTEXT + 18} tokens, the model takes {CONTEXT}")
    ]


@pytest.mark.parametrize("how", [{"n": 0}, {"max_tokens": 0}])
def test_nothing_to_sample_is_refused(sampler, runner, how):
    assert runner.run(sampler.sample([ask("x", **how)])) == [
        Failed("n and max_tokens must be at least 1")
    ]


def test_a_prompt_without_messages_is_its_prefix(sampler, runner):
    chat = ask("x", prefix="so")
    raw = Sample(Prompt((), "user: x\nassistant: so"), 1, chat.sampling, chat.seed, logprobs=True)
    replies = runner.run(sampler.sample([chat, raw]))
    assert replies[0].completions[0].text == replies[1].completions[0].text


def test_an_empty_prompt_fails(sampler, runner):
    [reply] = runner.run(sampler.score([Score(Prompt(()), "x")]))
    assert reply == Failed("the prompt has no tokens, so there is nothing to continue")


def test_scores_of_many_are_those_of_one(sampler, runner):
    batch = [Score(ask("x" * 3 * i).prompt, "then" * (1 + i % 4)) for i in range(9)]
    together = runner.run(sampler.score(batch))
    alone = [runner.run(sampler.score([request]))[0] for request in batch]
    for one, other in zip(together, alone, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-5)


def test_a_cancelled_batch_ends_soon_and_leaves_the_sampler_usable(sampler, runner):
    async def cancel_then_ask():
        long = [ask("long", n=7, seed=seed, max_tokens=200) for seed in range(300)]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sampler.sample(long), 0.05)
        return await asyncio.wait_for(sampler.sample([ask("short")]), 10)

    [reply] = runner.run(cancel_then_ask())
    assert reply.completions[0].n_tokens == 20


def test_a_closed_sampler_is_down(model_dir, runner):
    sampler = TransformersSampler(model_dir)
    runner.run(sampler.aclose())
    with pytest.raises(BackendDown, match="is closed; make a new one"):
        runner.run(sampler.sample([ask("x")]))


def test_a_missing_folder_is_the_users_to_mend(tmp_path):
    with pytest.raises(ConfigError, match=r"no model in '.*/absent' \(no config.json\)"):
        TransformersSampler(str(tmp_path / "absent"))


def test_a_broken_weight_file_is_one_clear_line(model_dir, tmp_path):
    folder = shutil.copytree(model_dir, tmp_path / "broken")
    (Path(folder) / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(BackendDown, match=r"cannot load the model in .* on cpu: [^\n]+$"):
        TransformersSampler(str(folder), device="cpu")


def test_the_fingerprint_changes_with_weights_and_precision(model_dir, tmp_path):
    write_random_llama(tmp_path, seed=1)
    samplers = [
        TransformersSampler(model_dir),
        TransformersSampler(model_dir, deterministic=True),
        TransformersSampler(model_dir, dtype="bfloat16"),
        TransformersSampler(str(tmp_path)),
    ]
    assert len({sampler.fingerprint for sampler in samplers}) == 4
    assert TransformersSampler(model_dir).fingerprint == samplers[0].fingerprint
