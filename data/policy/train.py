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

Muon for matrices (Jordan et al. 2024; our own lines because torch's Muon works in bfloat16, which
many CPUs emulate slowly), AdamW for the rest. Embeddings of numbers start as waves of several
periods, the form in which small transformers come to add (Nanda et al. 2023), not as noise.

Everything follows from the seed. One thread: sums then come out the same on any number of cores,
and a second thread would save a quarter of the time only.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from tokenizer import build_tokenizer
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from labeler.oracle.generate import Difficulty, generate_problem
from labeler.oracle.graph import OracleProblem, read_equation
from labeler.oracle.mistakes import TEACHABLE, with_mistake, with_slip
from labeler.oracle.oracle import ErrorKind, grade
from labeler.oracle.tasks import (
    annotate_answer,
    annotate_prompt,
    judge_answer,
    judge_prompt,
    solve_prompt,
)
from labeler.records import Sampling
from labeler.requests import Message, Prompt, Sample, Samples
from labeler.samplers.transformers import TransformersSampler
from labeler.steps import split_steps

Own = list[tuple[OracleProblem, tuple[str, ...]]]
"""The policy's own solutions and the problems they are for."""

HERE = Path(__file__).parent
FILES = (
    "config.json", "generation_config.json", "model.safetensors",
    "tokenizer.json", "tokenizer_config.json", "chat_template.jinja",
)  # fmt: skip
SEED = 1
TOKENS_PER_BATCH = 4096
PROMPT_WEIGHT = 0.1


@dataclass(frozen=True)
class Stage:
    """`schedule` tokens set the pace of everything; training stops after `steps` or at their end.

    `rate` scales the learning rate, `own` is the share of the policy's own solutions among those
    that are judged, `emphasis` the weight of lines that call a step wrong, `carried` the share of
    solutions that go on from a slip (the line that slips is not learned). `n_own` solutions are
    sampled before the stage.
    """

    name: str
    schedule: int
    steps: int
    rate: float
    shares: dict[str, float]
    own: float = 0.0
    emphasis: float = 1.0
    carried: float = 0.0
    n_own: int = 4000


SHARES = {"solve": 0.5, "judge": 0.3, "annotate": 0.2}
JUDGING = {"solve": 0.35, "judge": 0.4, "annotate": 0.25}
AGAIN = {"solve": 0.35, "judge": 0.5, "annotate": 0.15}
STAGES = (
    Stage("references", 8_000_000, 1499, 1.0, SHARES),
    Stage("own", 2_200_000, 249, 0.65, JUDGING, own=0.6),
    Stage("near misses", 1_300_000, 10**6, 0.4, JUDGING, own=0.8, emphasis=8.0),
    Stage("carrying on", 2_400_000, 10**6, 0.4, JUDGING, 0.8, 8.0, carried=0.7, n_own=8000),
    Stage("once more", 2_500_000, 10**6, 0.5, AGAIN, 0.9, 8.0, carried=0.5, n_own=8000),
)


def order(stage: Stage) -> int:
    """Its place among the stages, from 0."""
    return [one.name for one in STAGES].index(stage.name)


def part_of(stage: Stage, part: float) -> Stage:
    """The same stage on a part of its tokens: a rehearsal of everything that happens in it."""
    return replace(
        stage,
        schedule=round(stage.schedule * part),
        steps=round(stage.steps * part),
        n_own=round(stage.n_own * part),
    )


MISTAKES = {
    ErrorKind.ARITHMETIC_SLIP: 7,
    ErrorKind.WRONG_OPERAND: 5,
    ErrorKind.WRONG_OPERATOR: 2,
    ErrorKind.SKIPPED_STEP: 2,
    ErrorKind.REPEATED_STEP: 1,
    ErrorKind.EARLY_ANSWER: 1,
    ErrorKind.WRONG_ANSWER: 2,
}
assert set(MISTAKES) == set(TEACHABLE)


@dataclass(frozen=True)
class Example:
    """Token ids of one prompt with its answer, and each one's weight in the loss."""

    task: str
    ids: list[int]
    weights: list[float]


def lesson(
    task: str, problem: OracleProblem, steps: tuple[str, ...] | None, rng: random.Random
) -> tuple[str, str]:
    """Prompt and answer of one task on one problem; `steps` are judged, or else steps made here."""
    text, reference = problem.problem.text, problem.problem.reference_solution
    if task == "solve":
        return solve_prompt(text), "".join(reference)
    if steps is None and rng.random() < 0.65:
        kind = rng.choices(list(MISTAKES), list(MISTAKES.values()))[0]
        steps = with_mistake(problem, kind, rng)
    steps = steps or reference
    if task == "judge":
        return judge_prompt(text, steps), judge_answer(problem, steps)
    return annotate_prompt(text, reference, steps), annotate_answer(problem, steps)


def carried_slip(problem: OracleProblem, steps: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """Place of the first error and the solution that carries it on, if it is a slip; else -1."""
    found = grade(problem, steps)
    place, claim = found.first_error, read_equation(steps[found.first_error])
    if found.first_error_kind is not ErrorKind.ARITHMETIC_SLIP or claim is None:
        return -1, ()
    carried = with_slip(problem, place, claim.result)
    return (place, carried) if carried[: place + 1] == steps[: place + 1] else (-1, ())


def training_problem(index: int, most_steps: int, rng: random.Random) -> OracleProblem:
    """Problem `index` of the training set."""
    return generate_problem(
        SEED, index, Difficulty(2, most_steps, rng.choice((80, 200, 300)), 0.15)
    )


def examples(tokenizer: PreTrainedTokenizerFast, stage: Stage, own: Own) -> Iterator[Example]:
    """An endless stream; what it holds depends on how much of the schedule went by."""
    first = order(stage) == 0
    rng = random.Random(f"lessons:{SEED}:{stage.name}")
    seen, index = 0, order(stage) * 10_000_000
    found = ((problem, *carried_slip(problem, steps)) for problem, steps in own)
    slips = [(problem, place, carried) for problem, place, carried in found if place >= 0]
    while True:
        done = seen / stage.schedule if first else 1.0
        task = "solve"
        if done > 0.12:
            task = rng.choices(list(stage.shares), list(stage.shares.values()))[0]
        most = 4 if done < 0.06 else 7 if done < 0.12 else 10
        problem, steps = training_problem(index, most, rng), None
        if task != "solve" and own and rng.random() < stage.own:
            problem, steps = rng.choice(own)
        prompt, answer = lesson(task, problem, steps, rng)
        slip = -1
        if task == "solve" and slips and rng.random() < stage.carried:
            problem, slip, carried = rng.choice(slips)
            prompt, answer = solve_prompt(problem.problem.text), "".join(carried)
        prompt_ids = tokenizer(f"<|user|>{prompt}<|end|><|assistant|>")["input_ids"]
        ids, weights = list(prompt_ids), [PROMPT_WEIGHT] * len(prompt_ids)
        for i, line in enumerate(f"{answer}<|end|>".splitlines(keepends=True)):
            line_ids = tokenizer(line)["input_ids"]
            weight = stage.emphasis if line.endswith(": wrong.\n") else 1.0
            ids += line_ids
            weights += [0.0 if i == slip else weight] * len(line_ids)
        yield Example(task, ids, weights)
        seen += len(ids)
        index += 1


def batches(tokenizer: PreTrainedTokenizerFast, stage: Stage, own: Own) -> Iterator[list[Example]]:
    """Batches of about TOKENS_PER_BATCH, each of examples of like length."""
    rng = random.Random(f"batches:{SEED}")
    stream = examples(tokenizer, stage, own)
    while True:
        pool = sorted((next(stream) for _ in range(400)), key=lambda example: len(example.ids))
        groups: list[list[Example]] = [[]]
        for example in pool:
            if (len(groups[-1]) + 1) * len(example.ids) > TOKENS_PER_BATCH:
                groups.append([])
            groups[-1].append(example)
        rng.shuffle(groups)
        yield from groups


async def own_solutions(folder: Path, stage: Stage) -> Own:
    """Solutions that the policy samples at temperature 1, two to a problem, as they came."""
    rng = random.Random(f"own:{SEED}:{stage.name}")
    first = 100_000_000 + order(stage) * 10_000_000
    problems = [training_problem(first + i, 10, rng) for i in range(stage.n_own // 2)]
    sampler = TransformersSampler(str(folder), rows_per_batch=128)
    sampling = Sampling(temperature=1.0, max_tokens=260)
    asked = [
        Sample(Prompt((Message("user", solve_prompt(p.problem.text)),)), 2, sampling, seed=i)
        for i, p in enumerate(problems)
    ]
    replies = await sampler.sample(asked)
    await sampler.aclose()
    return [
        (problem, split_steps(completion.text, "\n"))
        for problem, reply in zip(problems, replies, strict=True)
        if isinstance(reply, Samples)
        for completion in reply.completions
        if completion.finish == "stop" and completion.text.strip()
    ]


def tensors(batch: list[Example]) -> tuple[Tensor, Tensor]:
    """Padded ids (B, T) and the weight of each token in the loss (B, T)."""
    longest = max(len(example.ids) for example in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    weights = torch.zeros(len(batch), longest)
    for row, example in enumerate(batch):
        ids[row, : len(example.ids)] = torch.tensor(example.ids)
        weights[row, : len(example.ids)] = torch.tensor(example.weights)
    return ids, weights


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


class Muon(torch.optim.Optimizer):
    """Momentum whose update is made orthogonal, for weight matrices."""

    def __init__(self, params: list[Tensor], lr: float, momentum: float = 0.95) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state.setdefault(p, {"momentum": torch.zeros_like(p)})
                buffer = state["momentum"].lerp_(p.grad, 1 - group["momentum"])
                update = orthogonal(p.grad.lerp(buffer, group["momentum"]))
                scale = 0.2 * max(p.shape) ** 0.5
                p.mul_(1 - 0.1 * group["lr"]).add_(update, alpha=-group["lr"] * scale)


def orthogonal(matrix: Tensor) -> Tensor:
    """Nearest semi-orthogonal matrix, about, by five Newton-Schulz rounds (quintic)."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x.T if tall else x


def losses(model: LlamaForCausalLM, batch: list[Example]) -> tuple[Tensor, Tensor]:
    """Weighted mean loss, and the mean over answer tokens of each example (B,)."""
    ids, weights = tensors(batch)
    logits = model(input_ids=ids[:, :-1]).logits
    targets, weights = ids[:, 1:], weights[:, 1:]
    each = torch.nn.functional.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    answers = (weights >= 1.0).float()
    return (each * weights).sum() / weights.sum(), (each * answers).sum(1) / answers.sum(1)


@torch.inference_mode()
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
    return sum(right) / len(right)


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
