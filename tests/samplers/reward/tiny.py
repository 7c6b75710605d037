"""Tiny reward models with random weights, of the shapes that the families have."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoTokenizer,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen2ForTokenClassification,
)

POLICY = Path(__file__).parents[3] / "data" / "policy"
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SHAPE = {
    "hidden_size": 128,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 512,
    # Far apart, so that scores are not all alike.
    "initializer_range": 0.3,
}


def tokenizer_in(folder: Path) -> int:
    """The embedded policy's tokenizer with Qwen's marks and a chat template; its size."""
    tokenizer = AutoTokenizer.from_pretrained(POLICY)
    special = ["<|im_start|>", "<|im_end|>", "<extra_0>"]
    tokenizer.add_special_tokens({"additional_special_tokens": special})
    tokenizer.add_tokens(["ки"])
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


def qwen_prm(folder: Path) -> Path:
    """As Qwen2.5-Math-PRM: a Qwen2 and a head of two layers with two classes."""
    torch.manual_seed(11)
    config = Qwen2Config(vocab_size=tokenizer_in(folder), **SHAPE, tie_word_embeddings=False)
    Qwen2ForCausalLM(config).save_pretrained(folder)
    weights = load_file(folder / "model.safetensors")
    h = config.hidden_size
    weights |= {
        "score.0.weight": torch.randn(h, h) / h**0.5,
        "score.0.bias": torch.randn(h) / h**0.5,
        "score.2.weight": torch.randn(2, h) / h**0.5,
        "score.2.bias": torch.randn(2) / h**0.5,
    }
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    called(folder, "Qwen2ForProcessRewardModel")
    return folder


def token_classifier(folder: Path) -> Path:
    """As TRL's PRMTrainer saves it, and PURE."""
    torch.manual_seed(12)
    config = Qwen2Config(vocab_size=tokenizer_in(folder), **SHAPE, num_labels=2)
    Qwen2ForTokenClassification(config).save_pretrained(folder)
    return folder


def value_head(folder: Path) -> Path:
    """As Skywork-o1-Open-PRM: a causal model with TRL's value head beside it."""
    torch.manual_seed(13)
    config = Qwen2Config(vocab_size=tokenizer_in(folder), **SHAPE, tie_word_embeddings=False)
    Qwen2ForCausalLM(config).save_pretrained(folder)
    weights = load_file(folder / "model.safetensors")
    head = {
        "v_head.summary.weight": torch.randn(1, 128) / 128**0.5,
        "v_head.summary.bias": torch.zeros(1),
    }
    save_file(weights | head, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def two_words(folder: Path) -> Path:
    """As Math-Shepherd and RLHFlow: a causal model that says + or -."""
    torch.manual_seed(14)
    config = MistralConfig(
        vocab_size=tokenizer_in(folder), **SHAPE, sliding_window=None, tie_word_embeddings=False
    )
    MistralForCausalLM(config).save_pretrained(folder)
    return folder


def called(folder: Path, architecture: str) -> None:
    """Says in config.json which class the weights are of."""
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"architectures": [architecture]}))
