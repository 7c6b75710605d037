"""The reference says what the code says: all of it, once."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from labeler.cli import app
from labeler.config.run import contract
from labeler.consensus.rules import RULES
from labeler.export.formats import FORMATS
from labeler.labelers.methods import METHODS
from labeler.problems.sources import PROBLEM_SOURCES
from labeler.schema import contract as columns_contract
from tests.test_cli import commands

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


def headings(page):
    text = (REFERENCE / f"{page}.md").read_text("utf-8")
    return re.findall(r"^## (.+)$", text, re.MULTILINE)


def sections(page):
    """The keys that stand in the tables of each section of a page, by its heading."""
    text = (REFERENCE / f"{page}.md").read_text("utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    found = {}
    for heading, section in zip(parts[::2], parts[1::2], strict=True):
        keys = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
        above = set(re.findall(r"\[([^]]+)\]", "".join(re.findall("^And: .*$", section, re.M))))
        found[heading] = (keys, above)
    return {
        heading: keys.union(*(found[one][0] for one in above))
        for heading, (keys, above) in found.items()
    }


def test_the_pages_are_as_the_code_says():
    result = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate" / "reference.py", "--check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("methods", METHODS), ("rules", RULES), ("formats", FORMATS), ("problems", PROBLEM_SOURCES),
    ],
)  # fmt: skip
def test_every_name_has_one_section(page, names):
    named = [heading.strip("`") for heading in headings(page) if heading.startswith("`")]
    assert named == list(names)


def test_every_command_has_one_section():
    known = sorted(commands(typer.main.get_command(app)))
    assert headings("commands") == [f"labeler {command}" for command in known]


def tag(part):
    """The name by which a part of a run file says what it is."""
    found = [part["properties"][key].get("const") for key in ("kind", "rule")
             if key in part["properties"]]  # fmt: skip
    return found[0] if found else None


def test_every_key_of_a_run_file_stands_in_one_section_of_its_own():
    schema = json.loads(contract())
    found = {page: sections(page) for page in ("run_file", "problems", "methods", "rules")}
    places = [(page, heading) for page, all_of in found.items() for heading in all_of]
    for name, part in [("RunConfig", schema), *schema["$defs"].items()]:
        keys = set(part["properties"])
        named = tag(part)
        # The name that a section is about is its heading.
        keys -= {"engine", "kind", "rule"}
        holding = [
            (page, heading)
            for page, heading in places
            if keys <= found[page][heading]
            and (
                named is None or heading in (f"`{named}`", heading.partition(":")[0] + f": {named}")
            )
        ]
        assert holding, f"{name}: no section of the reference has its keys {sorted(keys)}"


def test_every_column_stands_once():
    def names(columns, above=""):
        for column in columns:
            yield f"{above}{column['name']}"
            yield from names(column.get("fields", []), f"{above}{column['name']}.")

    page = (REFERENCE / "dataset.md").read_text("utf-8")
    listed = re.findall(r"^\| `([\w.]+)` \|", page, re.MULTILINE)
    assert listed == list(names(json.loads(columns_contract())["columns"]))


def test_the_readme_has_at_most_250_lines():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 250


def test_links_of_the_readme_and_of_the_changelog_lead_somewhere():
    for page in ("README.md", "CHANGELOG.md"):
        text = (ROOT / page).read_text("utf-8")
        paths = [one for one in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in one]
        assert [one for one in paths if not (ROOT / one).exists()] == []
