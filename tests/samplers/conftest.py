"""A tiny Llama with random weights: the mechanics of sampling need no trained model.

Its vocabulary is printable ASCII and the newline, one character per token, so every sampled text
is valid and encodes back to the tokens it came from.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CHAT_TEMPLATE = (
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)
END = "<|end|>"
CONTEXT = 256


def write_random_llama(folder: Path, *, seed: int = 0, layers: int = 2, width: int = 128) -> None:
    """Writes a Hugging Face folder: config, bfloat16 weights, tokenizer with a chat template."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=ascii_tokenizer(), eos_token=END, pad_token=END
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        # Large random weights make a model that prefers some tokens, unlike the default 0.02.
        initializer_range=0.2,
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=0,
    )
    model = LlamaForCausalLM(config)
    # The end token stays possible but rare, so that texts are long enough to test with.
    model.lm_head.weight.data[0] = 0.0
    model.to(torch.bfloat16).save_pretrained(folder)


def ascii_tokenizer():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    # The byte-level alphabet writes space as Ġ and the newline as Ċ.
    characters = [chr(code) for code in range(33, 127)] + ["Ġ", "Ċ"]
    vocabulary = {token: i for i, token in enumerate([END, *characters])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([END])
    return tokenizer


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("random-llama")
    write_random_llama(folder)
    return str(folder)


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for all tests: connections and threads outlive a single call."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="session")
def server_url(model_dir: str) -> Iterator[str]:
    """A real server process over the random model; it is named `random-llama`."""
    command = [sys.executable, "-m", "labeler.samplers.serve", "--deterministic"]
    command += ["--model", model_dir, "--name", "random-llama"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, "the server ended before it printed its address"
        yield url
        process.terminate()
