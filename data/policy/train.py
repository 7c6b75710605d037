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

The stages are in `stages.py`, what is learned in them in `lessons.py`, the loop in `data/training`,
which the embedded agent shares. Embeddings of numbers start as waves of several periods, the form
in which small transformers come to add (Nanda et al. 2023), not as noise.

Everything follows from the seed. One thread: sums then come out the same on any number of cores,
and a second thread would save a quarter of the time only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from pathlib import Path

import torch
from batching import batches
from lessons import TOKENS_PER_BATCH, Own, examples, own_solutions
from loop import Pace, note_hashes, train
from stages import SEED, STAGES, Stage, order, part_of
from tokenizer import build_tokenizer
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from labeler.oracle.generate import Difficulty, generate_problem
from labeler.oracle.tasks import solve_prompt

HERE = Path(__file__).parent


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


def pace_of(stage: Stage) -> Pace:
    """How fast a stage learns: the first at full rate up to its middle, the others from less."""
    first = order(stage) == 0

    def decay(done: float) -> float:
        return stage.rate * (min(1.0, 2 * (1 - done)) if first else 1 - done) + 0.02

    return Pace(stage.name, stage.schedule, decay, stage.steps)


def learn(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, stage: Stage, own: Own, out: Path
) -> None:
    """Trains one stage and leaves the model under `out`."""
    stream = examples(tokenizer, stage, own)
    lessons = batches(stream, random.Random(f"batches:{SEED}"), TOKENS_PER_BATCH)
    train(model, tokenizer, lessons, pace_of(stage), lambda m: greedy_accuracy(m, tokenizer), out)


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
            learn(new_model(tokenizer), tokenizer, stage, [], given.out)
        else:
            own = asyncio.run(own_solutions(given.out, stage))
            print(json.dumps({"own solutions": len(own)}), flush=True)
            model = LlamaForCausalLM.from_pretrained(given.out, dtype=torch.float32)
            learn(model, tokenizer, stage, own, given.out)
    note_hashes(given.out)


if __name__ == "__main__":
    main()
