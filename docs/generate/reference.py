"""`python docs/generate/reference.py` writes docs/reference from the code; `--check` only compares.

The pages are kept in the repository so that they can be read there; a test holds them to the code.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pages
from commands import commands_page

HERE = Path(__file__).parent
FOLDER = HERE.parent / "reference"

PAGES: dict[str, Callable[[], list[str]]] = {
    "run_file": pages.run_file_page,
    "problems": pages.problems_page,
    "methods": pages.methods_page,
    "rules": pages.rules_page,
    "formats": pages.formats_page,
    "splitters_and_answers": pages.splitters_and_answers_page,
    "commands": commands_page,
    "dataset": pages.dataset_page,
}
"""The pages by their file names; `index.md` beside them is written by hand."""


def written(name: str) -> str:
    """A whole page: its introduction, then what the code says."""
    intro = (HERE / "intro" / f"{name}.md").read_text("utf-8").rstrip()
    told = (_as_text(line) for line in PAGES[name]())
    text = "\n".join([intro, "", *told])
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


def _as_text(line: str) -> str:
    """A line in which "<extra_0>" is text and no tag; code between backticks stays."""
    if line.startswith("    "):
        return line
    parts = line.split("`")
    parts[::2] = [part.replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts)


def main(only_check: bool) -> int:
    """Writes what is stale, or names it; the exit code is 1 where a check found something."""
    texts = {FOLDER / f"{name}.md": written(name) for name in PAGES}
    stale = [f for f, text in texts.items() if not f.is_file() or f.read_text("utf-8") != text]
    if only_check and stale:
        print(f"not as the code says: {', '.join(f.name for f in stale)}; run make reference")
        return 1
    for file in stale:
        file.write_text(texts[file], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
