"""The body of a reply of vLLM's pooling API as scores, each field checked. No I/O.

vLLM gives a row of numbers per token, or (pooling type STEP) per token that is the step mark; which
of the two, the number of rows tells. Numbers are asked for as the head gives them
(`use_activation: false`), and softmax or sigmoid are taken here, so that nothing depends on what a
version of the server takes for its default.

Source: vLLM 0.32, `entrypoints/pooling/pooling/protocol.py`, `layers/pooler/tokwise/methods.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from labeler.errors import BackendBusy, RequestError
from labeler.samplers.reward.family import Marked

Json = dict[str, Any]
BYTES_PER_NUMBER = 32
BASE_BYTES = 64 << 10


def most_bytes(n_tokens: int, n_outputs: int) -> int:
    """How long an honest reply may be: a row per token at most."""
    return BASE_BYTES + n_tokens * n_outputs * BYTES_PER_NUMBER


def scores_of(answer: Json, asked: Marked, mark: int | None, n_outputs: int) -> tuple[float, ...]:
    """P(right) of each step. `BackendBusy` for a reply that is not what the API promises.

    Raises `RequestError` where the rows are neither one per token nor one per mark.
    """
    rows = _rows(answer)
    marks = [index for index, token in enumerate(asked.ids) if token == mark]
    if len(rows) == len(asked.ids):
        chosen = [rows[place] for place in asked.places]
    elif len(rows) == len(marks) and set(asked.places) <= set(marks):
        at = dict(zip(marks, rows, strict=True))
        chosen = [at[place] for place in asked.places]
    else:
        raise RequestError(
            f"the server sent {len(rows)} rows for {len(asked.ids)} tokens with {len(marks)} step "
            "marks: it does not pool by token or step; serve the model with --runner pooling"
        )
    if any(len(row) != n_outputs for row in chosen):
        raise RequestError(
            f"the server's head has {len(chosen[0])} outputs, the family's {n_outputs}; check "
            "family and the model's architecture"
        )
    return tuple(map(_probability, chosen))


def _rows(answer: Json) -> list[list[float]]:
    data = answer.get("data")
    if not isinstance(data, list) or len(data) != 1 or not isinstance(data[0], dict):
        raise _malformed("data")
    rows = data[0].get("data")
    if not isinstance(rows, list):
        raise _malformed("data")
    # A head with one output may come without the list around each number.
    return [_numbers(row if isinstance(row, list) else [row]) for row in rows]


def _numbers(row: list[Any]) -> list[float]:
    for number in row:
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise _malformed("a number")
        if abs(number) > 1e30 or math.isnan(number):
            raise _malformed("a number")
    return [float(number) for number in row]


def _probability(outputs: Sequence[float]) -> float:
    """Softmax of (wrong, right), or the sigmoid of one output."""
    over = outputs[-1] - (outputs[0] if len(outputs) == 2 else 0.0)
    return 1 / (1 + math.exp(-over)) if over > -700 else 0.0


def _malformed(what: str) -> BackendBusy:
    return BackendBusy(f"the server's reply is malformed ({what})")
