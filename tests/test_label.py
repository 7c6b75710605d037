"""`labeler label`: solutions that exist already become a dataset, with the real command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from labeler.dataset import open_dataset
from labeler.records import Verdict, short_hash
from labeler.sandbox.bubblewrap import Bubblewrap
from tests.sandbox.conftest import with_sandbox

ROOT = Path(__file__).parent.parent
SOLUTIONS = [
    {"problem": "1 + 1?", "steps": ["1 + 1 = 3.", "Answer: 3"], "answer": "2"},
    {"problem": "1 + 1?", "steps": ["1 + 1 = 2.", "Answer: 2"], "answer": "2"},
    {"problem": "1 + 2?", "steps": ["1 + 2 = 3.", "Answer: 3"]},
]


def label(tmp_path, *words, records=SOLUTIONS):
    file = tmp_path / "solutions.jsonl"
    file.write_text("\n".join(json.dumps(record) for record in records))
    command = [
        sys.executable,
        "-m",
        "labeler.cli",
        "label",
        file,
        "--out",
        tmp_path / "out",
        *words,
    ]
    return subprocess.run(
        list(map(str, command)), check=False, capture_output=True, text=True, cwd=ROOT
    )


def test_every_solution_becomes_a_row_and_nothing_is_sampled(tmp_path):
    result = label(tmp_path, "--labeler", "outcome")
    assert result.returncode == 0, result.stderr
    rows = list(open_dataset(tmp_path / "out").solutions())
    assert [(row.problem.text, row.solution.steps, row.solution.outcome) for row in rows] == [
        ("1 + 1?", ("1 + 1 = 3.\n\n", "Answer: 3"), Verdict.WRONG),
        ("1 + 1?", ("1 + 1 = 2.\n\n", "Answer: 2"), Verdict.CORRECT),
        ("1 + 2?", ("1 + 2 = 3.\n\n", "Answer: 3"), Verdict.UNKNOWN),
    ]
    [version] = open_dataset(tmp_path / "out").versions()
    assert (version.info.model, version.info.cost["samples"]) == ("", 0)


def test_solutions_that_share_an_id_are_rows_of_their_own_and_what_is_left_out_is_listed(tmp_path):
    of_one = {"problem_id": "1", "problem": "2 + 3?", "answer": "5", "id": "1"}
    records = [
        of_one | {"steps": ["Answer: 6"]},
        of_one | {"steps": ["Answer: 5"]},
        of_one | {"steps": ["Answer: 5"]},
        of_one | {"steps": ["Answer: 8"], "problem": "4 + 4?", "answer": "8"},
    ]
    result = label(tmp_path, "--labeler", "outcome", records=records)
    assert result.returncode == 0, result.stderr
    rows = list(open_dataset(tmp_path / "out").solutions())
    assert [(row.solution.solution_id, row.solution.outcome) for row in rows] == [
        ("1", Verdict.WRONG),
        (f"1-{short_hash('1', 'Answer: 5')}", Verdict.CORRECT),
    ]
    [rejected] = (tmp_path / "out" / "_rejections").glob("*.jsonl")
    file = f"{tmp_path}/solutions.jsonl"
    assert [json.loads(line) for line in rejected.read_text().splitlines()] == [
        {
            "stage": "read",
            "record_id": f"{file}:3",
            "reason": f"same id, problem and steps as {file}:2",
        },
        {
            "stage": "read",
            "record_id": f"{file}:4",
            "reason": f"problem_id 1 is already used by {file}:1 with another text, gold_answer",
        },
    ]


def test_what_a_tool_flags_is_labelled_and_nothing_else(tmp_path):
    result = label(tmp_path, "--labeler", "tool_check")
    assert result.returncode == 0, result.stderr
    rows = list(open_dataset(tmp_path / "out").solutions())
    labels = [[step.label for step in row.steps] for row in rows]
    assert labels == [[-1, None], [None, None], [None, None]]
    assert [row.consensus.kept for row in rows] == [True, False, False]


def test_why_records_are_rejected_is_said_and_where_they_are_listed(tmp_path):
    records = [*SOLUTIONS, {"problem": "1 + 1?", "steps": []}, {"problem": "2 + 1?", "steps": []}]
    result = label(tmp_path, "--labeler", "outcome", records=records)
    [listed] = (tmp_path / "out" / "_rejections").glob("*.jsonl")
    said = "".join(result.stdout.split("\n"))  # lines are folded
    assert "rejected: 2 at read  2 rejected: no steps  all of them: " in said
    assert said.endswith(f"{tmp_path}/out/_rejections/{listed.name}")


def test_the_same_file_again_is_refused_and_other_solutions_are_another_version(tmp_path):
    label(tmp_path, "--labeler", "outcome")
    again = label(tmp_path, "--labeler", "outcome")
    assert (again.returncode, again.stdout) != (0, "")
    assert "version 0 already holds this run" in again.stderr
    other = label(tmp_path, "--labeler", "outcome", records=SOLUTIONS[:2])
    assert other.returncode == 0, other.stderr
    assert open_dataset(tmp_path / "out").version == 1


def test_the_current_folder_may_be_the_dataset(tmp_path):
    file = tmp_path / "solutions.jsonl"
    file.write_text("\n".join(json.dumps(record) for record in SOLUTIONS))
    words = ["label", str(file), "--labeler", "outcome", "--out", "."]
    folder = tmp_path / "here"
    folder.mkdir()
    result = subprocess.run(
        [sys.executable, "-m", "labeler.cli", *words],
        check=False, capture_output=True, text=True, cwd=folder,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert len(list(open_dataset(folder).rows())) == 3
    assert sorted(path.name for path in tmp_path.glob("*.lock")) == ["here.lock"]


def test_a_model_labels_them_with_the_settings_of_a_run_file(tmp_path):
    words = ("--labeler", "monte_carlo", "--config", ROOT / "data/quickstart.yaml", "--limit", 1)
    result = label(tmp_path, *words)
    assert result.returncode == 0, result.stderr
    [row] = open_dataset(tmp_path / "out").solutions()
    assert [e.labeler for e in row.steps[0].evidence] == ["monte_carlo"]
    assert row.steps[0].evidence[0].completion_tokens > 0


PLAN = """Let x, y be integers.
```python
from scipy.optimize import Bounds, LinearConstraint, milp
import numpy as np
r = milp([-3, -2], constraints=LinearConstraint([[1, 1]], ub=[4]),
         bounds=Bounds([0, 0], [3, np.inf]), integrality=[1, 1])
print(-r.fun)
```"""


@pytest.mark.parametrize(("gold", "right"), [("11", True), ("12", False)])
def test_the_solvers_verdict_is_the_outcome_that_is_exported(tmp_path, gold, right):
    if why := with_sandbox(Bubblewrap(1), lambda one: one.ready()):
        pytest.skip(why)
    records = [{"problem": "Maximise 3x + 2y.", "answer": gold, "steps": [PLAN]}]
    result = label(tmp_path, "--labeler", "solver", records=records)
    assert result.returncode == 0, result.stderr
    words = ["export", tmp_path / "out", "-f", "outcome_rm", "-o", tmp_path / "made"]
    command = [sys.executable, "-m", "labeler.cli", *map(str, words)]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    [file] = (tmp_path / "made").glob("*.jsonl")
    [line] = file.read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {
        "prompt": "Maximise 3x + 2y.", "completion": PLAN, "label": right
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["--labeler", "monte_carlo"],
            "--labeler monte_carlo: asks a model; add --config RUN.yaml",
        ),
        (["--labeler", "outcome", "--set", "seed=1"], "--set overrides keys of a run file"),
    ],
)
def test_a_mistake_is_one_line(tmp_path, words, line):
    result = label(tmp_path, *words)
    assert result.returncode == 2
    assert line in result.stderr
    assert not (tmp_path / "out").exists()
