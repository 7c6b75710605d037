"""Reward models over HTTP, against a server that computes with the same weights; see also
`test_vllm_pooling.py` for the real one."""

import asyncio
import json

import pytest
import torch
from safetensors.torch import load_file
from transformers import Qwen2ForCausalLM

from labeler.driver.requests import Classify, Failed, Message, Prompt
from labeler.errors import BackendBusy, BackendDown, ConfigError
from labeler.samplers.chat_template import load_tokenizer
from labeler.samplers.reward.families import FAMILIES
from labeler.samplers.reward.family import Marked
from labeler.samplers.reward.in_process import RewardModel
from labeler.samplers.reward.pooling import PoolingSampler
from labeler.samplers.reward.pooling_reply import scores_of
from tests.http_server import Handler, serving

PROBLEM = Prompt((Message("user", "Mia has 3 apples and gets 2. How many?"),))
ASKED = Classify(PROBLEM, ("3 + 2 = 6\n\n", "6 - 1 = 5\n\n", "Answer: 5"), "prm")
QWEN = FAMILIES["qwen2.5-math-prm"]
MARKED = Marked((7, 5, 9, 9, 5, 8), (1, 4))
"""Two steps, with the mark (5) behind each."""


@pytest.fixture
def pooling(shapes):
    """A server with the tiny Qwen's weights; `by_step` pools at marks only, as vLLM's STEP does."""
    folder = shapes("qwen_prm")
    mark = load_tokenizer(str(folder)).convert_tokens_to_ids("<extra_0>")
    model = Qwen2ForCausalLM.from_pretrained(folder).model
    w = load_file(folder / "model.safetensors")
    seen = []

    class Pooling(Handler):
        by_step = True

        def do_GET(self):
            if self.path == "/v1/models":
                return self.say(200, {"data": [{"id": "tiny"}]})
            return self.say(404, {})

        def do_POST(self):
            body = self.asked()
            seen.append((self.path, body))
            ids = torch.tensor(body["input"])
            with torch.inference_mode():
                states = model(ids[None]).last_hidden_state[0]
                hidden = torch.relu(states @ w["score.0.weight"].T + w["score.0.bias"])
                rows = hidden @ w["score.2.weight"].T + w["score.2.bias"]
            if self.by_step:
                rows = rows[ids == mark]
            data = [{"index": 0, "object": "pooling", "data": rows.tolist()}]
            self.say(200, {"data": data, "usage": {"prompt_tokens": len(ids)}})

    with serving(Pooling) as url:
        yield Pooling, url, str(folder), seen


def sampler(url, folder, family=QWEN, name="tiny"):
    return PoolingSampler([url], name, family, tokenizer=folder, known_as="tiny@1", fingerprint="1")


async def asked(one, *requests):
    try:
        await one.ready()
        return await one.classify(requests)
    finally:
        await one.aclose()


@pytest.mark.parametrize("by_step", [True, False])
def test_a_server_says_what_the_model_says_here(pooling, by_step):
    server, url, folder, seen = pooling
    server.by_step = by_step
    [there] = asyncio.run(asked(sampler(url, folder), ASKED))
    [here] = asyncio.run(RewardModel(folder, "qwen2.5-math-prm").classify([ASKED]))
    assert there.scores == pytest.approx(here.scores, abs=1e-5)
    assert (there.prompt_tokens, there.asks, there.model) == (
        here.prompt_tokens, here.asks, "tiny@1",
    )  # fmt: skip
    path, body = seen[-1]
    assert path == "/pooling"
    assert {key: body[key] for key in ("model", "task", "use_activation")} == {
        "model": "tiny", "task": "token_classify", "use_activation": False,
    }  # fmt: skip


def test_a_mark_inside_a_step_does_not_shift_the_scores(pooling):
    _, url, folder, _ = pooling
    request = Classify(PROBLEM, ("3 <extra_0> + 2 = 6\n", "Answer: 5"), "prm")
    [there] = asyncio.run(asked(sampler(url, folder), request))
    [here] = asyncio.run(RewardModel(folder, "qwen2.5-math-prm").classify([request]))
    assert there.scores == pytest.approx(here.scores, abs=1e-5)


def test_a_request_that_cannot_be_shown_fails_alone(pooling):
    _, url, folder, _ = pooling
    nothing = Classify(PROBLEM, (), "prm")
    found = asyncio.run(asked(sampler(url, folder), nothing, ASKED))
    assert found[0] == Failed("the solution has no steps to be scored")
    assert len(found[1].scores) == 3


def test_a_family_with_another_head_is_found_out_before_the_first_problem(pooling):
    _, url, folder, _ = pooling
    with pytest.raises(BackendDown, match="sent 0 rows for"):
        asyncio.run(asked(sampler(url, folder, FAMILIES["skywork-o1-prm"]), ASKED))


def test_a_server_that_does_not_know_the_model(pooling):
    _, url, folder, _ = pooling
    with pytest.raises(BackendDown, match=r"no model 'other' at .*, only tiny; check the name"):
        asyncio.run(asked(sampler(url, folder, name="other"), ASKED))


def reply(rows):
    return {"data": [{"index": 0, "data": rows}]}


def test_rows_are_taken_per_token_or_per_mark():
    per_token = [[0.0, float(x)] for x in range(6)]
    per_mark = [[0.0, 1.0], [0.0, 4.0]]
    expected = pytest.approx((0.7310585786, 0.9820137900))
    assert scores_of(reply(per_token), MARKED, 5, 2) == expected
    assert scores_of(reply(per_mark), MARKED, 5, 2) == expected


def test_one_output_is_a_logit_with_or_without_a_list_around_it():
    flat = [0.0, 1.0, 0.0, 0.0, 4.0, 0.0]
    expected = pytest.approx((0.7310585786, 0.9820137900))
    assert scores_of(reply(flat), MARKED, 5, 1) == expected
    assert scores_of(reply([[x] for x in flat]), MARKED, 5, 1) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"data": []}',
        '{"data": [7]}',
        '{"data": [{"data": "AAAA"}]}',
        '{"data": [{"data": [["0", 1], [0, 1]]}]}',
        '{"data": [{"data": [[true, 1], [0, 1]]}]}',
        '{"data": [{"data": [[0, NaN], [0, 1]]}]}',
        '{"data": [{"data": [[0, 1e999], [0, 1]]}]}',
        '{"data": [{"data": [[0, null], [0, 1]]}]}',
        '{"data": [{"data": [[0, 1], [0, 1]]}, {"data": [[0, 1], [0, 1]]}]}',
    ],
)
def test_a_malformed_reply_is_busy_and_asked_again(text):
    with pytest.raises(BackendBusy, match="malformed"):
        scores_of(json.loads(text), MARKED, 5, 2)


def test_who_starts_no_program_is_told_how(tmp_path, shapes):
    from labeler.config.models import VLLMPolicy
    from labeler.wiring.models import build_sampler

    config = VLLMPolicy(
        kind="vllm",
        model=str(shapes("qwen_prm")),
        family="qwen2.5-math-prm",
        command=("no-vllm", "{port}"),
    )
    with pytest.raises(ConfigError, match="no program 'no-vllm' here"):
        build_sampler(config)
