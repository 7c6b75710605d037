"""Rows of a large dataset, made by numpy as Arrow arrays: no Python object per row or step.

Eight solutions per problem, eight steps each; neighbours share their first two steps (and the
evidence on them), as solutions of one search tree do. Three sources per step: Monte Carlo with
eight rollouts, a judge with a one-line rationale, a tool that often cannot tell. They mostly agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from labeler.schema import SCHEMA_VERSION, arrow_schema

STEPS, PER_PROBLEM, ROWS = 8, 8, 1000
LABELERS = ("monte_carlo", "judge", "tool")
SCHEMA = arrow_schema()
HEX = np.array([f"{byte:02x}" for byte in range(256)], "S2")
TEXTS = [f"Step: {a} boxes of {b} apples are {a} * {b} = {a * b}.\n" for a in range(2, 80)
         for b in range(2, 60)]  # fmt: skip
QUESTIONS = [
    f"A farm has {n} fields and sells a third of its harvest. How much?" for n in range(99)
]
REMARKS = [f"The product of {a} and {b} is as the step says, and it is needed." for a in range(60)
           for b in range(60)]  # fmt: skip

UNSAID = ("logprobs", "known", "trajectory")
"""Columns that most rows leave empty."""


def batches(n_solutions: int, seed: int, run_id: str = "made") -> Iterator[pa.RecordBatch]:
    """`n_solutions` rows of a run under the dataset's schema, in batches of up to 1,000."""
    rng = np.random.default_rng(seed)
    for first in range(0, n_solutions, ROWS):
        yield _batch(np.arange(first, min(first + ROWS, n_solutions)), rng, run_id)


def _batch(row: np.ndarray, rng: np.random.Generator, run_id: str) -> pa.RecordBatch:
    n = len(row)
    problem = row // PER_PROBLEM
    first_error = rng.integers(-STEPS, STEPS, n).clip(-1)
    kept = rng.random(n) < np.where(first_error < 0, 0.9, 0.7)
    columns = {
        "problem_id": _numbered("q", problem),
        "domain": _words(["math", "code", "qa"], problem % 3),
        "text": _words(QUESTIONS, problem % len(QUESTIONS)),
        "gold_answer": _numbered("", problem % 97),
        "reference_solution": _lists(_words(TEXTS, rng.integers(0, len(TEXTS), 4 * n)), 4),
        "tests": _lists(_words([""], row[:0]), 0, n),
        "context": _lists(_words([""], row[:0]), 0, n),
        "source": _same(n, dataset="made", revision="1", split="all", licence="MIT"),
        "solution_id": _hex(rng.integers(0, 2**64, n, np.uint64)),
        "final_answer": _numbered("", problem % 97 + (first_error >= 0)),
        "outcome": _words(["correct", "wrong"], (first_error >= 0) * 1),
        "outcome_reason": _words([""], row * 0),
        "generator": _generator(row),
        "steps": _lists(_steps(first_error, kept, rng), STEPS),
        "first_error": pa.array(first_error.astype("int32"), mask=~kept),
        "consensus": _struct(
            "consensus",
            policy=_words(["strict"], row * 0),
            kept=pa.array(kept),
            reason=_words(["sources differ", ""], kept * 1),
        ),
        **{name: _words(["made"], row * 0) for name in ("shard", "config_sha")},
        "run_id": _words([run_id], row * 0),
        "code_version": _words(["made"], row * 0),
        "schema_version": pa.array(np.full(n, SCHEMA_VERSION, "int32")),
        "samples": _struct(
            "samples",
            seed=pa.array(problem),
            n=pa.array(np.full(n, PER_PROBLEM)),
            n_decided=pa.array(np.full(n, PER_PROBLEM)),
            n_correct=pa.array(problem % (PER_PROBLEM + 1)),
        ),
        # `pa.nulls` would have nulls inside of the missing structs, too, where there may be none.
        **{name: pa.array([None] * n, SCHEMA.field(name).type) for name in UNSAID},
    }
    arrays = [
        columns[field.name] if field.name in UNSAID else columns[field.name].cast(field.type)
        for field in SCHEMA
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _steps(first_error: np.ndarray, kept: np.ndarray, rng: np.random.Generator) -> pa.Array:
    n = len(first_error)
    place, error = np.tile(np.arange(STEPS), n), np.repeat(first_error, STEPS)
    right = (error < 0) | (place < error)
    undecided = ~np.repeat(kept, STEPS) | ((error >= 0) & (place > error))
    ids = rng.integers(0, 2**64, (n, STEPS), np.uint64)
    ids[1::2, :2] = ids[: n // 2 * 2 : 2, :2]
    probability = np.where(right, 0.99, 0.2) * rng.random(n * STEPS) ** 0.2
    return _struct(
        "steps",
        text=_words(TEXTS, rng.integers(0, len(TEXTS), n * STEPS)),
        prefix_id=_hex(ids.ravel()),
        label=pa.array(np.where(right, 1, -1).astype("int8"), mask=undecided),
        probability=pa.array(probability.astype("float32"), mask=undecided),
        evidence=_lists(_evidence(ids, right, rng), len(LABELERS)),
    )


def _evidence(ids: np.ndarray, right: np.ndarray, rng: np.random.Generator) -> pa.Array:
    n = len(right) * len(LABELERS)
    source = np.tile(np.arange(len(LABELERS)), len(right))
    sampled, judged, tool = (source == number for number in range(3))
    lucky = np.repeat(right, len(LABELERS)) ^ (rng.random(n) < 0.1)
    n_right = np.where(lucky, rng.integers(1, 9, n), 0)
    unknown = tool & (rng.random(n) < 0.6)
    whole = {
        "verdict": np.where(unknown, 2, np.where(lucky, 0, 1)),
        "score": np.where(sampled, n_right / 8, np.where(lucky, 0.9, 0.1)),
        "n_correct": np.where(sampled, n_right, (judged & lucky) * 1),
        "tokens": np.where(tool, 0, rng.integers(40, 600, n)),
        "remark": np.where(judged, rng.integers(0, len(REMARKS), n), len(REMARKS)),
    }
    _share(whole, n // len(right))
    return _struct(
        "steps.evidence",
        prefix_id=_hex(np.repeat(ids.ravel(), len(LABELERS))),
        labeler=_words(LABELERS, source),
        labeler_version=_words(["1"], source * 0),
        asks=_words(["value", "correctness"], (~sampled) * 1),
        verdict=_words(["correct", "wrong", "unknown"], whole["verdict"]),
        score=pa.array(whole["score"], mask=whole["verdict"] == 2),
        n=pa.array(np.where(sampled, 8, judged * 1)),
        n_correct=pa.array(whole["n_correct"]),
        rationale=_words([*REMARKS, ""], whole["remark"]),
        model=_words(["policy", "judge-7b", ""], source),
        calls=pa.array((~tool) * 1),
        prompt_tokens=pa.array(np.where(tool, 0, 400)),
        completion_tokens=pa.array(whole["tokens"]),
        reason=_words(["", "no arithmetic in the step"], (whole["verdict"] == 2) * 1),
        signal=pa.nulls(n),
    )


def _share(whole: dict[str, np.ndarray], per_step: int) -> None:
    """Two neighbours that share a prefix share what was said of it."""
    for numbers in whole.values():
        table = numbers.reshape(-1, STEPS, per_step)
        table[1::2, :2] = table[: len(table) // 2 * 2 : 2, :2]


def _generator(row: np.ndarray) -> pa.Array:
    n, none = len(row), row * 0
    sampling = _struct(
        "generator.sampling",
        temperature=pa.array(np.ones(n)),
        top_p=pa.array(np.ones(n)),
        top_k=pa.array(none),
        max_tokens=pa.array(none + 300),
        stop=_lists(_words([""], row[:0]), 0, n),
    )
    return _struct(
        "generator",
        model=_words(["policy"], none),
        revision=_words(["1"], none),
        sampling=sampling,
        seed=pa.array(row),
        prompt_sha=_words(["c0ffee"], none),
    )


def _type(path: str) -> pa.DataType:
    kind: pa.DataType = pa.struct(list(SCHEMA))
    for name in path.split("."):
        kind = kind.field(name).type
        kind = kind.value_type if pa.types.is_list(kind) else kind
    return kind


def _struct(path: str, **columns: pa.Array) -> pa.Array:
    kind = _type(path)
    arrays = [columns[field.name].cast(field.type) for field in kind]
    return pa.StructArray.from_arrays(arrays, fields=list(kind))


def _same(n: int, **texts: str) -> pa.Array:
    return _struct(
        "source", **{name: _words([text], np.zeros(n, int)) for name, text in texts.items()}
    )


def _words(words: Sequence[str], index: np.ndarray) -> pa.Array:
    return pa.array(list(words)).take(pa.array(index))


def _numbered(prefix: str, numbers: np.ndarray) -> pa.Array:
    return pa.array(np.char.add(prefix, numbers.astype(str)))


def _lists(items: pa.Array, length: int, n: int | None = None) -> pa.Array:
    n = len(items) // length if n is None else n
    kind = pa.list_(pa.field("element", items.type, nullable=False))
    return pa.ListArray.from_arrays(pa.array(np.arange(n + 1) * length, pa.int32()), items, kind)


def _hex(numbers: np.ndarray) -> pa.Array:
    """64-bit numbers as 16 hex digits each."""
    digits = HEX[numbers.view(np.uint8)]
    ends = np.arange(len(numbers) + 1, dtype=np.int32) * 16
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(ends), pa.py_buffer(digits))
