"""The package of docs/extending.md, installed as it stands there, adds to every table."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from labeler.dataset.reader import open_dataset
from labeler.schema import labeled_solution

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text("utf-8")
LONG = "With the ones she finds it is 12 + 5 = 17 pens, as those are added.\n"
SOLUTION = {
    "problem": "Pia has 3 boxes with 4 pens each and finds 5 more pens. How many pens?",
    "answer": "17",
    "steps": ["In the boxes: 3 * 4 = 12 pens.\n", LONG, "Answer: 17"],
}


def written(name: str) -> str:
    """The file that the page shows under a name."""
    [content] = re.findall(rf"`{re.escape(name)}`:\n\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    return content


def install(folder: Path, site: Path, **changes: str) -> None:
    """The package of the page into `site`; `changes` replace texts of it."""
    folder.mkdir()
    for name in ("pyproject.toml", "labeler_example.py"):
        content = written(name)
        for before, after in changes.items():
            content = content.replace(before, after)
        (folder / name).write_text(content)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--disable-pip-version-check", "--target", str(site)]
    subprocess.run([*command, str(folder)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    install(folder / "source", folder / "site")
    return folder / "site"


def labeler(*words: str, cwd: Path, site: Path | None = None) -> subprocess.CompletedProcess[str]:
    paths = [str(ROOT), *([str(site)] if site else [])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "labeler.cli", *words],
        cwd=cwd, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def labels(dataset: Path) -> list[tuple[list[int | None], int | None, bool, str]]:
    return [
        ([s.label for s in row.steps], row.first_error, row.consensus.kept, row.consensus.policy)
        for row in map(labeled_solution, open_dataset(dataset).rows())
    ]


@pytest.fixture
def labelled(tmp_path: Path, site: Path) -> Path:
    (tmp_path / "solved.jsonl").write_text(json.dumps(SOLUTION) + "\n")
    ran = labeler(
        "label", "solved.jsonl", "--labeler", "too_long", "--out", "labels",
        cwd=tmp_path, site=site,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return tmp_path / "labels"


def test_its_method_labels_what_it_flags_and_leaves_the_rest_open(labelled: Path) -> None:
    assert labels(labelled) == [([None, -1, None], None, True, "each_step")]


def test_name_and_version_stand_in_the_evidence(labelled: Path) -> None:
    [row] = map(labeled_solution, open_dataset(labelled).rows())
    of_it = [e for s in row.steps for e in s.evidence if e.labeler == "too_long"]
    assert [(e.labeler_version, e.verdict, e.reason) for e in of_it] == [
        ("1", "unknown", "short enough"), ("1", "wrong", ""), ("1", "unknown", "short enough"),
    ]  # fmt: skip


def test_its_rule_and_its_format_can_be_named(labelled: Path, site: Path) -> None:
    said = labeler("consensus", "labels", "--policy", "one_flag", cwd=labelled.parent, site=site)
    assert said.returncode == 0, said.stderr
    assert labels(labelled) == [([1, -1, None], 1, True, "one_flag")]
    exported = labeler(
        "export", "labels", "--format", "step_lengths", "--out", "lengths", "--splits", "train=1",
        cwd=labelled.parent, site=site,
    )  # fmt: skip
    assert exported.returncode == 0, exported.stderr
    [line] = (labelled.parent / "lengths" / "train.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["lengths"] == [len(s) for s in SOLUTION["steps"][:2]]


def test_its_settings_stand_in_messages_and_its_problems_are_read(
    tmp_path: Path, site: Path
) -> None:
    (tmp_path / "sums.tsv").write_text(
        "How many legs have 3 dogs?\t12\nno answer\nWhat is half of 50?\t25\n"
    )
    run = tmp_path / "run.yaml"
    run.write_text(
        "problems: {kind: tab_separated, path: sums.tsv}\n"
        "policy: {kind: transformers, model: nowhere}\n"
        "labelers: [{kind: too_long, mots: 3}]\n"
    )
    shown = labeler("problems", "show", "run.yaml", cwd=tmp_path, site=site)
    assert shown.stderr.strip() == (
        "labeler: run.yaml: unknown key 'labelers.0.mots'; did you mean 'most'?"
    )
    run.write_text(run.read_text("utf-8").replace("mots", "most"))
    checked = labeler("problems", "check", "run.yaml", cwd=tmp_path, site=site)
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.splitlines() == [
        "2 problems, 1 rejected, 0 groups alike",
        "rejected line 2: no problem, tab and answer",
    ]


def test_rows_stay_readable_and_recomputable_without_the_package(labelled: Path) -> None:
    said = labeler("consensus", "labels", "--policy", "each_step", cwd=labelled.parent)
    assert said.returncode == 0, said.stderr
    line = (
        "labeler: method too_long is not installed: its evidence counts as that of any judge; "
        "install its package for what it meant"
    )
    assert line in (said.stderr + said.stdout).splitlines()
    assert len(labels(labelled)) == 1


def refusal(tmp_path: Path, site: Path) -> str:
    (tmp_path / "solved.jsonl").write_text(json.dumps(SOLUTION) + "\n")
    said = labeler(
        "label", "solved.jsonl", "--labeler", "too_long", "--out", "labels",
        cwd=tmp_path, site=site,
    )  # fmt: skip
    assert said.returncode == 2
    [line] = said.stderr.strip().splitlines()
    return line


def test_an_entry_point_that_cannot_be_imported_is_one_line(tmp_path: Path) -> None:
    install(tmp_path / "p", tmp_path / "site", **{"from dataclasses import": "from nowhere import"})
    assert refusal(tmp_path, tmp_path / "site") == (
        "labeler: --labeler too_long: the labelling method of labeler-example 0.3 "
        "(labeler_example:TOO_LONG) cannot be loaded (ModuleNotFoundError: No module named "
        "'nowhere'); mend that package"
    )


def test_an_entry_point_that_leads_to_something_else_is_one_line(tmp_path: Path) -> None:
    install(
        tmp_path / "p", tmp_path / "site", **{"labeler_example:TOO_LONG": "labeler_example:NAME"}
    )
    assert refusal(tmp_path, tmp_path / "site") == (
        "labeler: --labeler too_long: the labelling method of labeler-example 0.3 "
        "(labeler_example:NAME) is a str, not a Method; point its entry point at one"
    )


def test_a_forgotten_trait_is_an_error_at_import(tmp_path: Path) -> None:
    install(tmp_path / "p", tmp_path / "site", **{"    may_say_right=False,\n": ""})
    assert refusal(tmp_path, tmp_path / "site") == (
        "labeler: --labeler too_long: the labelling method of labeler-example 0.3 "
        "(labeler_example:TOO_LONG) cannot be loaded (TypeError: Method.__init__() missing 1 "
        "required keyword-only argument: 'may_say_right'); mend that package"
    )


def test_two_packages_of_one_name_are_refused_and_nothing_else_suffers(tmp_path: Path) -> None:
    install(tmp_path / "p", tmp_path / "site")
    install(tmp_path / "q", tmp_path / "site", **{"labeler-example": "labeler-other"})
    assert refusal(tmp_path, tmp_path / "site") == (
        "labeler: --labeler too_long: labeler-example 0.3 and labeler-other 0.3 both give a "
        "labelling method of this name; uninstall or rename one"
    )
    ran = labeler(
        "label", "solved.jsonl", "--labeler", "tool_check", "--out", "labels",
        cwd=tmp_path, site=tmp_path / "site",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr


def test_a_name_of_ours_is_not_taken(tmp_path: Path) -> None:
    install(tmp_path / "p", tmp_path / "site", **{"too_long =": "judge ="})
    (tmp_path / "solved.jsonl").write_text(json.dumps(SOLUTION) + "\n")
    said = labeler(
        "label", "solved.jsonl", "--labeler", "judge", "--out", "labels",
        cwd=tmp_path, site=tmp_path / "site",
    )  # fmt: skip
    assert said.stderr == (
        "labeler: --labeler judge: labeler-example 0.3 and labeler itself both give a labelling "
        "method of this name; uninstall or rename one\n"
    )
