"""A model folder in Hugging Face layout: loading it, and what identifies it.

Does not cover: downloading; the tokenizer (`chat_template.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labeler.errors import BackendDown, ConfigError
from labeler.records import short_hash

FINGERPRINTED = ("*.safetensors", "*.bin", "*.json", "*.jinja")


def load_model(model_dir: str, device: str, dtype: str) -> Any:
    """The model, ready to run; one that does not load is `BackendDown` with one line.

    `device` "auto" is a GPU where there is one. Raises `ConfigError` for a kind of layer that
    `decoding.py` cannot hold in its cache.
    """
    import torch
    from transformers import AutoModelForCausalLM, DynamicCache
    from transformers.cache_utils import DynamicLayer
    from transformers.utils.logging import disable_progress_bar

    from labeler.samplers.grouped_attention import NAME as ATTENTION

    disable_progress_bar()
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(
            model_dir, dtype=dtype, attn_implementation=ATTENTION, local_files_only=True
        )
        model = in_memory(model.to(device).eval())
    except Exception as error:
        # Loaders raise whatever their parts raise: bad JSON, a cut-off file, an unknown model.
        reason = str(error).strip().split("\n")[0]
        raise BackendDown(f"cannot load the model in {model_dir!r} on {device}: {reason}")
    if any(type(layer) is not DynamicLayer for layer in DynamicCache(config=model.config).layers):
        raise ConfigError(f"{model_dir!r} has layers without full attention; use the vllm sampler")
    return model


def in_memory(model: Any) -> Any:
    """With weights of its own: on a CPU, those that are stored in the run's precision are mapped
    from their file, and who overwrites the file in mid-run would change the model that answers.
    """
    for tensors in (model.parameters(), model.buffers()):
        for tensor in tensors:
            if tensor.device.type == "cpu":
                tensor.data = tensor.data.clone()
    return model


@contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    """Raises `ConfigError` where the folder's files are not those of before when the block ends."""
    before = _state(folder)
    yield
    if _state(folder) != before:
        raise ConfigError(f"the files in {str(folder)!r} changed while it was loaded; run again")


def _state(folder: Path) -> list[tuple[str, int, int, int]]:
    found = ((path.name, path.stat()) for path in _files(folder))
    return [(name, stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in found]


def _files(folder: Path) -> list[Path]:
    return sorted({path for pattern in FINGERPRINTED for path in folder.glob(pattern)})


def end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """Every token that ends an answer, from the three places where models keep them."""
    found: set[int] = set()
    for ends in (
        model.generation_config.eos_token_id,
        model.config.eos_token_id,
        tokenizer.eos_token_id,
    ):
        found.update(ends if isinstance(ends, list) else [] if ends is None else [ends])
    return frozenset(found)


def folder_hash(folder: Path) -> str:
    """Hash of weights, configuration, tokenizer and chat template."""
    parts = []
    for path in _files(folder):
        with path.open("rb") as file:
            parts += [path.name, hashlib.file_digest(file, "sha256").hexdigest()]
    return short_hash(*parts)
