"""What a published version consists of: shards, card, provenance; and which licences allow it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from labeler.errors import ConfigError, DatasetError
from labeler.hub import Publication, write_dry
from labeler.hub import shards as shards_module
from labeler.hub.licence import licence_for
from labeler.records import LabeledSolution, Source

from ..export.datasets import ALL, RIGHT, C, dataset_of, problem, solved

ME = "me/my-steps"


def card(folder: Path) -> tuple[dict[str, Any], str]:
    _, head, text = (folder / "README.md").read_text().split("---\n", 2)
    return yaml.safe_load(head), text


def test_datasets_loads_the_tree_with_all_evidence(tmp_path: Path) -> None:
    import datasets

    dataset = dataset_of(tmp_path, *ALL)
    write_dry(dataset, Publication(ME), tmp_path / "tree")
    loaded = datasets.load_dataset(str(tmp_path / "tree"), cache_dir=str(tmp_path / "cache"))
    assert list(loaded) == ["train"]
    assert list(loaded["train"]) == list(dataset.rows())


def test_the_card_says_what_the_hub_wants_to_know(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, *ALL)
    write_dry(dataset, Publication(ME, tag="2026-11"), tmp_path / "tree")
    head, text = card(tmp_path / "tree")
    features, info = head["dataset_info"].pop("features"), head.pop("dataset_info")
    assert head == {
        "license": "mit",
        "pretty_name": "my-steps",
        "task_categories": ["text-classification", "text-generation"],
        "tags": ["process-reward-model", "step-labels", "reasoning", "labeler", "math"],
        "annotations_creators": ["machine-generated"],
        "language_creators": ["machine-generated"],
        "size_categories": ["n<1K"],
        "source_datasets": ["toys"],
        "configs": [
            {
                "config_name": "default",
                "default": True,
                "data_files": [{"split": "train", "path": "data/train-*.parquet"}],
            }
        ],
    }
    assert {"name": "problem_id", "dtype": "string"} in features
    assert info["splits"][0]["num_examples"] == 6
    assert info["download_size"] == sum(
        file.stat().st_size for file in (tmp_path / "tree" / "data").iterdir()
    )
    drawn = sorted(file.name for file in (tmp_path / "tree" / "figures").iterdir())
    assert drawn == [f"{number}.svg" for number in range(1, text.count("](figures/") + 1)]
    for line in (
        "6 solutions of 2 problems, 83% of them kept; 12 steps.",
        'load_dataset("me/my-steps", revision="2026-11")',
        "| 1 right | 6 |",
        "](figures/1.svg)",
        "| toys | r1 | train | mit |",
        "| run-1 | tiny | sha | 7 | c0ffee | 0.1.0 |",
    ):
        assert line in text


@pytest.mark.parametrize(
    ("n", "size"),
    [(999, "n<1K"), (1000, "1K<n<10K"), (99_999, "10K<n<100K"), (10**9, "n>100M")],
)
def test_size_categories(n: int, size: str) -> None:
    from labeler.hub.card import size_category

    assert size_category(n) == size


def test_two_trees_are_equal_byte_for_byte(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, *ALL)
    halves = Publication(ME, splits={"train": 0.5, "test": 0.5})
    for name in ("a", "b"):
        write_dry(dataset, halves, tmp_path / name)
    for file in (tmp_path / "a").rglob("*.*"):
        other = tmp_path / "b" / file.relative_to(tmp_path / "a")
        assert file.read_bytes() == other.read_bytes()


def test_shards_are_cut_numbered_and_keep_the_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet as pq

    monkeypatch.setattr(shards_module, "ROWS_PER_GROUP", 2)
    rows = [solved(f"s{n}", problem(n), (f"{n}",), (1,), C) for n in range(5)]
    dataset = dataset_of(tmp_path, *rows)
    files = write_dry(dataset, Publication(ME, bytes_per_shard=1), tmp_path / "tree")
    assert files[1:4] == [f"data/train-0000{n}-of-00003.parquet" for n in range(3)]
    ids = [
        name
        for file in files[1:4]
        for name in pq.read_table(tmp_path / "tree" / file)["solution_id"].to_pylist()
    ]
    assert ids == ["s0", "s1", "s2", "s3", "s4"]


def test_provenance_holds_the_log_up_to_this_version(tmp_path: Path) -> None:
    first = dataset_of(tmp_path, RIGHT)
    dataset_of(tmp_path, RIGHT, run="run-2")
    write_dry(first, Publication(ME), tmp_path / "tree")
    stated = json.loads((tmp_path / "tree" / "provenance.json").read_text())
    assert [entry["run"]["run_id"] for entry in stated["log"]] == ["run-1"]
    assert stated["version"] == 0
    assert stated["sources"] == [
        {"dataset": "toys", "revision": "r1", "split": "train", "licence": "mit"}
    ]
    assert str(tmp_path) not in json.dumps(stated)


def test_a_run_file_of_another_run_is_not_shown(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, RIGHT)
    config = Path(__file__).parents[2] / "data" / "quickstart.yaml"
    with pytest.raises(ConfigError, match="did not make this version"):
        write_dry(dataset, Publication(ME, config=config), tmp_path / "tree")
    assert not (tmp_path / "tree").exists()


def of(source: Source, solution: LabeledSolution = RIGHT) -> LabeledSolution:
    return replace(solution, problem=replace(solution.problem, source=source))


def test_an_unknown_licence_is_refused_with_the_reason(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, of(Source("gsm8k")))
    with pytest.raises(DatasetError) as caught:
        write_dry(dataset, Publication(ME), tmp_path / "tree")
    assert str(caught.value) == (
        "source set gsm8k has no licence stated; find it out and state it with "
        "--source-licence gsm8k=ID (an identifier of the Hub, such as apache-2.0)"
    )
    assert not (tmp_path / "tree").exists()
    stated = Publication(ME, source_licences={"gsm8k": "mit"})
    write_dry(dataset, stated, tmp_path / "tree")
    assert card(tmp_path / "tree")[0]["license"] == "mit"


@pytest.mark.parametrize(
    ("licences", "wanted", "licence"),
    [
        (["MIT"], None, "mit"),
        (["mit", "mit"], None, "mit"),
        (["mit", "apache-2.0"], "apache-2.0", "apache-2.0"),
        (["cc-by-sa-4.0", "mit"], "cc-by-sa-4.0", "cc-by-sa-4.0"),
        (["cc-by-nc-4.0"], "cc-by-nc-sa-4.0", "cc-by-nc-sa-4.0"),
    ],
)
def test_the_licence_of_the_whole(licences: list[str], wanted: str | None, licence: str) -> None:
    sources = [Source(f"set{n}", licence=given) for n, given in enumerate(licences)]
    assert licence_for(sources, wanted) == licence


@pytest.mark.parametrize(
    ("licences", "wanted", "line"),
    [
        ([""], "mit", "source set set0 has no licence stated"),
        (["mine"], "mit", "source set set0 has an unknown licence 'mine'"),
        (["mit", "apache-2.0"], None, "sources are under apache-2.0, mit; choose with --licence"),
        (["mit"], "mine", "--licence mine: no licence identifier that the Hub knows"),
        (["cc-by-nc-4.0"], "mit", "--licence mit: source set set0 is under cc-by-nc-4.0"),
        (["cc-by-sa-4.0"], "mit", "--licence mit: source set set0 is under cc-by-sa-4.0"),
        (["cc-by-nd-4.0"], "mit", "source set set0 is under cc-by-nd-4.0, which forbids"),
    ],
)
def test_licences_that_stand_against_it(licences: list[str], wanted: str | None, line: str) -> None:
    sources = [Source(f"set{n}", licence=given) for n, given in enumerate(licences)]
    with pytest.raises(DatasetError) as caught:
        licence_for(sources, wanted)
    assert str(caught.value).startswith(line)
