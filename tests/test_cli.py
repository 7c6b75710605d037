"""Commands as people type them: help, examples, and one clear line for every mistake."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from labeler.cli import app

ROOT = Path(__file__).parent.parent


def commands(group, *names):
    """All commands and the groups that are one, by their words."""
    for name, one in group.commands.items():
        words = (*names, name)
        if not hasattr(one, "commands"):
            yield " ".join(words)
        else:
            if one.epilog:
                yield " ".join(words)
            yield from commands(one, *words)


COMMANDS = sorted(commands(typer.main.get_command(app)))


def labeler(*words, cwd=ROOT):
    return subprocess.run(
        [sys.executable, "-m", "labeler.cli", *map(str, words)],
        cwd=cwd, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def refused(*words):
    """The one line that a mistake ends in."""
    result = labeler(*words)
    assert result.returncode != 0
    assert "Traceback" not in result.stderr
    lines = [line for line in result.stderr.splitlines() if line.startswith("labeler: ")]
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, labeler;"
        "print(sorted({'torch', 'prefect', 'transformers', 'polars', 'sympy'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_help_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['labeler', '--help']\n"
        "from labeler.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'prefect', 'transformers', 'polars', 'sympy', 'pydantic'}"
        " & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example(command):
    result = labeler(*command.split(), "--help")
    assert f"Example: labeler {command} " in re.sub(r"\s+", " ", result.stdout)


def test_problems_that_were_made_are_read_back(tmp_path):
    made = labeler("problems", "make", tmp_path / "set.jsonl", "--n", 5, "--seed", 3)
    assert made.stdout == f"{tmp_path}/set.jsonl: 5 problems\n"
    config = run_file(tmp_path, {"kind": "plain", "path": "set.jsonl"})
    checked = json.loads(labeler("problems", "check", config, "--json").stdout)
    assert checked == {"problems": 5, "rejections": [], "duplicates": []}
    shown = labeler("problems", "show", config, "--n", 1).stdout
    assert "How many" in shown
    assert "Step 1:" in shown


def run_file(folder, problems, policy=None):
    path = folder / "run.yaml"
    content = {
        "problems": problems,
        "policy": policy or {"kind": "transformers", "model": "nowhere"},
        "labelers": [{"kind": "monte_carlo"}],
    }
    path.write_text(json.dumps(content))
    return path


def refused_run(folder, problems, policy=None):
    return refused("run", run_file(folder, problems, policy), "--out", folder / "out")


def test_a_line_that_is_no_json_is_named(tmp_path):
    (tmp_path / "set.jsonl").write_text('{"question": "?", "answer": "#### 1"}\n{"question": \n')
    line = refused(
        "run", run_file(tmp_path, {"kind": "gsm8k", "path": "set.jsonl"}), "--out", tmp_path / "out"
    )
    assert f"{tmp_path}/set.jsonl:2: not JSON" in line
    assert not (tmp_path / "out").exists()


def test_an_empty_problem_set(tmp_path):
    (tmp_path / "set.jsonl").write_text("")
    line = refused(
        "run", run_file(tmp_path, {"kind": "plain", "path": "set.jsonl"}), "--out", tmp_path / "out"
    )
    assert "set.jsonl: no problem in it (it is empty)" in line


def test_one_bad_problem_is_rejected_and_listed(tmp_path):
    (tmp_path / "set.jsonl").write_text(
        '{"question": "1 + 1?", "answer": "#### 2"}\n{"question": "no answer", "answer": "?"}\n'
    )
    config = run_file(tmp_path, {"kind": "gsm8k", "path": "set.jsonl"})
    shown = labeler("problems", "check", config).stdout
    assert "1 problems, 1 rejected" in shown
    assert f"rejected {tmp_path}/set.jsonl:2: no answer after ####" in shown


def test_a_missing_problem_file(tmp_path):
    line = refused(
        "run", run_file(tmp_path, {"kind": "math", "path": "gone.jsonl"}), "--out", tmp_path / "out"
    )
    assert "gone.jsonl" in line


def test_an_unknown_key(tmp_path):
    line = refused(
        "run", ROOT / "data/quickstart.yaml", "--out", tmp_path / "out", "--set", "sede=1"
    )
    assert line.endswith("unknown key 'sede'; did you mean 'seed'?")


def test_a_missing_model_directory(tmp_path):
    line = refused_run(tmp_path, {"kind": "oracle", "n": 3})
    assert f"no model in '{tmp_path}/nowhere'" in line
    assert not (tmp_path / "out").exists()


def test_a_server_that_does_not_answer(tmp_path):
    policy = {"kind": "openai", "model": "m", "urls": ["http://127.0.0.1:9"]}
    line = refused_run(tmp_path, {"kind": "oracle", "n": 3}, policy)
    assert "no server answers at http://127.0.0.1:9" in line
    assert not (tmp_path / "out" / "_delta_log").exists()


def test_a_folder_that_is_no_dataset(tmp_path):
    assert "no labelled dataset is there" in refused("stats", tmp_path)


@pytest.mark.parametrize(
    "command",
    [
        "run gone.yaml",
        "label gone.jsonl --labeler outcome",
        "schedule add x --flow label --cron x",
        "incremental gone.yaml",
        "refresh gone.yaml",
        "audit gone.yaml",
        "publish --repository me/steps",
    ],
)
def test_an_empty_name_of_a_dataset_is_refused_before_anything_is_read(command):
    line = refused(*command.split(), "--out", "")
    assert line == (
        "labeler: a dataset has an empty name; name a local folder, or s3://bucket/prefix"
    )


@pytest.mark.parametrize("command", ["--help", "problems show data/quickstart.yaml"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_under_what_is_printed_is_one_line(command, unbuffered):
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "labeler.cli", *command.split()],
            cwd=ROOT, env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=300, check=False,
        )  # fmt: skip
    assert (result.returncode, result.stderr) == (
        2,
        "labeler: no space left for what is printed; free space and run again\n",
    )


def test_a_report_is_a_file_and_not_a_folder(tmp_path):
    line = refused("report", tmp_path / "d", "-o", tmp_path)
    assert line == (
        f"labeler: {tmp_path}: is a folder; name a file, for example {tmp_path}/report.html"
    )


def test_an_unknown_labeler():
    line = refused("eval", "oracle", "--labeler", "magic", "--problems", 3)
    assert line.startswith("labeler: --labeler magic: choose among ")
    assert "monte_carlo" in line


def test_an_unknown_rule(tmp_path):
    file = solutions(tmp_path)
    line = refused("eval", file, "--labeler", "outcome", "--consensus", "magic")
    assert line.startswith("labeler: --consensus magic: choose among ")


def test_a_labeler_that_asks_a_model_needs_a_run_file(tmp_path):
    line = refused("eval", solutions(tmp_path), "--labeler", "monte_carlo")
    assert line == "labeler: --labeler monte_carlo: asks a model; add --config RUN.yaml"


def test_a_file_without_human_labels(tmp_path):
    line = refused("eval", solutions(tmp_path, {}), "--labeler", "outcome")
    assert line.endswith("no solution says where its first error is; add `label`")


def solutions(tmp_path, marked=None):
    record = {"problem": "1 + 1?", "steps": ["It is 3."], "answer": "2"}
    (tmp_path / "set.jsonl").write_text(
        json.dumps(record | ({"label": 0} if marked is None else marked))
    )
    return tmp_path / "set.jsonl"


def test_eval_of_a_file_needs_no_model_where_no_labeler_asks_one(tmp_path):
    result = labeler("eval", solutions(tmp_path), "--labeler", "outcome", "--json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["n"], found["n_erroneous"], found["n_correct"]) == (1, 1, 0)
    assert found["sources"]["outcome"]["generated_tokens"] == 0


def test_eval_oracle_scores_each_labeler():
    words = "eval oracle --labeler omegaprm --labeler monte_carlo --problems 4 --seed 1 --json"
    easy = ["problems.difficulty.min_steps=2", "problems.difficulty.max_steps=3"]
    result = labeler(*words.split(), *(word for key in easy for word in ("--set", key)))
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert set(found["sources"]) == {"omegaprm", "monte_carlo"}
    assert set(found["consensus"]) == {"fusion", "omegaprm:fusion"}
    for score in found["sources"].values():
        assert set(score) >= {
            "acc_erroneous", "acc_correct", "f1", "coverage", "flagged", "false_flag_rate",
            "flag_exact", "unknown_rate", "brier", "ece", "samples", "generated_tokens",
        }  # fmt: skip


@pytest.fixture
def checked(tmp_path):
    """A run file that needs no model, with its dataset of two problems."""
    lines = [
        {"problem": "1 + 1?", "steps": ["1 + 1 = 3.", "So 3."], "answer": "2"},
        {"problem": "2 + 2?", "steps": ["2 + 2 = 4.", "So 4."], "answer": "4"},
    ]
    (tmp_path / "set.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    content = {
        "problems": {"kind": "solved", "path": "set.jsonl"},
        "labelers": [{"kind": "tool_check"}],
        "consensus": {"rule": "all"},
    }
    (tmp_path / "run.yaml").write_text(json.dumps(content))
    made = labeler("run", tmp_path / "run.yaml", "--out", tmp_path / "out")
    assert made.returncode == 0, made.stderr
    return tmp_path / "run.yaml", "--out", tmp_path / "out"


def test_a_dry_refresh_tells_what_is_stale_and_changes_nothing(checked):
    fresh = labeler("refresh", *checked, "--dry-run").stdout.splitlines()
    assert fresh[0] == "problems to relabel: 0 of 2"
    assert not any("stale by" in line for line in fresh)
    stale = labeler("refresh", *checked, "--dry-run", "--set", "seed=5").stdout.splitlines()
    assert stale[:2] == ["problems to relabel: 2 of 2", "stale by policy: 2"]
    assert json.loads(labeler("versions", checked[-1], "--json").stdout)["versions"][1:] == []


def test_a_dry_refresh_needs_no_prefect(checked):
    words = ["labeler", "refresh", *map(str, checked), "--dry-run"]
    code = (
        f"import sys; sys.argv = {words}\n"
        "from labeler.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'prefect', 'flows'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("refresh {run} --out {run}x --dry-run", "{run}x: no labelled dataset is there"),
        ("refresh {run} --out {out} --dry-run --set sede=1", "unknown key 'sede'"),
        ("incremental {run}x --out {out}", "cannot read the run file"),
        ("audit {run} --out {out} --set labelers.0.kind=magic", "labelers.0"),
    ],
)
def test_a_mistake_with_a_flow_is_found_before_prefect_starts(checked, words, line):
    paths = {"run": checked[0], "out": checked[-1]}
    assert line.format(**paths) in refused(*words.format(**paths).split())
