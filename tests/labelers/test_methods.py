"""The table of methods lists what there is, and nobody knows a method but through it."""

from __future__ import annotations

import ast
import json
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import labeler.labelers
from labeler.labelers.methods import METHODS
from labeler.records import Asks

ROOT = Path(__file__).parents[2]
NO_METHODS = {"base", "method", "methods", "shared"}


def test_every_module_of_the_folder_is_a_method_of_its_name() -> None:
    modules = {one.name for one in pkgutil.iter_modules(labeler.labelers.__path__)}
    assert modules - NO_METHODS == set(METHODS)


def imports(file: Path) -> set[str]:
    tree = ast.parse(file.read_text("utf-8"))
    found = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    named = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module]
    found |= {f"{n.module}.{a.name}" for n in named for a in n.names}
    return {name for name in found if name.startswith("labeler.labelers.")}


@pytest.mark.parametrize("room", ["labeler", "flows"])
def test_no_module_imports_a_method_by_name_but_the_table(room: str) -> None:
    files = [f for f in (ROOT / room).rglob("*.py") if "labelers" not in f.parts]
    known = {(f.name, name) for f in files for name in imports(f)}
    assert {(f, name) for f, name in known if name.split(".")[2] not in NO_METHODS} == set()


@pytest.mark.parametrize("name", METHODS)
def test_a_method_says_what_it_is(name: str) -> None:
    method = METHODS[name]
    assert method.name == name
    assert method.summary.endswith(".")
    assert method.asks <= set(Asks)
    written = method.settings().model_dump_json()
    assert method.settings.model_validate_json(written) == method.settings()


def test_the_reference_lists_each_with_what_it_asks() -> None:
    page = (ROOT / "docs" / "reference" / "methods.md").read_text("utf-8")
    rows = re.findall(r"^\| \[`(\w+)`\]\(#\w+\) \| ([\w, ]+) \| ", page, re.MULTILINE)
    listed = {name: set(asks.split(", ")) for name, asks in rows}
    assert listed == {name: {str(asks) for asks in one.asks} for name, one in METHODS.items()}


def test_a_trait_cannot_be_forgotten() -> None:
    import dataclasses

    from labeler.labelers.method import Method

    fields = dataclasses.fields(Method)
    assert {f.name for f in fields if f.default is not dataclasses.MISSING} == set()


HASHES = """
import json
from labeler.config.load import _checked
from labeler.labelers.methods import METHODS
from labeler.wiring.runs import build
from labeler.wiring.versions import version_hashes
content = {"problems": {"kind": "oracle", "n": 1}, "solutions": 1,
           "policy": {"kind": "openai", "urls": ["http://127.0.0.1:9"], "model": "m"}}
served = {"urls": ["http://127.0.0.1:9"], "model": "m"}
reward = {"kind": "vllm", "family": "trl", "tokenizer": TOKENIZER, **served}
found = {}
for name, method in METHODS.items():
    asked = method.settings()
    models = {one: reward if one in asked.reward_models else {"kind": "openai", **served}
              for one in asked.models if one != "policy"}
    config = _checked("run.yaml", content | {"models": models, "labelers": [{"kind": name}]})
    found |= version_hashes(config, build(config, ([], [])))
print(json.dumps(found))
"""


def hashes(folder: Path) -> dict[str, str]:
    ran = subprocess.run(
        [sys.executable, "-c", f"TOKENIZER = {str(ROOT / 'data' / 'policy')!r}\n{HASHES}"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    found: dict[str, str] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_a_comment_in_any_file_makes_no_method_stale(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "labeler", tmp_path / "labeler")
    before = hashes(tmp_path)
    assert set(METHODS) < set(before)
    for file in (tmp_path / "labeler").rglob("*.py"):
        file.write_text(file.read_text("utf-8") + "\n# a comment\n")
    assert hashes(tmp_path) == before


def test_another_version_makes_its_method_stale_and_no_other(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "labeler", tmp_path / "labeler")
    before = hashes(tmp_path)
    solver = tmp_path / "labeler" / "labelers" / "solver" / "solver.py"
    solver.write_text(solver.read_text("utf-8").replace('VERSION = "1"', 'VERSION = "2"'))
    after = hashes(tmp_path)
    assert {name for name in before if after[name] != before[name]} == {"solver"}
