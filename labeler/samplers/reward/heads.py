"""Loads a reward model's folder, and reads P(right) at the places of its steps. Imports torch late.

The base model is transformers' own class for the configuration; no code from a model's folder is
run. The head is read from the weights by the names under which the families store it:

- `score.weight` (and `.bias`): a linear layer, as `...ForTokenClassification` has it;
- `score.0`, `score.2`: linear, ReLU, linear, as Qwen2.5-Math-PRM has it;
- `v_head.summary`: TRL's value head, as Skywork-o1 has it;
- for families that answer in words, two rows of the language model's own output layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labeler.errors import BackendDown, ConfigError
from labeler.samplers.model_folder import in_memory, load_model
from labeler.samplers.reward.family import Marked, ReadOut, RewardFamily

HEADS = ("score.", "v_head.")
"""What the names of a head's weights begin with."""
OUTPUTS = {ReadOut.CLASSES: 2, ReadOut.VALUE: 1}


class RewardReader:
    """A base model and its head: `scores` gives P(right) at the places of each row."""

    def __init__(self, family: RewardFamily, base: Any, head: Any) -> None:
        self._family, self.base, self._head = family, base, head

    def scores(self, rows: Sequence[Marked]) -> list[tuple[float, ...]]:
        """In order; one forward pass for all of them, at most some thousand tokens."""
        import torch

        from labeler.samplers.decoding import padded

        with torch.inference_mode():
            if self._family.read_out is ReadOut.OWN:
                from labeler.samplers.reward.own_head import step_features

                logits = [self._head(found) for found in step_features(self.base, rows)]
                return [tuple(torch.sigmoid(one.double()).tolist()) for one in logits]
            ids = padded(self.base, [row.ids for row in rows])
            states = self.base(input_ids=ids, use_cache=False).last_hidden_state
            return [
                self._read(self._head(states[i, list(row.places)])) for i, row in enumerate(rows)
            ]

    def _read(self, outputs: Any) -> tuple[float, ...]:
        """[steps, outputs] to P(right)."""
        if outputs.shape[-1] == 1:
            found = outputs.double().sigmoid()[:, 0]
        else:
            found = outputs.double().softmax(dim=-1)[:, 1]
        return tuple(found.tolist())


def load_reader(
    folder: Path, family: RewardFamily, tokenizer: Any, device: str, dtype: str
) -> RewardReader:
    """Raises `BackendDown` with one line for weights that do not load or have no such head."""
    if family.read_out in (ReadOut.WORDS, ReadOut.OWN):
        model = load_model(str(folder), device, dtype)
        if family.read_out is ReadOut.OWN:
            from labeler.samplers.reward.own_head import load_head

            return RewardReader(family, model, load_head(folder).to(model.device))
        assert family.words is not None
        return RewardReader(family, model.base_model, _rows(model, family.words(tokenizer)))
    try:
        base = _base_model(folder, device, dtype)
        head = _head(_head_weights(folder), OUTPUTS[family.read_out])
        return RewardReader(family, base, head.to(base.device, base.dtype).eval())
    except ConfigError as error:
        raise BackendDown(f"{folder} is no model of family {family.name}: {error}")
    except Exception as error:
        # Loaders raise whatever their parts raise: bad JSON, a cut-off file, an unknown model.
        reason = str(error).strip().split("\n")[0]
        raise BackendDown(f"cannot load the reward model in {str(folder)!r} on {device}: {reason}")


def _base_model(folder: Path, device: str, dtype: str) -> Any:
    import torch
    from transformers import AutoModel
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    kwargs = {"dtype": dtype, "attn_implementation": "sdpa", "local_files_only": True}
    with _no_word_of_the_head():
        model, told = AutoModel.from_pretrained(
            folder, output_loading_info=True, trust_remote_code=False, **kwargs
        )
    if missing := sorted(told["missing_keys"]):
        raise ConfigError(f"weights are missing: {', '.join(missing[:3])}")
    return in_memory(model.to(device).eval())


@contextmanager
def _no_word_of_the_head() -> Any:
    """The library warns of weights that the base model has no use for: the head, read next."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _head_weights(folder: Path) -> dict[str, Any]:
    """The tensors of the head, from all files of weights."""
    import torch
    from safetensors import safe_open

    found = {}
    files = sorted(folder.glob("*.safetensors"))
    for path in files:
        with safe_open(path, framework="pt") as stored:
            names = [name for name in stored.keys() if name.startswith(HEADS)]  # noqa: SIM118
            found.update({name: stored.get_tensor(name) for name in names})
    for path in [] if files else sorted(folder.glob("*.bin")):
        stored = torch.load(path, map_location="cpu", weights_only=True)
        found.update({name: stored[name] for name in stored if name.startswith(HEADS)})
    return found


def _head(weights: Mapping[str, Any], n_outputs: int) -> Any:
    """The head that the weights are of. Raises `ConfigError` for another one, or none."""
    from torch import nn

    names = sorted({name.rpartition(".")[0] for name in weights})
    if names == ["score.0", "score.2"]:
        head = nn.Sequential(_linear(weights, names[0]), nn.ReLU(), _linear(weights, names[1]))
        last = names[1]
    elif names in (["score"], ["v_head.summary"]):
        head, last = _linear(weights, names[0]), names[0]
    else:
        raise ConfigError(f"its head is {', '.join(names) or 'missing'}; check family")
    outputs = len(weights[f"{last}.weight"])
    if outputs != n_outputs:
        raise ConfigError(f"its head has {outputs} outputs, the family's {n_outputs}; check family")
    return head


def _linear(weights: Mapping[str, Any], name: str) -> Any:
    from torch import nn

    weight, bias = weights[f"{name}.weight"], weights.get(f"{name}.bias")
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    layer.load_state_dict({"weight": weight} | ({} if bias is None else {"bias": bias}))
    return layer


def _rows(model: Any, words: tuple[int, int]) -> Any:
    """The language model's output layer for two tokens only."""
    output = model.get_output_embeddings()
    bias = getattr(output, "bias", None)
    weights = {"words.weight": output.weight.detach()[list(words)].clone()}
    if bias is not None:
        weights["words.bias"] = bias.detach()[list(words)].clone()
    return _linear(weights, "words").to(output.weight.device, output.weight.dtype).eval()
