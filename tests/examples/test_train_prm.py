"""The example trainer: what is masked, what soft labels ask for, and that it learns."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from labeler.records import LabeledSolution
from tests.committed import committed
from tests.export.datasets import C, W, problem, solved

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def trainer() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location(
        "examples_train_prm", ROOT / "examples" / "train_prm.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Where dataclasses look up the annotations of their fields.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tokenizer():
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(ROOT / "data" / "policy")


def sums(number: int, *, right: bool) -> LabeledSolution:
    """A sum that is right, or whose first step says that it is 0 and whose last nobody decided."""
    total = 2 * number if right else 0
    texts = (f"{number} + {number} = {total}.\n", f"Answer: {total}")
    of = problem(number)
    name, labels = f"s{number}-{right}", (1, 1) if right else (-1, None)
    return solved(name, of, texts, labels, C if right else W, (0.9, 0.9) if right else (0.2, None))


def dataset(folder: Path) -> Path:
    from labeler.dataset import CommitInfo

    rows = [sums(number, right=right) for number in range(10, 70) for right in (True, False)]
    committed(folder, CommitInfo("run-1", "", "", "toy", "sha", 0), *rows)
    return folder


def test_targets_stand_at_the_last_token_of_a_step_and_what_nobody_decided_is_masked(
    trainer, tokenizer
) -> None:
    hard, soft = (
        next(trainer.examples_of([sums(10, right=False)], soft=soft)) for soft in (False, True)
    )
    assert (hard.targets, soft.targets, hard.truth) == ((0.0, None), (0.2, None), 0)
    row = trainer.encode(hard, tokenizer, 100)
    ends = [tokenizer.decode(row["input_ids"][: place + 1]) for place in row["places"]]
    head = "What is 10 + 10?\n\n"
    # This tokenizer has a token for the full stop with its line's end.
    assert ends == [f"{head}10 + 10 = 0.\n", f"{head}10 + 10 = 0.\nAnswer: 0"]
    known = {at: label for at, label in enumerate(row["labels"]) if label != trainer.MASKED}
    assert known == {row["places"][0]: 0.0}
    assert trainer.encode(hard, tokenizer, 5) is None


def test_padding_and_masked_steps_change_no_loss(trainer, tokenizer) -> None:
    import torch

    class Logits:
        def __call__(self, input_ids, attention_mask):
            return type("Output", (), {"logits": 0.1 * input_ids[..., None].float()})

    rows = [
        trainer.encode(next(trainer.examples_of([sums(n, right=True)], soft=True)), tokenizer, 100)
        for n in (10, 12345)
    ]
    loss = trainer.StepTrainer.compute_loss
    alone = [loss(None, Logits(), trainer.collate([row], 0)) for row in rows]
    together = loss(None, Logits(), trainer.collate(rows, 0))
    assert torch.isclose(together, sum(alone) / 2)


def test_the_first_score_below_the_threshold_is_the_first_error(trainer) -> None:
    import numpy as np

    scores = [np.array([0.9, 0.3, 0.1]), np.array([0.9, 0.8]), np.array([0.4])]
    assert trainer.first_errors(scores, 0.5) == [1, -1, 0]
    found = trainer.scored(scores, [1, -1, -1], 0.5)
    # One of one erroneous solution, one of two right ones: the harmonic mean of 1 and 1/2.
    assert (found.n_erroneous, found.acc_correct, round(found.f1, 3)) == (1, 0.5, 0.667)


def test_it_learns_and_is_scored_on_problems_that_it_never_saw(trainer, tmp_path: Path) -> None:
    people = [
        {"id": str(n), "problem": f"What is {n} + {n}?", "label": label,
         "steps": [f"{n} + {n} = {total}.", f"Answer: {total}"], "final_answer_correct": label < 0}
        for n in (71, 72, 73, 74) for label, total in ((-1, 2 * n), (0, 0))
    ]  # fmt: skip
    (tmp_path / "people.json").write_text(json.dumps(people))
    words = [
        dataset(tmp_path / "d"),
        "--model",
        ROOT / "data" / "policy",
        "--out",
        tmp_path / "prm",
    ]
    words += ["--benchmark", tmp_path / "people.json", "--labels", "soft", "--epochs", "4"]
    found = trainer.train(trainer.arguments([str(word) for word in words]))
    held_out = found["held out, by the dataset's labels"]
    assert found["trained on"] + held_out["solutions"] == 120
    assert held_out["solutions"] > 0
    assert (held_out["f1"], found[str(tmp_path / "people.json")]["f1"]) == (1.0, 1.0)
    assert (tmp_path / "prm" / "model.safetensors").is_file()
