"""What a new consensus and an export of a dataset cost, beside reading and writing its rows.

    python benchmarks/dataset_scale.py --only write --folder DIR --steps 1000000
    python benchmarks/rows_through_arrow.py DIR --json

Each part runs in a process of its own: `read` reads all row groups as the package does and drops
them, `read and write` writes them to files again, both by pyarrow alone; the others are commands
on a copy. Seconds are the processor's, of all threads and the system; memory is the peak.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from dataset_scale import Measured, measured
from rich.console import Console
from rich.table import Table


def read(folder: Path, out: Path | None) -> None:
    """All rows of a dataset, by pyarrow alone; into files of their own where `out` is given."""
    from labeler.dataset import open_dataset
    from labeler.dataset.shards import write_parquet
    from labeler.dataset.store import BYTES_PER_FILE

    batches = open_dataset(str(folder)).batches()
    if out is None:
        for _ in batches:
            pass
        return
    number = 0
    while write_parquet(out / f"{number}.parquet", batches, BYTES_PER_FILE):
        number += 1


def benchmark(folder: Path, rule: str, fmt: str) -> dict[str, Measured]:
    """All parts."""
    labeler = [sys.executable, "-m", "labeler"]
    with tempfile.TemporaryDirectory(prefix="labeler-bench-") as name:
        place = Path(name)
        copy = place / "copy"
        shutil.copytree(folder, copy)
        alone = [sys.executable, __file__, str(folder), "--only"]
        found = {
            "read": measured(*alone, "read"),
            "read and write": measured(*alone, "write", "--out", str(place)),
            f"export --format {fmt}": measured(
                *labeler, "export", str(copy), "--format", fmt, "--out", str(place / "export")
            ),
        }
        found[f"consensus --policy {rule}"] = measured(
            *labeler, "consensus", str(copy), "--policy", rule
        )
    return found


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--rule", default="posterior")
    parser.add_argument("--format", default="trl")
    parser.add_argument("--json", action="store_true", help="JSON only")
    parser.add_argument("--only", choices=["read", "write"], help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        read(given.dataset, given.out)
        return
    parts = benchmark(given.dataset, given.rule, given.format)
    found: dict[str, dict[str, Any]] = {
        name: {"cpu_s": round(one.cpu_s, 1), "peak_rss_mb": round(one.rss_mb)}
        for name, one in parts.items()
    }
    if not given.json:
        table = Table("what", "processor", "peak memory")
        for name, one in found.items():
            table.add_row(name, f"{one['cpu_s']:.1f} s", f"{one['peak_rss_mb']:,} MiB")
        Console().print(table)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
