"""The training loop of the embedded policies: Muon for matrices, AdamW for the rest, one thread.

Every 250 steps it saves the policy and, where asked to, all that is needed to go on from there.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from batching import Example, tensors
from muon import Muon
from torch import Tensor
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

FILES = (
    "config.json", "generation_config.json", "model.safetensors",
    "tokenizer.json", "tokenizer_config.json", "chat_template.jinja",
)  # fmt: skip


@dataclass(frozen=True)
class Pace:
    """`schedule` tokens set the pace; training stops after `steps` or at their end.

    `decay` gives the learning rate's factor for the share of the schedule that is done.
    """

    name: str
    schedule: int
    decay: Callable[[float], float]
    steps: int = 10**9


def losses(model: LlamaForCausalLM, batch: list[Example]) -> tuple[Tensor, Tensor]:
    """Weighted mean loss, and the mean over answer tokens of each example (B,)."""
    ids, weights = tensors(batch)
    logits = model(input_ids=ids[:, :-1]).logits
    targets, weights = ids[:, 1:], weights[:, 1:]
    each = torch.nn.functional.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    answers = (weights >= 1.0).float()
    return (each * weights).sum() / weights.sum(), (each * answers).sum(1) / answers.sum(1)


def train(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    batches: Iterator[list[Example]],
    pace: Pace,
    greedy: Callable[[LlamaForCausalLM], float],
    out: Path,
    checkpoint: Path | None = None,
) -> None:
    """Trains one stage and leaves the model in bfloat16 under `out`.

    Goes on from `checkpoint` if that file is there: the batches of before are drawn and passed by.
    """
    torch.set_num_threads(1)
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim < 2 or "embed" in n]
    optimizers = (
        Muon(matrices, lr=4e-3),
        torch.optim.AdamW(others, lr=3e-3, betas=(0.9, 0.98), weight_decay=0.0),
    )
    rates = [group["lr"] for o in optimizers for group in o.param_groups]
    seen, first, started, spent = 0, 0, time.monotonic(), 0
    if checkpoint is not None and checkpoint.exists():
        kept = torch.load(checkpoint)
        model.load_state_dict(kept["model"])
        for optimizer, state in zip(optimizers, kept["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        first, seen = kept["step"], kept["seen"]
    recent: dict[str, list[float]] = defaultdict(list)
    for step, batch in enumerate(batches):
        if step < first:
            continue
        done = seen / pace.schedule
        ends = done >= 1 or step == pace.steps
        if ends or step % 250 == 249:
            save(model, tokenizer, out)
            if checkpoint is not None:
                states = [optimizer.state_dict() for optimizer in optimizers]
                kept = {"model": model.state_dict(), "optimizers": states}
                torch.save(kept | {"step": step, "seen": seen}, checkpoint)
        if ends:
            return
        factor = min(1.0, (step + 1) / 50) * pace.decay(done)
        for optimizer, rate in zip(optimizers, rates, strict=True):
            optimizer.param_groups[0]["lr"] = rate * factor
        loss, each = losses(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        model.zero_grad()
        now = sum(len(example.ids) for example in batch)
        seen, spent = seen + now, spent + now
        for example, value in zip(batch, each.tolist(), strict=True):
            recent[example.task].append(value)
        if step % 50 == 0:
            means = {t: round(sum(v) / len(v), 4) for t, v in sorted(recent.items())}
            recent.clear()
            line = {
                "stage": pace.name, "step": step, "tokens": seen, "done": round(done, 3),
                "loss": means, "tokens_per_s": round(spent / (time.monotonic() - started)),
            }  # fmt: skip
            if step % 250 == 0 and step:
                line["greedy"] = round(greedy(model), 4)
            print(json.dumps(line), flush=True)


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """Writes a bfloat16 copy; training goes on in float32."""
    copy = LlamaForCausalLM(model.config)
    copy.load_state_dict(model.state_dict())
    copy.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)


def note_hashes(folder: Path) -> None:
    """Writes down which files these are: a test tells them from others by that."""
    files = [folder / name for name in FILES]
    hashes = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    (folder / "hashes.json").write_text(json.dumps(hashes, indent=2) + "\n")
