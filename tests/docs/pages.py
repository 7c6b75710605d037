"""Commands and Python of the documentation, as they stand there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page.parent.name != "reference"),
]
"""The reference is held to the code by other tests."""

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(page: Path) -> Iterator[list[str]]:
    """The words of every `labeler ...` line of a page that stands in a block of code."""
    text = page.read_text("utf-8")
    indented = re.findall(r"^    ((?:.*\\\n)*.+)$", BLOCK.sub("", text), re.MULTILINE)
    for line in indented:
        if line.startswith("labeler ") and "{" not in re.sub(r"'[^']*'|\"[^\"]*\"", "", line):
            yield shlex.split(line.replace("\\\n", " "), comments=True)[1:]


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of code in a language."""
    return [code for lang, code in BLOCK.findall(page.read_text("utf-8")) if lang == language]
