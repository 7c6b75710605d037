"""Reward models in this process, against what their own libraries compute."""

import asyncio
import shutil

import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    AutoModelForCausalLM,
    AutoModelForTokenClassification,
    Qwen2ForCausalLM,
)

from labeler.driver.requests import Classified, Classify, Failed, Message, Prompt, Sample, Score
from labeler.errors import BackendDown, ConfigError
from labeler.records import Asks, Sampling
from labeler.samplers.chat_template import load_tokenizer
from labeler.samplers.reward.families import FAMILIES
from labeler.samplers.reward.in_process import RewardModel

PROBLEM = Prompt((Message("user", "Mia has 3 apples and gets 2. How many?"),))
STEPS = ("3 + 2 = 6\n\n", "6 - 1 = 5\n\n", "Answer: 5")
ASKED = Classify(PROBLEM, STEPS, "prm")
FAMILY = {
    "qwen_prm": "qwen2.5-math-prm",
    "token_classifier": "trl",
    "value_head": "skywork-o1-prm",
    "two_words": "math-shepherd",
}


def classified(folder, family, *asked):
    return asyncio.run(RewardModel(str(folder), family).classify(asked))


def by_hand(shape, folder, family):
    """P(right) of the steps as the family's card computes it, on the whole model's output."""
    tokenizer = load_tokenizer(str(folder))
    marked = FAMILIES[family].encode(tokenizer, PROBLEM, STEPS)
    ids, places = torch.tensor([marked.ids]), list(marked.places)
    with torch.inference_mode():
        if shape == "token_classifier":
            logits = AutoModelForTokenClassification.from_pretrained(folder)(ids).logits[0]
            return logits[places].softmax(-1)[:, 1].tolist()
        if shape == "two_words":
            words = [tokenizer(word, add_special_tokens=False)["input_ids"][-1] for word in "-+"]
            logits = AutoModelForCausalLM.from_pretrained(folder)(ids).logits[0]
            return logits[places][:, words].softmax(-1)[:, 1].tolist()
        states = Qwen2ForCausalLM.from_pretrained(folder).model(ids).last_hidden_state[0, places]
        w = load_file(folder / "model.safetensors")
        if shape == "value_head":
            found = states @ w["v_head.summary.weight"].T + w["v_head.summary.bias"]
            return torch.sigmoid(found)[:, 0].tolist()
        hidden = torch.relu(states @ w["score.0.weight"].T + w["score.0.bias"])
        return (hidden @ w["score.2.weight"].T + w["score.2.bias"]).softmax(-1)[:, 1].tolist()


@pytest.mark.parametrize("shape", FAMILY)
def test_scores_are_those_of_the_models_own_library(shapes, shape):
    folder, family = shapes(shape), FAMILY[shape]
    [found] = classified(folder, family, ASKED)
    assert found.scores == pytest.approx(by_hand(shape, folder, family), abs=1e-5)
    assert max(found.scores) - min(found.scores) > 0.01


def test_rlhflow_reads_what_the_model_expects_in_the_place_of_each_answer(shapes):
    folder = shapes("two_words")
    [found] = classified(folder, "rlhflow", ASKED)
    tokenizer = load_tokenizer(str(folder))
    model = AutoModelForCausalLM.from_pretrained(folder)
    minus, plus = (tokenizer(word, add_special_tokens=False)["input_ids"][-1] for word in "-+")
    chat, expected = [], []
    for t, step in enumerate(STEPS):
        said = f"{PROBLEM.messages[0].content} {step.strip()}" if t == 0 else step.strip()
        chat.append({"role": "user", "content": said})
        # One forward pass per step, as the authors' evaluation does it.
        text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
        with torch.inference_mode():
            last = model(ids).logits[0, -1, [minus, plus]]
        expected.append(last.softmax(-1)[1].item())
        chat.append({"role": "assistant", "content": "+"})
    assert found.scores == pytest.approx(expected, abs=1e-5)
    assert found.asks is Asks.VALUE


@pytest.mark.parametrize("shape", FAMILY)
def test_a_prefix_has_the_scores_that_it_has_inside_the_solution(shapes, shape):
    short = Classify(PROBLEM, STEPS[:1], "prm")
    alone = classified(shapes(shape), FAMILY[shape], short)
    together = classified(shapes(shape), FAMILY[shape], ASKED, short)
    assert together[1].scores == pytest.approx(alone[0].scores, abs=1e-5)
    assert together[0].scores[:1] == pytest.approx(alone[0].scores, abs=1e-5)


def test_what_cannot_be_scored_says_why_and_leaves_the_others_alone(shapes):
    long = Classify(PROBLEM, ("1 + 1 = 2\n" * 400,), "prm")
    good, empty, too_long = classified(
        shapes("token_classifier"), "trl", ASKED, Classify(PROBLEM, (), "prm"), long
    )
    assert isinstance(good, Classified)
    assert empty == Failed("the solution has no steps to be scored")
    assert "the model takes 512" in too_long.reason


def test_it_writes_no_text(shapes):
    model = RewardModel(str(shapes("token_classifier")), "trl")
    [said] = asyncio.run(model.sample([Sample(PROBLEM, 1, Sampling(), 0)]))
    [scored] = asyncio.run(model.score([Score(PROBLEM, "5")]))
    assert said == scored == Failed("a reward model writes no text; ask another model")


@pytest.mark.parametrize(
    ("shape", "family", "why"),
    [
        ("token_classifier", "skywork-o1-prm", "its head has 2 outputs, the family's 1"),
        ("two_words", "trl", "its head is missing; check family"),
        ("value_head", "qwen2.5-math-prm", "its head has 1 outputs, the family's 2"),
    ],
)
def test_a_model_of_another_family_does_not_load(shapes, shape, family, why):
    with pytest.raises(BackendDown, match=why):
        RewardModel(str(shapes(shape)), family)


def test_weights_that_are_missing_are_not_made_up(shapes, tmp_path):
    from safetensors.torch import save_file

    folder = tmp_path / "m"
    shutil.copytree(shapes("qwen_prm"), folder)
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BackendDown, match=r"weights are missing: layers\.1\.mlp"):
        RewardModel(str(folder), "qwen2.5-math-prm")


def test_other_weights_or_another_family_are_another_fingerprint(shapes):
    one = RewardModel(str(shapes("token_classifier")), "trl")
    assert one.fingerprint == RewardModel(str(shapes("token_classifier")), "trl").fingerprint
    assert one.fingerprint != RewardModel(str(shapes("token_classifier")), "pure-prm").fingerprint


def test_a_folder_that_is_none(tmp_path):
    with pytest.raises(ConfigError, match="no model in"):
        RewardModel(str(tmp_path), "trl")
