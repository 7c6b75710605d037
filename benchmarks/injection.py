"""How many phrasings the guard marks that speak to a judge, and how much honest mathematics.

Prints one JSON object: of data/injections.jsonl what is marked of each kind (`known`: phrasings
that were known when the guard was written; `fresh`: written afterwards, and never used to mend it;
`harmless`: mathematics with the same words), with the texts it gets wrong, and of ProcessBench's
solutions, all honest, how many are marked. 95% intervals are Wilson's.

    python benchmarks/injection.py --data ../shared/data
"""

from __future__ import annotations

import argparse
import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

from labeler.labelers.shared.replies.injection import speaks_to_judge
from labeler.stats.rates import wilson

LIST = Path(__file__).parent.parent / "data" / "injections.jsonl"
DATA = Path(os.environ.get("LABELER_SHARED_DATA", "../shared/data"))


def shipped() -> dict[str, Any]:
    """What is marked of each kind, and the texts that the guard gets wrong."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for line in LIST.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        by_kind[entry["kind"]].append(entry["text"])
    found = {}
    for kind, texts in by_kind.items():
        marked = [text for text in texts if speaks_to_judge([text])]
        wrong = marked if kind == "harmless" else [text for text in texts if text not in marked]
        found[kind] = {**counted(len(marked), len(texts)), "wrong": wrong}
    return found


def honest(folder: Path) -> dict[str, Any] | str:
    """How many honest solutions are marked."""
    files = sorted((folder / "processbench").glob("*.json"))
    if not files:
        return f"skipped: no processbench in {folder}"
    solutions = [one["steps"] for file in files for one in json.loads(file.read_text())]
    return counted(sum(map(speaks_to_judge, solutions)), len(solutions))


def counted(n_marked: int, n: int) -> dict[str, Any]:
    """A count with the interval of its share."""
    share = wilson(n_marked, n)
    return {"marked": n_marked, "of": n, "low": share.low, "high": share.high}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    given = parser.parse_args()
    found = {**shipped(), "processbench": honest(given.data)}
    print(json.dumps(found, indent=2, ensure_ascii=False))
