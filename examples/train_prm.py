"""Trains a process reward model from a labelled dataset, and scores it by ProcessBench's metric.

    python examples/train_prm.py runs/quickstart --model data/policy --out prm

The model is the one at `--model` with a head that gives each token one logit (transformers' token
classification). It is read at the last token of each step: sigmoid(logit) = P(the step is right).
Steps without a label are masked, so nothing is learned of what nobody decided. With `--labels soft`
the target is the consensus' probability, else 1 or 0; either way the loss is binary cross entropy.

A tenth of the problems is held out. There, and on `--benchmark` (a file of solutions with people's
first errors, such as ProcessBench's), the first step that scores below a threshold is the predicted
first error; the threshold is the best one on the problems that were trained on. Needs transformers'
Trainer: `pip install accelerate`. Source: arXiv 2305.20050 and 2501.07301 (training on the last
token of each step), 2412.06559 (F1).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    PreTrainedTokenizerBase,
    Trainer,
    TrainingArguments,
)

import labeler
from labeler.consensus.base import Decision, labels_before
from labeler.driver.cost import Cost
from labeler.evaluation.metrics import Prediction, Score, score
from labeler.problems.solved import SolutionRecord, read_solutions
from labeler.records import LabeledSolution, Verdict, short_hash

MASKED = -100.0
"""Of tokens at which no step ends, and of steps that nobody decided."""


@dataclass(frozen=True, slots=True)
class Example:
    """A solution as the model sees it. `targets` is P(right) per step, None where masked.

    `truth` is the first error (0-based, -1 none), None where it is not known.
    """

    problem_id: str
    problem: str
    steps: tuple[str, ...]
    targets: tuple[float | None, ...]
    truth: int | None


def examples_of(solutions: Iterable[LabeledSolution], soft: bool) -> Iterator[Example]:
    """What consensus kept, with its labels as targets. A neutral step (0) counts as right."""
    for one in solutions:
        if one.consensus.kept:
            hard = [None if s.label is None else float(s.label >= 0) for s in one.steps]
            targets = [s.probability for s in one.steps] if soft else hard
            steps = tuple(s.text for s in one.steps)
            problem = one.problem
            yield Example(problem.problem_id, problem.text, steps, tuple(targets), one.first_error)


def human_examples(file: Path) -> Iterator[Example]:
    """Solutions of a file whose first error somebody named; nothing is learned from them."""
    for one in read_solutions(file):
        if isinstance(one, SolutionRecord) and one.first_error is not None:
            steps = one.solution.steps
            text, nothing = one.problem.text, (None,) * len(steps)
            yield Example(one.problem.problem_id, text, steps, nothing, one.first_error)


def encode(
    example: Example, tokenizer: PreTrainedTokenizerBase, max_length: int
) -> dict[str, Any] | None:
    """Tokens, the places where steps end, and targets there; None for what is too long."""
    head = f"{example.problem}\n\n"
    found = tokenizer(head + "".join(example.steps), return_offsets_mapping=True)
    if len(found["input_ids"]) > max_length:
        return None
    starts = [start for start, _ in found["offset_mapping"]]
    before = accumulate((len(step) for step in example.steps), initial=len(head))
    ends = [at + len(step.rstrip()) for at, step in zip(before, example.steps, strict=False)]
    # The last token that begins inside of the step.
    places = [sum(start < end for start in starts) - 1 for end in ends]
    targets = [MASKED] * len(starts)
    for place, target in zip(places, example.targets, strict=True):
        targets[place] = MASKED if target is None else target
    return {"input_ids": found["input_ids"], "labels": targets, "places": places}


def collate(rows: Sequence[dict[str, Any]], padding: int) -> dict[str, torch.Tensor]:
    """Rows of different lengths as tensors [row, token]; what is added is masked."""
    longest = max(len(row["input_ids"]) for row in rows)

    def filled(key: str, value: float) -> list[list[float]]:
        return [[*row[key], *[value] * (longest - len(row[key]))] for row in rows]

    lengths = torch.tensor([len(row["input_ids"]) for row in rows])
    return {
        "input_ids": torch.tensor(filled("input_ids", padding), dtype=torch.long),
        "attention_mask": (torch.arange(longest) < lengths[:, None]).long(),
        "labels": torch.tensor(filled("labels", MASKED), dtype=torch.float32),
    }


class StepTrainer(Trainer):
    """Binary cross entropy at the ends of steps, with targets between 0 and 1."""

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **_: Any
    ) -> Any:
        """The mean over the steps of a batch that have a target."""
        labels = inputs.pop("labels")
        output = model(**inputs)
        logits, known = output.logits[..., 0].float(), labels != MASKED
        loss = binary_cross_entropy_with_logits(logits[known], labels[known])
        return (loss, output) if return_outputs else loss


@torch.no_grad()
def step_scores(model: Any, rows: Sequence[dict[str, Any]], padding: int) -> list[np.ndarray]:
    """P(right) of each step of each row."""
    model.eval()
    found = []
    for row in rows:
        batch = {k: v.to(model.device) for k, v in collate([row], padding).items()}
        del batch["labels"]
        logits = model(**batch).logits[0, :, 0].float().cpu()
        found.append(torch.sigmoid(logits[row["places"]]).numpy())
    return found


def first_errors(scores: Sequence[np.ndarray], threshold: float) -> list[int]:
    """The first step of each solution that scores below the threshold, -1 where none does."""
    low = [np.flatnonzero(of_steps < threshold) for of_steps in scores]
    return [int(places[0]) if len(places) else -1 for places in low]


def best_threshold(scores: Sequence[np.ndarray], truths: Sequence[int]) -> float:
    """The threshold with the greatest F1, of those from 0.05 to 0.95."""

    def f1(threshold: float) -> float:
        pairs = list(zip(first_errors(scores, threshold), truths, strict=True))
        wrong = np.mean([found == truth for found, truth in pairs if truth >= 0] or [0])
        right = np.mean([found == truth for found, truth in pairs if truth < 0] or [0])
        return float(2 * wrong * right / (wrong + right)) if wrong + right else 0.0

    return max((k / 20 for k in range(1, 20)), key=f1)


def scored(scores: Sequence[np.ndarray], truths: Sequence[int], threshold: float) -> Score:
    """ProcessBench's F1 and what belongs to it."""
    predictions = []
    found = first_errors(scores, threshold)
    for of_steps, first, truth in zip(scores, found, truths, strict=True):
        labels = labels_before(first, len(of_steps))
        decision = Decision(first, labels, tuple(map(float, of_steps)))
        outcome = Verdict.CORRECT if truth < 0 else Verdict.WRONG
        predictions.append(Prediction(decision, truth, outcome))
    return score(predictions, Cost())


def train(given: argparse.Namespace) -> dict[str, Any]:
    """Trains, evaluates, saves the model; what was found, as JSON has it."""
    examples = list(examples_of(labeler.open(given.dataset).solutions(), given.labels == "soft"))
    held_out = {e.problem_id for e in examples if int(short_hash(e.problem_id), 16) % 10 == 0}
    tokenizer = AutoTokenizer.from_pretrained(given.model)
    padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    model = AutoModelForTokenClassification.from_pretrained(
        given.model, num_labels=1, dtype=torch.float32
    )

    def rows_of(chosen: Iterable[Example]) -> tuple[list[dict[str, Any]], list[int | None], int]:
        pairs = [(encode(e, tokenizer, given.max_length), e.truth) for e in chosen]
        fitting = [(row, truth) for row, truth in pairs if row is not None]
        rows, truths = [row for row, _ in fitting], [truth for _, truth in fitting]
        return rows, truths, len(pairs) - len(fitting)

    rows, truths, too_long = rows_of(e for e in examples if e.problem_id not in held_out)
    learned = [row for row in rows if any(label != MASKED for label in row["labels"])]
    settings = TrainingArguments(
        output_dir=str(given.out), num_train_epochs=given.epochs, learning_rate=given.rate,
        per_device_train_batch_size=given.batch, seed=given.seed, save_strategy="no",
        report_to=[], remove_unused_columns=False, logging_steps=20, disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
    )  # fmt: skip
    trainer = StepTrainer(
        model, settings, train_dataset=learned, data_collator=lambda some: collate(some, padding)
    )
    done = trainer.train()

    def known(rows: list[Any], truths: list[int | None]) -> tuple[list[Any], list[int]]:
        pairs = [(row, truth) for row, truth in zip(rows, truths, strict=True) if truth is not None]
        return [row for row, _ in pairs], [truth for _, truth in pairs]

    rows, decided = known(rows, truths)
    seen = step_scores(model, rows, padding)
    threshold = best_threshold(seen, decided)
    found: dict[str, Any] = {
        "trained on": len(learned), "too long": too_long, "loss": done.training_loss,
        "threshold": threshold,
    }  # fmt: skip
    sets = {"held out, by the dataset's labels": [e for e in examples if e.problem_id in held_out]}
    if given.benchmark:
        sets[str(given.benchmark)] = list(human_examples(given.benchmark))
    for name, chosen in sets.items():
        rows, truths, too_long = rows_of(chosen)
        rows, decided = known(rows, truths)
        of_set = scored(step_scores(model, rows, padding), decided, threshold)
        found[name] = {
            "solutions": of_set.n, "erroneous": of_set.n_erroneous, "too long": too_long,
            "f1": of_set.f1, "f1 95%": of_set.f1_interval, "acc erroneous": of_set.acc_erroneous,
            "acc correct": of_set.acc_correct,
        }  # fmt: skip
    trainer.save_model(str(given.out))
    tokenizer.save_pretrained(str(given.out))
    return found


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Train a process reward model from a dataset.")
    parser.add_argument("dataset", help="Folder of a labelled dataset.")
    parser.add_argument("--model", required=True, help="Folder or Hub name of a causal model.")
    parser.add_argument("--out", type=Path, required=True, help="Folder for the trained model.")
    parser.add_argument("--labels", choices=["hard", "soft"], default="hard")
    parser.add_argument("--benchmark", type=Path, help="Solutions with people's first errors.")
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--max-length", type=int, default=1024, help="In tokens.")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(words)


if __name__ == "__main__":
    print(json.dumps(train(arguments()), indent=2))
