"""The sets of real replies that `answers.py` reads: text, gold answer, and whether it is right.

Below `--data`: bon_pools (a pool's own marks), prm800k_val_decoded (the solutions that state an
answer; right where the stated one equals the gold answer), processbench (golds found by the
problem's text in math and gsm8k; marks as published), gsm8k (four models' example solutions). Marks
that contradict the text are in answers_mislabelled.txt, whose head says how it was made. A set that
is absent is left out, with a word.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from labeler.boxes import last_box
from labeler.checking.math_answer import compare
from labeler.records import Verdict

MISLABELLED = Path(__file__).with_name("answers_mislabelled.txt")


@dataclass(frozen=True, slots=True)
class Ending:
    """A reply; `is_right` by the set's mark, `mislabelled` where the mark contradicts the text."""

    name: str
    text: str
    gold: str
    is_right: bool
    mislabelled: bool = False


def best_of_n(data: Path) -> Iterator[Ending]:
    """Candidates of the pool."""
    listed = mislabelled()
    with gzip.open(data / "bon_pools" / "gsm8k_full_500.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            for place, one in enumerate(row["candidates"]):
                name = f"{row['problem_id']}/{place}"
                text = "\n\n".join(one["steps"])
                yield Ending(name, text, row["gold"], one["is_correct"], name in listed)


def mislabelled() -> frozenset[str]:
    """Names of candidates that are right by their concluding sentence, whatever the set says."""
    found = set()
    for line in MISLABELLED.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            problem, _, places = line.partition(": ")
            found |= {f"{problem}/{place}" for place in places.split()}
    return frozenset(found)


def prm800k(data: Path) -> Iterator[Ending]:
    """Solutions whose final answer is known."""
    path = data / "prm800k_val_decoded" / "prm800k_validation.jsonl"
    for row in map(json.loads, path.read_text("utf-8").splitlines()):
        if row["final_answer"]:
            gold = row["gold_answer"] or ""
            right = compare(gold, row["final_answer"]).verdict is Verdict.CORRECT
            yield Ending(str(row["id"]), "\n".join(row["steps"]), gold, right)


def processbench(data: Path, split: str) -> Iterator[Ending]:
    """Human-marked solutions, with golds found by the text of the problem."""
    golds, listed = _golds(data), mislabelled()
    for row in json.loads((data / "processbench" / f"{split}.json").read_text("utf-8")):
        gold, text = golds.get(row["problem"].strip(), ""), "\n\n".join(row["steps"])
        is_listed = f"{split}/{row['id'].rpartition('-')[2]}" in listed
        yield Ending(row["id"], text, gold, row["final_answer_correct"], is_listed)


def _golds(data: Path) -> dict[str, str]:
    golds: dict[str, str] = {}
    for row in map(json.loads, (data / "math" / "test.jsonl").read_text("utf-8").splitlines()):
        golds[row["problem"].strip()] = last_box(row["solution"]) or ""
    for row in map(json.loads, (data / "math" / "math_500.jsonl").read_text("utf-8").splitlines()):
        golds.setdefault(row["problem"].strip(), row["final_answer"])
    for part in ("test", "train"):
        path = data / "gsm8k" / f"{part}.jsonl"
        for row in map(json.loads, path.read_text("utf-8").splitlines()):
            golds[row["question"].strip()] = row["answer"].split("####")[1].strip().replace(",", "")
    return golds


def gsm8k_examples(data: Path) -> Iterator[Ending]:
    """GSM8K's example solutions of four models."""
    path = data / "gsm8k" / "example_model_solutions.jsonl"
    for place, row in enumerate(map(json.loads, path.read_text("utf-8").splitlines())):
        gold = row["ground_truth"].split("A: ")[-1]
        for model, one in row.items():
            if isinstance(one, dict):
                yield Ending(f"{place}/{model}", one["solution"], gold, one["is_correct"])


SETS: dict[str, Callable[[Path], Iterator[Ending]]] = {
    "best_of_n": best_of_n,
    "prm800k": prm800k,
    "processbench_math": lambda data: processbench(data, "math"),
    "processbench_gsm8k": lambda data: processbench(data, "gsm8k"),
    "gsm8k_examples": gsm8k_examples,
}
