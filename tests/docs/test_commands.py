"""What the documentation tells people to type is understood, and what it promises to run runs."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import typer
import yaml
from typer.testing import CliRunner

from labeler.cli import app
from labeler.config.load import load_config
from tests.docs.pages import PAGES, ROOT, blocks, commands

ALL = [(page, words) for page in PAGES for words in commands(page)]
NAMES = [f"{page.relative_to(ROOT)}: labeler {' '.join(words)[:60]}" for page, words in ALL]


@pytest.mark.parametrize(("page", "words"), ALL, ids=NAMES)
def test_a_command_has_the_arguments_and_options_that_there_are(
    page: Path, words: list[str]
) -> None:
    """Nothing runs: the command line reads the words, and refuses what it does not know."""
    command, rest = typer.main.get_command(app), words
    while hasattr(command, "commands") and rest and rest[0] in command.commands:
        command, rest = command.commands[rest[0]], rest[1:]
    assert rest or not hasattr(command, "commands"), f"{words}: no such command"
    silent = [option for option in command.params if option.is_eager or not option.expose_value]
    at_once = {name for option in silent for name in option.opts}
    if rest and set(rest) <= at_once:
        return  # --version, --install-completion: it is there, and reading it would run it
    command.make_context("labeler", list(rest))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_of_code_are_what_they_say(page: Path) -> None:
    for code in blocks(page, "python"):
        ast.parse(code)
    for code in blocks(page, "json"):
        for line in code.splitlines():
            json.loads(line)
    for code in blocks(page, "yaml"):
        yaml.safe_load(code)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The tutorial's stand-in, on a free port."""
    words = ["-m", "labeler.samplers.serve", "--model", "data/policy", "--name", "small"]
    with subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        for _ in range(600):
            try:
                httpx.get(f"{url}/health")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield f"{url}/v1"
        process.terminate()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to type commands in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def typed(words: list[str], *, leave_out: tuple[str, ...] = ()) -> None:
    """Runs a command of a page; one of `leave_out` is read only."""
    if words[0] in leave_out:
        return
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, (words, result.output, result.exception)


def test_the_tutorial_with_an_own_file_and_server(folder: Path, server: str) -> None:
    page = ROOT / "docs" / "tutorials" / "own_data.md"
    Path("problems.jsonl").write_text(blocks(page, "json")[0])
    # A run without the keys that the stand-in needs is for the reader's own model.
    own = ["run", "my.yaml", "--out", "runs/my"]
    for words in commands(page):
        if words != own:
            given = [server if word == "http://localhost:8000/v1" else word for word in words]
            typed(given, leave_out=("plan",))
    assert load_config("my.yaml").policy.model == "small"  # type: ignore[union-attr]
    assert Path("report.html").is_file()


def test_the_tutorial_with_existing_solutions(folder: Path) -> None:
    page = ROOT / "docs" / "tutorials" / "existing_solutions.md"
    Path("solutions.jsonl").write_text(blocks(page, "json")[0])
    Path("gsm8k.json").write_text(
        '[{"id": "1", "problem": "3 boxes of 4?", "steps": ["3 * 4 = 13."], "label": 0}]'
    )
    for words in commands(page):
        if "judge" not in words:  # which asks a model
            typed(words)


def test_the_readme_s_commands_on_a_dataset(folder: Path) -> None:
    """The first run is shortened: two problems, at which only a tool looks."""
    shutil.copytree(ROOT / "data" / "policy", folder / "data" / "policy")
    shorter = yaml.safe_load((ROOT / "data" / "quickstart.yaml").read_text())
    shorter["problems"]["n"] = 2
    shorter["labelers"] = [{"kind": "tool_check"}]
    Path("data/quickstart.yaml").write_text(yaml.safe_dump(shorter))
    typed(["run", "data/quickstart.yaml", "--out", "runs/quickstart"])
    for words in commands(ROOT / "README.md"):
        if "runs/quickstart" in words:
            typed(words, leave_out=("view", "push"))
    for page in (ROOT / "README.md", ROOT / "docs" / "howto" / "look.md"):
        for code in blocks(page, "python"):
            exec(compile(code, str(page), "exec"), {})
            shutil.rmtree("runs/mine")
