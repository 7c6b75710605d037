"""What the steps of some rows and the evidence on them amount to, in one streamed pass.

Labels are counted per solution, as they are trained on; evidence once per run (see `frames`).
Every batch is reduced to small tables of counts, and these are summed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from labeler.dataset.summary import frames
from labeler.dataset.summary.counts import KEYS, Counts, Table, table_of
from labeler.dataset.summary.exact import limbs
from labeler.dataset.summary.frames import COSTS, SAID, SCORES, Read

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

HUMAN, ANNOTATED = "human", "annotated"
"""Sources whose verdicts are taken as the truth about a step: a reviewer, the file it came from."""

N_BINS = 10
"""Of probabilities; bin i holds those in [i/10, (i+1)/10), the last one 1 too."""


def count_steps(read: Read) -> Counts:
    """One pass over the prefixes, one over all else; about 50 bytes of memory a step."""
    first = frames.first_of_prefix(read)
    start = 0
    parts: dict[str, list[pl.DataFrame]] = {
        "labels": [], "lengths": [], "characters": [], "said": [], "settled": [],
        "wrong_where_open": [],
    }  # fmt: skip
    patterns: dict[tuple[str | int, ...], int] = {}
    for flat in read(*frames.COLUMNS):
        steps = frames.steps(flat)
        evidence = frames.evidence(flat, first[start : start + steps.height])
        start += steps.height
        verdicts = _verdicts(evidence, steps.height)
        for pattern, n in _patterns(verdicts).items():
            patterns[pattern] = patterns.get(pattern, 0) + n
        parts["labels"].append(_counted(steps, KEYS["labels"]))
        parts["lengths"].append(_counted(steps.filter("last"), ["position"]))
        parts["wrong_where_open"].append(_counted(_first_wrong_where_open(steps), ["position"]))
        parts["characters"].append(_counted(steps, ["characters"]))
        parts["said"].append(_said(evidence))
        parts["settled"].append(_settled(steps, verdicts))
    tables = {name: _summed(frames_, name) for name, frames_ in parts.items()}
    tables["lengths"] = {(place + 1,): n for (place,), n in tables["lengths"].items()}
    tables["patterns"] = {(pattern,): (n,) for pattern, n in patterns.items()}
    tables["shared"] = {(): (int(len(first) - first.sum()),)}
    return Counts(tables).plus()


def _first_wrong_where_open(steps: pl.DataFrame) -> pl.DataFrame:
    """`position` of the first step labelled wrong, of solutions whose first error is undecided."""
    import polars as pl

    wrong = steps.filter(pl.col("open") & (pl.col("label") == -1))
    return wrong.group_by("row").agg(pl.col("position").min())


def _counted(table: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    return table.group_by(keys).len()


def _said(evidence: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    score, signal = (pl.col(name) for name in SCORES)
    alone = signal.is_not_null() & (pl.col("verdict") == "unknown")
    return (
        evidence.with_columns(*limbs(score, "score"), *limbs(signal, "signal"))
        .group_by(SAID)
        .agg(
            pl.len(),
            score.count().alias("scored"),
            pl.col("score_high", "score_low").sum(),
            signal.count().alias("signalled"),
            alone.sum().alias("alone"),
            pl.col("signal_high", "signal_low", *COSTS).sum(),
        )
    )


def _verdicts(evidence: pl.DataFrame, n_steps: int) -> dict[str, np.ndarray]:
    """By labeler, per step the sign of its verdicts' sum."""
    import numpy as np
    import polars as pl

    step = evidence["step"].to_numpy()
    right = (evidence["verdict"] == "correct").to_numpy()
    wrong = (evidence["verdict"] == "wrong").to_numpy()
    signs: dict[str, np.ndarray] = {}
    for name in sorted(evidence["labeler"].unique().cast(pl.String)):
        mine = (evidence["labeler"] == name).to_numpy()
        votes = [np.bincount(step[mine & said], minlength=n_steps) for said in (right, wrong)]
        signs[name] = np.sign(votes[0] - votes[1]).astype(np.int8)
    return signs


def _patterns(verdicts: Mapping[str, np.ndarray]) -> dict[tuple[str | int, ...], int]:
    """How many steps show each pattern of verdicts of at least two labelers."""
    import polars as pl

    if len(verdicts) < 2:
        return {}
    names = list(verdicts)
    table = pl.DataFrame({str(n): signs for n, signs in enumerate(verdicts.values())})
    counted = table.group_by(pl.all()).len()
    patterns = {}
    for *signs, n in counted.iter_rows():
        said = [(name, sign) for name, sign in zip(names, signs, strict=True) if sign]
        if len(said) > 1:
            patterns[tuple(part for one in said for part in one)] = n
    return patterns


def _settled(steps: pl.DataFrame, verdicts: Mapping[str, np.ndarray]) -> pl.DataFrame:
    """Sums of the probabilities that a person, the file or the outcome settled, by bin."""
    import polars as pl

    truths = {"outcome": pl.when("last").then(pl.col("outcome") == "correct")}
    truths["outcome"] = pl.when(pl.col("outcome") != "unknown").then(truths["outcome"])
    for source in (ANNOTATED, HUMAN):
        if source in verdicts:
            said = pl.Series(verdicts[source])
            truths[source] = pl.when(said != 0).then(said > 0)
    p = pl.col("probability")
    tables = [
        steps.lazy()
        .with_columns(right=truth)
        .filter(p.is_not_null() & pl.col("right").is_not_null())
        .with_columns(
            *limbs(p, "probability"),
            *limbs((p - pl.col("right").cast(pl.Float64)).pow(2), "error"),
        )
        .group_by(by=pl.lit(by), bin=(p * N_BINS).floor().clip(0, N_BINS - 1).cast(pl.Int64))
        .agg(
            pl.len(),
            n_right=pl.col("right").sum().cast(pl.UInt32),
            **{
                name: pl.col(name).sum()
                for name in ("probability_high", "probability_low", "error_high", "error_low")
            },
        )
        for by, truth in truths.items()
    ]
    return pl.concat(tables).collect()


def _summed(parts: Sequence[pl.DataFrame], name: str) -> Table:
    """Tables of counts added up: equal keys become one row."""
    import polars as pl

    if not parts:
        return {}
    keys = parts[0].columns[: len(KEYS[name])]
    texts = pl.selectors.categorical().cast(pl.String)
    # Wide enough for the sums of the largest file.
    whole = pl.concat(parts).with_columns(texts, pl.exclude(keys).cast(pl.Int128))
    return table_of(whole.group_by(keys).agg(pl.all().sum()), len(keys))
