"""Run files that come along, by name: `labeler run quickstart` works outside a checkout, too.

`data/` of the repository is packaged as `labeler/data` (setup.py); in a checkout it lies beside
this package. Does not cover prompts, pages and styles, which lie with the code that reads them.
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
DATA = next((one for one in (HERE / "data", HERE.parent / "data") if one.is_dir()), HERE / "data")
"""The folder of the run files and of the embedded policy."""


def run_files() -> list[str]:
    """The names of the run files that come along."""
    return sorted(file.stem for file in DATA.glob("*.yaml"))


def run_file(given: Path) -> Path:
    """The file itself, or, where there is none and it is the name of one of ours, that one."""
    ours = DATA / f"{given}.yaml"
    is_name = given.name == str(given) and not given.suffix
    return ours if is_name and not given.exists() and ours.is_file() else given
