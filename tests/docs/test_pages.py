"""The commands of a page, run one after the other on the files that it shows."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from labeler.cli import app
from labeler.config import load_config

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
