"""Our files have the fields of the originals, in every place and of the same kind."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from labeler.export import FORMATS, ExportOptions, export

from .datasets import ALL, dataset_of

SHARED = Path(os.environ.get("LABELER_SHARED_DATA", "../shared/data"))
needs_originals = pytest.mark.skipif(
    not SHARED.exists(), reason=f"{SHARED} is absent: set LABELER_SHARED_DATA"
)
TREE_DEPTH = 3


def kinds(value: Any, place: str = "") -> dict[str, str]:
    """The kind of value in every place; lists and trees are looked into at their first items."""
    if isinstance(value, dict):
        below = [kinds(item, f"{place}.{name}") for name, item in value.items()]
        return {key: kind for found in below for key, kind in found.items()}
    if isinstance(value, list):
        return kinds(value[0], f"{place}[]") if value and place.count("[]") < TREE_DEPTH else {}
    return {place: "number" if isinstance(value, float | int) else type(value).__name__}


@needs_originals
@pytest.mark.parametrize(
    ("name", "original", "may_differ"),
    [
        ("math_shepherd", "openr_samples/samples_math-shepherd.jsonl", set()),
        ("prm800k", "openr_samples/samples_prm800k.jsonl",
         {".label.steps[].completions[].source", ".question.pre_generated_verifier_score",
          ".question.pre_generated_steps[]", ".question.pre_generated_answer",
          ".question.ground_truth_solution", ".generation"}),
        ("openr", "openr_samples/samples_math-aps-tree.jsonl",
         {".reasoning_steps.children[].children[].mc_value",
          ".reasoning_steps.children[].children[].text"}),
        ("processbench", "processbench/gsm8k.json", set()),
    ],
)  # fmt: skip
def test_same_fields_as_the_original(
    name: str, original: str, may_differ: set[str], tmp_path: Path
) -> None:
    text = (SHARED / original).read_text(encoding="utf-8")
    theirs = json.loads(text)[0] if original.endswith(".json") else json.loads(text.split("\n")[0])
    dataset = dataset_of(tmp_path, *ALL)
    export(dataset, FORMATS[name], tmp_path / "out", ExportOptions(splits={"train": 1.0}))
    ours = json.loads((tmp_path / "out" / "train.jsonl").read_text().splitlines()[0])
    left, right = kinds(theirs), kinds(ours)
    assert {key: left[key] for key in left if key not in may_differ} == {
        key: right[key] for key in right if key not in may_differ
    }
