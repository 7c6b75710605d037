"""Exports as people make them: whole folders, equal bytes, no problem in two splits."""

from __future__ import annotations

import json
import math
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.dataset import open_dataset
from labeler.errors import DataError, DatasetError
from labeler.export import FORMATS, ExportError, ExportOptions, Labels, export
from labeler.export.splits import together
from labeler.records import LabeledSolution, Problem

from .datasets import (
    ALL,
    GAP,
    NEUTRAL,
    Q1,
    Q2,
    RIGHT,
    WRONG,
    C,
    W,
    dataset_of,
    problem,
    solved,
    with_ratios,
    with_turns,
)

TRAIN = {"train": 1.0}
HALVES = {"train": 0.5, "test": 0.5}


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def tree(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def many(n: int) -> list[LabeledSolution]:
    """Two solutions of each problem, one right and one wrong at its second step."""
    found = []
    for number in range(n):
        of = problem(number)
        steps, said = ("one\n", f"{number}\n"), {0: [(8, 8), (C, "Fine.")]}
        found.append(solved(f"r{number}", of, steps, (1, 1), C,
                            evidence=said | {1: [(8, 8), (C, "Yes.")]}))  # fmt: skip
        found.append(solved(f"w{number}", of, ("one\n", "no\n"), (1, -1), W,
                            evidence=said | {1: [(0, 8), (W, "No.")]}))  # fmt: skip
    return found


def fit_for(name: str, solutions: list[LabeledSolution]) -> list[LabeledSolution]:
    """As a format wants them: most take any solution, some an agent's, one `implicit`'s scores."""
    if name in ("messages", "turn_sft", "dpo_turns", "turn_rewards"):
        return list(map(with_turns, solutions))
    if name != "log_ratio_rewards":
        return solutions
    return [with_ratios(one, "cumulative", *(0.5 for _ in one.steps)) for one in solutions]


def test_an_export_tells_what_it_holds_and_why_the_rest_is_missing(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, *ALL)
    summary = export(dataset, FORMATS["trl"], tmp_path / "out", ExportOptions(splits=TRAIN))
    assert (summary.n_solutions, summary.examples, summary.positives) == (
        6, {"train": 5}, {"train": 4},
    )  # fmt: skip
    assert summary.rejected == {"dropped by consensus": 1}
    assert sorted(tree(tmp_path / "out")) == ["README.md", "export.json", "train.jsonl"]
    stated = json.loads((tmp_path / "out" / "export.json").read_text())
    assert stated["files"] == summary.files
    assert stated["loss"] == FORMATS["trl"].loss
    assert str(tmp_path) not in (tmp_path / "out" / "export.json").read_text()


@pytest.mark.parametrize("name", FORMATS)
def test_datasets_loads_every_format_as_it_was_written(name: str, tmp_path: Path) -> None:
    import datasets

    dataset = dataset_of(tmp_path, *fit_for(name, [*many(20), GAP, NEUTRAL]))
    out = tmp_path / "out"
    summary = export(dataset, FORMATS[name], out, ExportOptions(splits=HALVES))
    loaded = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    assert {split: loaded[split].num_rows for split in loaded} == summary.examples
    for split in loaded:
        assert [_without_none(row) for row in loaded[split]] == [
            _without_none(row) for row in rows(out / f"{split}.jsonl")
        ]


def test_datasets_loads_openr_trees_that_grow_deeper_in_later_rows(tmp_path: Path) -> None:
    import datasets

    chunk_of_the_reader = 10 * 2**20
    flat = solved("s", problem(1, "x" * chunk_of_the_reader), ("2",), (1,), C,
                  evidence={0: [(8, 8)]})  # fmt: skip
    deep = solved("s", problem(2), ("a\n", "b\n", "c"), (1, 1, 1), C,
                  evidence={t: [(8, 8)] for t in range(3)})  # fmt: skip
    out = tmp_path / "out"
    export(dataset_of(tmp_path, flat, deep), FORMATS["openr"], out, ExportOptions(splits=TRAIN))
    loaded = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"))["train"]
    assert list(loaded["reasoning_steps"]) == [
        row["reasoning_steps"] for row in rows(out / "train.jsonl")
    ]


def _without_none(value: Any) -> Any:
    """Arrow knows no missing field, only null; `datasets` reads times as times."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", FORMATS)
def test_two_exports_are_equal_byte_for_byte(name: str, tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, *fit_for(name, many(12)))
    fmt = FORMATS[name]
    options = ExportOptions(splits=HALVES, balance=fmt.balances, seed=3)
    for out in ("a", "b"):
        export(dataset, fmt, tmp_path / out, options)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_no_problem_is_in_two_splits_however_it_is_written(tmp_path: Path) -> None:
    twins = [
        solved(f"t{n}", Problem(f"again{n}", "math", f" what IS  {n} + {n}? ", ""), ("?",), (1,), C)
        for n in range(10)
    ]
    dataset = dataset_of(tmp_path, *many(60), *twins)
    export(dataset, FORMATS["trl"], tmp_path / "out", ExportOptions(splits=HALVES))
    seen = {
        split: {" ".join(row["prompt"].lower().split()) for row in rows(tmp_path / "out" / split)}
        for split in ("train.jsonl", "test.jsonl")
    }
    assert not seen["train.jsonl"] & seen["test.jsonl"]
    assert len(seen["train.jsonl"] | seen["test.jsonl"]) == 60
    assert 15 < len(seen["test.jsonl"]) < 45


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("12345"))))
def test_problems_that_share_an_id_or_a_text_get_one_leader(pairs: list[tuple[str, str]]) -> None:
    leaders = together(pairs)
    for one, text in pairs:
        assert leaders[one] <= one
        for other, other_text in pairs:
            if text == other_text or one == other:
                assert leaders[one] == leaders[other]


def test_more_problems_move_none_from_split_to_split(tmp_path: Path) -> None:
    small = dataset_of(tmp_path, *many(10))
    export(small, FORMATS["outcome_rm"], tmp_path / "a", ExportOptions(splits=HALVES))
    large = dataset_of(tmp_path, *many(30)[20:], run="run-2")
    export(large, FORMATS["outcome_rm"], tmp_path / "b", ExportOptions(splits=HALVES))
    for split in ("train.jsonl", "test.jsonl"):
        before = rows(tmp_path / "a" / split)
        assert rows(tmp_path / "b" / split)[: len(before)] == before


def test_balance_leaves_as_many_positives_as_negatives(tmp_path: Path) -> None:
    extra = [solved(f"x{n}", problem(n), (f"{n}!\n",), (1,), C) for n in range(40)]
    dataset = dataset_of(tmp_path, *many(40), *extra)
    options = ExportOptions(splits=HALVES, balance=True)
    summary = export(dataset, FORMATS["trl"], tmp_path / "out", options)
    for split in HALVES:
        labels = Counter(all(row["labels"]) for row in rows(tmp_path / "out" / f"{split}.jsonl"))
        assert labels[True] == labels[False] > 0
    assert summary.rejected == {"left out so that positives and negatives are as many": 40}


def test_problems_of_two_runs_come_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labeler.export.units.ROWS_PER_BUCKET", 1)
    dataset_of(tmp_path, RIGHT, *many(9)[4:])
    dataset = dataset_of(tmp_path, WRONG, run="run-2")
    export(dataset, FORMATS["dpo_steps"], tmp_path / "out", ExportOptions(splits=TRAIN))
    pair = {"prompt": "What is 1 + 1?\nTake 1.\n", "chosen": "Add 1: 2.", "rejected": "Add 1: 3."}
    assert pair in rows(tmp_path / "out" / "train.jsonl")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "README.md", "export.json", "train.jsonl",
    ]  # fmt: skip


def test_max_length_in_characters_and_in_tokens(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, RIGHT, WRONG)
    longest = len("What is 1 + 1?\nTake 1.\nAdd 1: 2.\n")
    options = ExportOptions(splits=TRAIN, max_length=longest)
    summary = export(dataset, FORMATS["trl"], tmp_path / "a", options)
    assert summary.rejected == {"longer than --max-length": 1}
    policy = Path(__file__).parents[2] / "data" / "policy"
    options = ExportOptions(splits=TRAIN, max_length=5, tokenizer=str(policy))
    with pytest.raises(ExportError, match="nothing to export as trl: 2 longer than --max-length"):
        export(dataset, FORMATS["trl"], tmp_path / "b", options)
    with pytest.raises(DataError, match=r"holds no tokenizer\.json"):
        export(dataset, FORMATS["trl"], tmp_path / "c",
               ExportOptions(max_length=5, tokenizer=str(tmp_path)))  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "d", "d.lock", "run-1.parquet"]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"splits": {"train": 0.5}}, "--splits: shares must be positive and sum to 1"),
        ({"splits": {"../x": 1.0}}, "--splits: a name has letters, digits and _ only"),
        ({"threshold": 1.5}, "--threshold 1.5: must be at least 0 and less than 1"),
        ({"threshold": 0.5, "labels": Labels.SOFT}, "--threshold makes hard labels; leave it"),
        ({"max_length": 0}, "--max-length 0: must be at least 1"),
    ],
)
def test_impossible_options_are_one_line(options: dict[str, Any], line: str) -> None:
    with pytest.raises(ExportError) as caught:
        ExportOptions(**options)
    assert str(caught.value).startswith(line)


def test_a_folder_that_is_in_use_is_not_touched(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, RIGHT)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("x")
    with pytest.raises(DatasetError, match="is there already; delete it or choose another"):
        export(dataset, FORMATS["trl"], tmp_path / "out", ExportOptions())
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_an_interrupted_export_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = dataset_of(tmp_path, *many(5))
    before = sorted(tmp_path.iterdir())

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("labeler.export.exporter._describe", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export(dataset, FORMATS["openr"], tmp_path / "out", ExportOptions(splits=TRAIN))
    assert sorted(tmp_path.iterdir()) == before


texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1).filter(
    lambda text: text.strip() and text == text.rstrip() and "ки" not in text
)
steps = st.lists(st.tuples(texts, st.booleans()), min_size=1, max_size=5)


@given(steps)
def test_trl_and_openrlhf_give_back_steps_and_labels(pairs: list[tuple[str, bool]]) -> None:
    from labeler.export.base import Example
    from labeler.export.views import view

    written = tuple(f"{text}\n" for text, _ in pairs)
    labels = tuple(1 if right else -1 for _, right in pairs)
    end = labels.index(-1) + 1 if -1 in labels else len(labels)
    one = solved("s", Q2, written, labels, C)
    back = {}
    for name in ("trl", "openrlhf"):
        seen = view(one, FORMATS[name], ExportOptions())
        (example,) = FORMATS[name].convert([seen], ExportOptions())  # type: ignore[list-item]
        assert isinstance(example, Example)
        back[name] = example.content
    assert list(zip(back["trl"]["completions"], back["trl"]["labels"], strict=True)) == pairs[:end]
    _, *told = back["openrlhf"]["input"].split("\n")
    assert [line.removesuffix(" ки") for line in told] == [text for text, _ in pairs[:end]]
    assert back["openrlhf"]["labels"] == ["+" if right else "-" for _, right in pairs[:end]]


def test_the_real_trl_trainer_takes_one_step_on_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
    prm = pytest.importorskip("trl.experimental.prm")
    import datasets
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    dataset = dataset_of(tmp_path, *many(4))
    export(dataset, FORMATS["trl"], tmp_path / "out", ExportOptions(splits=TRAIN))
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    policy = Path(__file__).parents[2] / "data" / "policy"
    tokenizer = AutoTokenizer.from_pretrained(policy)
    model = AutoModelForTokenClassification.from_pretrained(policy, num_labels=2)
    settings = prm.PRMConfig(
        output_dir=str(tmp_path / "model"), max_steps=1, per_device_train_batch_size=8,
        report_to=[], use_cpu=True, bf16=False, save_strategy="no", disable_tqdm=True,
    )  # fmt: skip
    trainer = prm.PRMTrainer(
        model=model, args=settings, processing_class=tokenizer, train_dataset=loaded["train"]
    )
    tokens = trainer.train_dataset[0]
    kept = [label for label in tokens["labels"] if label != -100]
    assert kept == [int(label) for label in loaded["train"][0]["labels"]]
    assert math.isfinite(trainer.train().training_loss)


@pytest.mark.parametrize(
    ("name", "balance"),
    [("trl", False), ("trl", True), ("openr", False)],  # openr: by problems
)
def test_of_a_solution_that_two_runs_labelled_the_newest_labels_are_written(
    tmp_path: Path, name: str, balance: bool
) -> None:
    steps = WRONG.solution.steps
    before = solved("another-id", Q1, steps, (-1, None, None), W, evidence={0: [(0, 8)]})
    dataset_of(tmp_path / "once", RIGHT, WRONG)
    dataset_of(tmp_path / "twice", before)
    twice = dataset_of(tmp_path / "twice", RIGHT, WRONG, run="run-2")
    options = ExportOptions(splits=TRAIN, balance=balance)
    summary = export(twice, FORMATS[name], tmp_path / "a", options)
    assert (summary.n_solutions, summary.rejected) == (3, {"labelled again by a later run": 1})
    once = open_dataset(tmp_path / "once" / "d")
    export(once, FORMATS[name], tmp_path / "b", options)
    assert tree(tmp_path / "a")["train.jsonl"] == tree(tmp_path / "b")["train.jsonl"]
