"""Attention of a decoding step with grouped heads: transformers' "sdpa" beside ours.

Shapes are SmolLM2-135M's (9 heads of queries, 3 of keys, 64 wide, 30 layers); rows of unequal
lengths, so there is a mask. Both sides run in turn, the medians are compared. Prints JSON.

    python benchmarks/grouped_attention.py --rows 16 64 --columns 700
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from types import SimpleNamespace
from typing import Any

import torch
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from labeler.samplers.grouped_attention import grouped_attention

HEADS, GROUPS, WIDTH, LAYERS = 9, 3, 64, 30
ROUNDS = 5


def step_ms(attention: Any, rows: int, columns: int, dtype: torch.dtype) -> float:
    """Milliseconds that the attention of one step takes in all layers."""
    query = torch.randn(rows, HEADS, 1, WIDTH, dtype=dtype)
    key, value = (torch.randn(rows, GROUPS, columns, WIDTH, dtype=dtype) for _ in range(2))
    lengths = torch.randint(columns // 2, columns, (rows, 1))
    mask = (torch.arange(columns) <= lengths)[:, None, None]
    module = SimpleNamespace(num_key_value_groups=HEADS // GROUPS, is_causal=True)
    began = time.perf_counter()
    for _ in range(LAYERS):
        attention(module, query, key, value, mask, scaling=WIDTH**-0.5)
    return 1000 * (time.perf_counter() - began)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--columns", type=int, default=700)
    options = parser.parse_args()
    found = []
    with torch.inference_mode():
        for dtype in (torch.bfloat16, torch.float32):
            for rows in options.rows:
                times: dict[Any, list[float]] = {sdpa_attention_forward: [], grouped_attention: []}
                for _ in range(ROUNDS):
                    for attention, taken in times.items():
                        taken.append(step_ms(attention, rows, options.columns, dtype))
                theirs, ours = map(statistics.median, times.values())
                found.append({
                    "dtype": str(dtype).removeprefix("torch."), "rows": rows,
                    "transformers_ms": round(theirs), "grouped_ms": round(ours),
                    "ratio": round(theirs / ours, 1),
                })  # fmt: skip
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
