"""Two datasets row by row: everything must be equal but which run and which code made it.

    python benchmarks/same_rows.py OLD NEW [--json]

To compare two builds, let the second replay the journal of the first: copy OLD/_work/journal.sqlite
to NEW/_work/ before it runs. Prints how many rows are equal, and the first that is not.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

from labeler.dataset.reader import open_dataset

OF_THE_RUN = frozenset({"run_id", "config_sha", "code_version", "shard"})


def rows(folder: str) -> dict[tuple[str, str], dict[str, Any]]:
    """What each row says, by problem and solution."""
    found = {}
    for row in open_dataset(folder).rows():
        said = {name: _plain(value) for name, value in row.items() if name not in OF_THE_RUN}
        found[row["problem_id"], row["solution_id"]] = said
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(part) for part in value]
    return value


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    old, new = rows(given.old), rows(given.new)
    differ = [key for key in old if old[key] != new.get(key)]
    found = {
        "rows": len(old),
        "equal": len(old) - len(differ),
        "only_new": len(new.keys() - old.keys()),
        "steps": sum(len(row["steps"]) for row in old.values()),
        "evidence": sum(len(step["evidence"]) for row in old.values() for step in row["steps"]),
    }
    if given.json:
        print(json.dumps(found))
        return
    print(", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in found.items()))
    for key in differ[:1]:
        names = [n for n in old[key] if old[key][n] != new.get(key, {}).get(n)]
        print(f"first difference: {key}: {names}")


if __name__ == "__main__":
    main()
