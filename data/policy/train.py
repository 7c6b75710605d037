"""Trains the embedded policy from scratch on generated problems: `make policy`, under two hours.

A Llama of 3.6 million parameters learns three tasks (labeler/oracle/tasks.py), in five stages.
First from references and injected mistakes: short problems, then longer ones; solving alone, then
all tasks. Then it also judges and annotates solutions that it sampled itself, graded by the
oracle: its own slips are near misses (37 - 12 = 23), which it copies and calls right as long as it
has only seen injected ones (measured: it found 16% of its own first errors against 92% of injected
slips). Then with the lines that call a step wrong weighted up, for they are few. Last it learns to
carry its own slips on: it has only seen right numbers follow, so it goes on with what it should
have written (measured: a tenth of the rollouts from its own wrong prefixes ended right); and once
more with fresh solutions of its own.

The stages are in `stages.py`, what is learned in them in `lessons.py`. Muon (`muon.py`) for
matrices, AdamW for the rest. Embeddings of numbers start as waves of several periods, the form in
which small transformers come to add (Nanda et al. 2023), not as noise.

Everything follows from the seed. One thread: sums then come out the same on any number of cores,
and a second thread would save a quarter of the time only.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import time
from pathlib import Path

import torch
from lessons import Example, Own, batches, own_solutions, tensors
from muon import Muon
from stages import SEED, STAGES, Stage, order, part_of
from tokenizer import build_tokenizer
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from labeler.oracle.generate import Difficulty, generate_problem
from labeler.oracle.tasks import solve_prompt

HERE = Path(__file__).parent
FILES = (
    "config.json", "generation_config.json", "model.safetensors",
    "tokenizer.json", "tokenizer_config.json", "chat_template.jinja",
)  # fmt: skip


def new_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """The untrained model, number embeddings as waves."""
    torch.manual_seed(SEED)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=256,
        intermediate_size=704,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    numbers = torch.arange(1000, dtype=torch.float32)[:, None]
    periods = torch.tensor([2, 4, 5, 10, 20, 25, 40, 50, 100, 200, 250, 400, 500, 1000, 2000])
    angles = 2 * torch.pi * numbers / periods
    waves = torch.cat([angles.cos(), angles.sin()], dim=1)
    basis = torch.linalg.qr(torch.randn(256, waves.shape[1])).Q.T
    rows = [tokenizer.convert_tokens_to_ids(f"Ġ{n}") for n in range(1000)]
    with torch.no_grad():
        embedding = model.get_input_embeddings().weight
        embedding[rows] = 0.08 * (waves @ basis) + 0.3 * embedding[rows]
    return model


def losses(model: LlamaForCausalLM, batch: list[Example]) -> tuple[Tensor, Tensor]:
    """Weighted mean loss, and the mean over answer tokens of each example (B,)."""
    ids, weights = tensors(batch)
    logits = model(input_ids=ids[:, :-1]).logits
    targets, weights = ids[:, 1:], weights[:, 1:]
    each = torch.nn.functional.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    answers = (weights >= 1.0).float()
    return (each * weights).sum() / weights.sum(), (each * answers).sum(1) / answers.sum(1)


@torch.inference_mode()  # type: ignore[untyped-decorator]
def greedy_accuracy(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> float:
    """Share of 64 held-out problems of middling difficulty solved greedily, a quick look."""
    problems = [generate_problem(999, i, Difficulty(4, 9, 200, 0.15)) for i in range(64)]
    prompts = [f"<|user|>{solve_prompt(p.problem.text)}<|end|><|assistant|>" for p in problems]
    encoded = tokenizer(prompts, return_tensors="pt", padding=True, padding_side="left")
    out = model.generate(
        input_ids=encoded.input_ids, attention_mask=encoded.attention_mask,
        do_sample=False, max_new_tokens=260,
    )  # fmt: skip
    texts = tokenizer.batch_decode(out, skip_special_tokens=True)
    right = [
        text.rsplit("Answer: ", 1)[-1].strip() == p.problem.gold_answer
        for text, p in zip(texts, problems, strict=True)
    ]
    return float(sum(right) / len(right))


def train(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, stage: Stage, own: Own, out: Path
) -> None:
    """Trains one stage and leaves the model in bfloat16 under `out`."""
    torch.set_num_threads(1)
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim < 2 or "embed" in n]
    optimizers = (
        Muon(matrices, lr=4e-3),
        torch.optim.AdamW(others, lr=3e-3, betas=(0.9, 0.98), weight_decay=0.0),
    )
    rates = [group["lr"] for o in optimizers for group in o.param_groups]
    seen, started = 0, time.monotonic()
    recent: dict[str, list[float]] = {task: [] for task in stage.shares}
    for step, batch in enumerate(batches(tokenizer, stage, own)):
        done = seen / stage.schedule
        if done >= 1 or step == stage.steps or step % 250 == 249:
            save(model, tokenizer, out)
        if done >= 1 or step == stage.steps:
            return
        decay = min(1.0, 2 * (1 - done)) if order(stage) == 0 else 1 - done
        factor = min(1.0, (step + 1) / 50) * (stage.rate * decay + 0.02)
        for optimizer, rate in zip(optimizers, rates, strict=True):
            optimizer.param_groups[0]["lr"] = rate * factor
        loss, each = losses(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        model.zero_grad()
        seen += sum(len(example.ids) for example in batch)
        for example, value in zip(batch, each.tolist(), strict=True):
            recent[example.task].append(value)
        if step % 50 == 0:
            means = {t: round(sum(v) / len(v), 4) for t, v in recent.items() if v}
            recent = {task: [] for task in stage.shares}
            line = {
                "stage": stage.name, "step": step, "tokens": seen, "done": round(done, 3),
                "loss": means, "tokens_per_s": round(seen / (time.monotonic() - started)),
            }  # fmt: skip
            if step % 250 == 0 and step:
                line["greedy"] = greedy_accuracy(model, tokenizer)
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


def main() -> None:
    """The command: trains stage after stage and writes the policy."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--from-stage", choices=[s.name for s in STAGES], default=STAGES[0].name)
    parser.add_argument("--part", type=float, default=1.0, help="rehearse on a part of the tokens")
    given = parser.parse_args()
    if given.part < 1 and given.out == HERE:
        parser.error("a rehearsal would overwrite the policy; name another folder by --out")
    tokenizer = build_tokenizer()
    names = [stage.name for stage in STAGES]
    for whole in STAGES[names.index(given.from_stage) :]:
        stage = part_of(whole, given.part)
        if order(stage) == 0:
            train(new_model(tokenizer), tokenizer, stage, [], given.out)
        else:
            own = asyncio.run(own_solutions(given.out, stage))
            print(json.dumps({"own solutions": len(own)}), flush=True)
            model = LlamaForCausalLM.from_pretrained(given.out, dtype=torch.float32)
            train(model, tokenizer, stage, own, given.out)
    note_hashes(given.out)


if __name__ == "__main__":
    main()
