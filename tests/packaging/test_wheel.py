"""What is installed outside a checkout: one package, with all that the first run needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from labeler.dataset.reader import open_dataset

ROOT = Path(__file__).parents[2]
PARTS = ("labeler", "flows", "data", "setup.py", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: setuptools leaves a folder `build` behind, whose files it would reuse."""
    source = tmp_path_factory.mktemp("source")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(
                ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(ROOT / part, source / part)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--wheel-dir", str(source / "dist"), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    [built] = (source / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it lies in site-packages; what it depends on is in this environment."""
    folder = tmp_path_factory.mktemp("site")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def python(*words: object, site: Path, cwd: Path) -> str:
    """What Python says in an empty folder where this wheel is installed."""
    result = subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=cwd, env=os.environ | {"PYTHONPATH": str(site), "COLUMNS": "100"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_it_holds_one_package_and_what_that_needs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    [told] = {name.partition("/")[0] for name in names} - {"labeler"}
    assert told.startswith("step_labeler-")
    assert {
        "labeler/py.typed", "labeler/flows/label.py", "labeler/cli/init.yaml",
        "labeler/data/quickstart.yaml", "labeler/data/policy/model.safetensors",
        "labeler/data/agent.yaml", "labeler/data/agent/model.safetensors",
        "labeler/data/agent/corpus.jsonl",
        "labeler/prompts/default/judge.yaml", "labeler/view/static/view.css",
        "labeler/report/page.html.j2", f"{told}/licenses/LICENSE",
    } <= names  # fmt: skip
    # The policies' weights are nearly all of it; training scripts and tests are none of it.
    assert wheel.stat().st_size < 12_000_000
    scripts = ("labeler/data/policy/train", "labeler/data/agent/train", "labeler/data/training")
    assert not [name for name in names if name.startswith((*scripts, "tests"))]


def test_files_that_the_code_reads_are_all_packaged(wheel: Path) -> None:
    read = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "labeler").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert read - set(zipfile.ZipFile(wheel).namelist()) == set()


def test_one_command_labels_the_first_run_in_an_empty_folder(site: Path, tmp_path: Path) -> None:
    where = python("-c", "import labeler; print(labeler.__file__)", site=site, cwd=tmp_path)
    assert where == f"{site}/labeler/__init__.py\n"
    words = "-m labeler run quickstart --out runs/quickstart --set problems.n=2"
    said = python(*words.split(), site=site, cwd=tmp_path)
    assert "runs/quickstart, version 0: " in said
    rows = list(open_dataset(tmp_path / "runs" / "quickstart").rows())
    assert {row["problem_id"] for row in rows} == {"oracle-1-0-191ad1", "oracle-1-1-4ee232"}


def test_flows_are_found_below_the_package_and_named_so_in_deployments(
    site: Path, tmp_path: Path
) -> None:
    code = """
import asyncio, pkgutil, importlib
from labeler.cli.child import _flows
import labeler.flows
for module in pkgutil.iter_modules(labeler.flows.__path__):
    if module.name not in ("__main__", "ray_shards"):
        importlib.import_module(f"labeler.flows.{module.name}")
from labeler.flows.schedule import deployment_of
made = asyncio.run(deployment_of("label", "n", {}, "0 2 * * *", "UTC", None))
print(_flows(), made.entrypoint)
"""
    said = python("-c", code, site=site, cwd=tmp_path)
    assert said == "labeler.flows labeler.flows.label.label\n"
