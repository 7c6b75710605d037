"""What each family's models are shown: the text up to each place where a score is read."""

import pytest

from labeler.driver.requests import Message, Prompt
from labeler.errors import ConfigError, RequestError
from labeler.samplers.chat_template import load_tokenizer
from labeler.samplers.reward.families import FAMILIES, family_in
from labeler.samplers.reward.pooling import family_on_servers, pooling_arguments

PROBLEM = Prompt((Message("user", "2 + 3?"),))
STEPS = ("2 + 3 = 5\n\n", "Answer: 5\n\n")
SYSTEM = "Please reason step by step, and put your final answer within \\boxed{}."
QWEN = (
    f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n2 + 3?<|im_end|>\n"
    "<|im_start|>assistant\n2 + 3 = 5<extra_0>"
)
TURN = "<|im_start|>user\n2 + 3? 2 + 3 = 5<|im_end|>\n<|im_start|>assistant\n"
SHOWN = {
    "qwen2.5-math-prm": [QWEN, QWEN + "Answer: 5<extra_0>"],
    "reasonflux-prm": [QWEN, QWEN + "Answer: 5<extra_0>"],
    "math-shepherd": [
        "2 + 3? Step 1: 2 + 3 = 5 ки",
        "2 + 3? Step 1: 2 + 3 = 5 ки\nStep 2: Answer: 5 ки",
    ],
    "rlhflow": [
        TURN,
        f"{TURN}+<|im_end|>\n<|im_start|>user\nAnswer: 5<|im_end|>\n<|im_start|>assistant\n",
    ],
    "pure-prm": ["2 + 3?2 + 3 = 5\n", "2 + 3?2 + 3 = 5\nAnswer: 5\n"],
    "trl": ["2 + 3?2 + 3 = 5\n", "2 + 3?2 + 3 = 5\nAnswer: 5\n"],
    "skywork-o1-prm": ["2 + 3?\n2 + 3 = 5\n", "2 + 3?\n2 + 3 = 5\nAnswer: 5\n"],
}


def read(tokenizer, name, steps=STEPS, prompt=PROBLEM):
    marked = FAMILIES[name].encode(tokenizer, prompt, steps)
    return [tokenizer.decode(marked.ids[: place + 1]) for place in marked.places]


@pytest.fixture(scope="module")
def tokenizer(shapes):
    return load_tokenizer(str(shapes("token_classifier")))


@pytest.mark.parametrize("name", SHOWN)
def test_a_score_is_read_behind_the_whole_step_and_before_the_next(tokenizer, name):
    assert read(tokenizer, name) == SHOWN[name]


def test_every_family_but_our_own_is_shown_above():
    assert set(SHOWN) == set(FAMILIES) - {"labeler"}


def test_steps_that_are_numbered_already_are_not_numbered_again(tokenizer):
    steps = ("Step 1: 2 + 3 = 5\n", "Step 2: Answer: 5")
    assert read(tokenizer, "math-shepherd", steps)[0] == "2 + 3? Step 1: 2 + 3 = 5 ки"


@pytest.mark.parametrize("name", ["qwen2.5-math-prm", "math-shepherd", "trl"])
def test_a_step_that_holds_the_mark_moves_no_score(tokenizer, name):
    mark = {"qwen2.5-math-prm": "<extra_0>", "math-shepherd": "ки", "trl": "\n"}[name]
    steps = (f"2 + 3{mark} = 5\n\n", "Answer: 5\n\n")
    first, second = read(tokenizer, name, steps)
    assert (first.count(mark), second.count("Answer: 5"), first.count("Answer")) == (2, 1, 0)


def test_a_problem_that_holds_the_mark_moves_no_score(tokenizer):
    prompt = Prompt((Message("user", "What is <extra_0>?"),))
    first, _ = read(tokenizer, "qwen2.5-math-prm", prompt=prompt)
    assert first.endswith("2 + 3 = 5<extra_0>")


def test_who_states_no_problem_is_told_so(tokenizer):
    with pytest.raises(RequestError, match="nobody states a problem"):
        read(tokenizer, "trl", prompt=Prompt(()))


def test_a_tokenizer_of_another_family_is_told_so():
    policy = load_tokenizer("data/policy")
    with pytest.raises(RequestError, match="tokens here, not one"):
        FAMILIES["qwen2.5-math-prm"].mark(policy)


@pytest.mark.parametrize("name", ["math-shepherd", "rlhflow", "labeler"])
def test_servers_do_not_read_every_family_off(name):
    with pytest.raises(ConfigError, match="set kind: transformers"):
        family_on_servers(name)


def test_a_server_is_told_which_token_marks_a_step(shapes):
    folder = str(shapes("qwen_prm"))
    mark = load_tokenizer(folder).convert_tokens_to_ids("<extra_0>")
    assert pooling_arguments(FAMILIES["qwen2.5-math-prm"], folder) == (
        "--runner", "pooling",
        "--pooler-config", f'{{"pooling_type": "STEP", "step_tag_id": {mark}}}',
    )  # fmt: skip


def test_a_folder_that_we_did_not_write_is_not_of_our_family(tmp_path):
    with pytest.raises(ConfigError, match="benchmarks"):
        family_in(tmp_path, "labeler")
