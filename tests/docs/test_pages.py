"""The commands of a page, run one after the other on the files that it shows."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from labeler.cli import app
from labeler.config import load_config
from labeler.wiring.environments import build_environments
from labeler.wiring.labelers import build_policy
from tests.acting_policy import ActingSampler, corpus

DOCS = Path(__file__).parent.parent.parent / "docs"
FILE = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^    (labeler .+)$", re.MULTILINE)
RUN_FILE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_command_of_the_page_on_files_works(tmp_path, monkeypatch):
    page = (DOCS / "files.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name, content in FILE.findall(page):
        (tmp_path / name).write_text(content, encoding="utf-8")
    codes = {
        command: CliRunner().invoke(app, shlex.split(command)[1:]).exit_code
        for command in COMMAND.findall(page)
    }
    assert codes == dict.fromkeys(codes, 0)
    assert len(codes) == 5


@pytest.mark.parametrize("number", [0, 1])
def test_every_run_file_of_the_page_on_money_is_one(tmp_path, number):
    part = RUN_FILE.findall((DOCS / "money.md").read_text(encoding="utf-8"))[number]
    rest = (
        "problems: {kind: solved, path: own.jsonl}\nsolutions: 0\n"
        "labelers: [{kind: judge, model: judge}]\n"
    )
    (tmp_path / "run.yaml").write_text(part + rest, encoding="utf-8")
    assert set(load_config(tmp_path / "run.yaml").models) == {"judge"}


def test_the_run_file_of_the_page_on_agents_is_one_whose_tools_answer(tmp_path):
    [part] = RUN_FILE.findall((DOCS / "agents.md").read_text(encoding="utf-8"))
    (tmp_path / "run.yaml").write_text(part, encoding="utf-8")
    corpus(tmp_path / "passages.jsonl")
    config = load_config(tmp_path / "run.yaml")
    search, calculator = build_environments(config, None)
    assert search.search("novel Amber").startswith("[Amber] Amber is a novel by Quill.")
    policy = build_policy(config, ActingSampler(), (search, calculator))
    assert policy.system.count('{"type": "function", "function": {"name": "') == 2
