"""Trains the embedded agent from scratch on generated worlds: `make agent`, a quarter of an hour.

A Llama of two million parameters learns to answer questions of several hops with calls of a BM25
search, in one stage (`lessons_of_turns.py`); tokenizer in `agent_tokenizer.py`, loop shared with
the first policy (`data/training`). Everything follows from the seed; one thread. Stopped and
started again, it goes on from its last checkpoint.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import torch
from acting import act
from agent_tokenizer import build_tokenizer
from batching import batches
from lessons_of_turns import examples
from loop import Pace, note_hashes, train
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from labeler.environments.bm25 import Bm25Search
from labeler.oracle.agents.questions import Scope, generate_questions
from labeler.oracle.agents.reading import answer_of

HERE = Path(__file__).parent
SEED = 1
SCHEDULE, STEPS = 3_200_000, 999
"""Tokens that set the pace, and where training stops: an agent that never errs shows nothing."""
TOKENS_PER_BATCH = 2048


def new_model(tokenizer: PreTrainedTokenizerFast, width: int) -> LlamaForCausalLM:
    """The untrained model."""
    torch.manual_seed(SEED)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=width * 11 // 4,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)


def greedy_accuracy(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> float:
    """Share of 64 questions of a held-out world answered right, greedily: a quick look."""
    questions = list(generate_questions(64, 999_983, Scope()))
    search = Bm25Search.from_rows(questions[0].world.rows()).search
    found = act(model, tokenizer, questions, [search] * len(questions))
    right = [
        turns is not None and question.hops[-1].object.is_named(answer_of(turns[-1]) or "")
        for question, turns in zip(questions, found, strict=True)
    ]
    return sum(right) / len(right)


def main() -> None:
    """The command: trains the agent and writes it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--part", type=float, default=1.0, help="rehearse on a part of the tokens")
    parser.add_argument("--width", type=int, default=192)
    given = parser.parse_args()
    if given.part < 1 and given.out == HERE:
        parser.error("a rehearsal would overwrite the agent; name another folder by --out")
    tokenizer = build_tokenizer()
    schedule = round(SCHEDULE * given.part)
    steps = round(STEPS * given.part)
    pace = Pace("turns", schedule, lambda done: min(1.0, 2 * (1 - done)) + 0.02, steps)
    stream = examples(tokenizer, schedule, SEED)
    given.out.mkdir(parents=True, exist_ok=True)
    train(
        new_model(tokenizer, given.width),
        tokenizer,
        batches(stream, random.Random(f"batches:{SEED}"), TOKENS_PER_BATCH),
        pace,
        lambda model: greedy_accuracy(model, tokenizer),
        given.out,
        given.out / "checkpoint.pt",
    )
    (given.out / "checkpoint.pt").unlink(missing_ok=True)
    note_hashes(given.out)


if __name__ == "__main__":
    main()
