"""How often a rollout begins from the very tokens that its prefix has inside of the text.

    python benchmarks/boundaries.py --tokenizer FOLDER [--data ../shared/data] [--json]

FOLDER holds a tokenizer.json (a downloaded model). The texts are ProcessBench's replies (below
`--data`/processbench, steps joined by blank lines) and GSM8K's example solutions (single lines).
Each is split, and each prefix that ends with a step is encoded in two ways: as it is (`alone`), and
as samplers do (`to go on`, `labeler.samplers.boundaries`). Counted are those whose ids are the ones
that begin inside the prefix when the whole text is encoded, with Wilson's intervals. Prints a
table, or one line of JSON. Does not cover: texts that a model wrote in unusual tokens.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from labeler.samplers.boundaries import encode, encode_to_go_on
from labeler.samplers.chat_template import load_tokenizer
from labeler.stats import wilson
from labeler.steps import splitter_named

WAYS: dict[str, Callable[[Any, str], tuple[int, ...]]] = {
    "alone": encode,
    "to go on": encode_to_go_on,
}
SPLITS = {"auto": ("auto", ""), "blank lines": ("delimiter", "\n\n"), "lines": ("lines", "")}


@dataclass(frozen=True)
class Figures:
    """Of `prefixes`, those with the text's own tokens, by how they are encoded."""

    data: str
    split: str
    prefixes: int
    same: dict[str, int]


def texts_of(data: Path) -> Iterator[tuple[str, list[str]]]:
    """Real replies, by the set that they are from."""
    for name in ("gsm8k", "math"):
        file = data / "processbench" / f"{name}.json"
        if file.exists():
            entries = json.loads(file.read_text())
            yield f"processbench {name}", ["\n\n".join(one["steps"]) for one in entries]
    file = data / "gsm8k" / "example_model_solutions.jsonl"
    if file.exists():
        entries = [json.loads(line) for line in file.open()][:1_000]
        yield "gsm8k", [one["175b_verification"]["solution"] for one in entries]


def measure(tokenizer: Any, data: str, texts: Iterable[str], split: str) -> Figures:
    """How many prefixes have the tokens that they have inside of the text."""
    n, same = 0, dict.fromkeys(WAYS, 0)
    name, delimiter = SPLITS[split]
    for text in texts:
        steps = splitter_named(name).split(text, delimiter, "")
        whole = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        starts = [start for start, _ in whole["offset_mapping"]]
        for end in [*accumulate(map(len, steps))][:-1]:
            n_tokens = sum(start < end for start in starts)
            inside = tuple(whole["input_ids"][:n_tokens])
            n += 1
            for way, encoded in WAYS.items():
                same[way] += encoded(tokenizer, text[:end]) == inside
    return Figures(data, split, n, same)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    tokenizer = load_tokenizer(args.tokenizer)
    figures = [
        measure(tokenizer, data, texts, split)
        for data, texts in texts_of(args.data)
        for split in SPLITS
    ]
    figures = [one for one in figures if one.prefixes]
    if not figures:
        print(f"no texts below {args.data}: nothing to measure")
        return
    if args.json:
        print(json.dumps([asdict(one) for one in figures]))
        return
    table = Table(box=None)
    for column in ("data", "split", "prefixes", *WAYS):
        table.add_column(column, justify="left" if column in ("data", "split") else "right")
    for one in figures:
        rates = [wilson(k, one.prefixes) for k in one.same.values()]
        shares = [f"{r.rate:.2%} [{r.low:.2%}, {r.high:.2%}]" for r in rates]
        table.add_row(one.data, one.split, f"{one.prefixes:,}", *shares)
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
