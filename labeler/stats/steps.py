"""What the steps of a version and the evidence on them amount to, in one streamed pass.

Labels are counted per solution, as they are trained on; evidence once per run (see `frames`).
Every batch is reduced to small tables of counts, and these are summed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeler.dataset import Dataset
from labeler.stats import frames
from labeler.stats.agreement import Pattern
from labeler.stats.calibration import N_BINS, Tally
from labeler.stats.frames import COSTS, SAID, SCORES

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

HUMAN, ANNOTATED = "human", "annotated"
"""Sources whose verdicts are taken as the truth about a step: a reviewer, the file it came from."""

LABEL_KEYS = ("domain", "position", "label", "kept")


@dataclass(frozen=True, slots=True)
class StepCounts:
    """Counts over all batches.

    `labels` has the columns LABEL_KEYS and `len`; `said` has SAID, `len`, how many have a score
    (`scored`), a signal (`signalled`) and a signal without a verdict (`alone`), the sums of scores,
    signals and of each cost. `lengths` counts solutions by number of steps (0 left
    out), `characters` steps by length of text. `patterns` counts steps by verdict of each of
    `labelers`. `tallies` holds probabilities by what settled them (HUMAN, ANNOTATED, "outcome") and
    bin. `n_shared` steps stand on a prefix that another solution of the run has too and that was
    counted there. `wrong_where_open` counts solutions whose first error is undecided, by the place
    of their first step labelled wrong.
    """

    labels: pl.DataFrame
    said: pl.DataFrame
    lengths: dict[int, int]
    characters: dict[int, int]
    labelers: tuple[str, ...]
    patterns: dict[Pattern, int]
    tallies: dict[str, dict[int, Tally]]
    n_shared: int
    wrong_where_open: dict[int, int]


def count_steps(dataset: Dataset) -> StepCounts:
    """One pass over the prefixes, one over all else; about 50 bytes of memory a step."""
    first = frames.first_of_prefix(dataset)
    start = 0
    parts: dict[str, list[pl.DataFrame]] = {
        "labels": [], "said": [], "lengths": [], "characters": [], "settled": [], "wrong": []
    }  # fmt: skip
    patterns: Counter[Pattern] = Counter()
    names: list[str] = []
    for flat in dataset.columns(*frames.COLUMNS):
        steps = frames.steps(flat)
        evidence = frames.evidence(flat, first[start : start + steps.height])
        start += steps.height
        verdicts = _verdicts(evidence, steps.height, names)
        patterns.update(_patterns(verdicts))
        parts["labels"].append(_counted(steps, LABEL_KEYS))
        parts["lengths"].append(_counted(steps.filter("last"), ["position"]))
        parts["wrong"].append(_counted(_first_wrong_where_open(steps), ["position"]))
        parts["characters"].append(_counted(steps, ["characters"]))
        parts["said"].append(_said(evidence))
        parts["settled"].append(_settled(steps, verdicts, names))
    whole = {name: _summed(tables) for name, tables in parts.items()}
    order = sorted(range(len(names)), key=names.__getitem__)
    return StepCounts(
        whole["labels"],
        whole["said"],
        {position + 1: n for position, n in whole["lengths"].iter_rows()},
        dict(whole["characters"].iter_rows()),
        tuple(names[i] for i in order),
        _reordered(patterns, order),
        _tallies(whole["settled"]),
        int(len(first) - first.sum()),
        dict(whole["wrong"].iter_rows()),
    )


def _first_wrong_where_open(steps: pl.DataFrame) -> pl.DataFrame:
    """`position` of the first step labelled wrong, of solutions whose first error is undecided."""
    import polars as pl

    wrong = steps.filter(pl.col("open") & (pl.col("label") == -1))
    return wrong.group_by("row").agg(pl.col("position").min())


def _counted(table: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    return table.group_by(keys).len()


def _said(evidence: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return evidence.group_by(SAID).agg(
        pl.len(),
        pl.col("score").count().alias("scored"),
        pl.col("signal").count().alias("signalled"),
        (pl.col("signal").is_not_null() & (pl.col("verdict") == "unknown"))
        .sum()
        .cast(pl.UInt32)
        .alias("alone"),
        pl.col(*SCORES, *COSTS).sum(),
    )


def _verdicts(evidence: pl.DataFrame, n_steps: int, names: list[str]) -> np.ndarray:
    """Per step and labeler the sign of its verdicts' sum; unseen labelers are added to `names`."""
    import numpy as np
    import polars as pl

    names += sorted(set(evidence["labeler"].unique().cast(pl.String)) - set(names))
    step = evidence["step"].to_numpy()
    right = (evidence["verdict"] == "correct").to_numpy()
    wrong = (evidence["verdict"] == "wrong").to_numpy()
    signs = np.zeros((n_steps, len(names)), np.int8)
    for index, name in enumerate(names):
        mine = (evidence["labeler"] == name).to_numpy()
        votes = [np.bincount(step[mine & said], minlength=n_steps) for said in (right, wrong)]
        signs[:, index] = np.sign(votes[0] - votes[1])
    return signs


def _patterns(verdicts: np.ndarray) -> dict[Pattern, int]:
    import polars as pl

    if verdicts.shape[1] == 0:
        return {}
    counted = pl.DataFrame(verdicts).group_by(pl.all()).len()
    return {row[:-1]: row[-1] for row in counted.iter_rows()}


def _reordered(patterns: Counter[Pattern], order: Sequence[int]) -> dict[Pattern, int]:
    """Patterns of early batches know fewer labelers."""
    whole: Counter[Pattern] = Counter()
    for pattern, count in patterns.items():
        whole[tuple(pattern[i] if i < len(pattern) else 0 for i in order)] += count
    return dict(whole)


def _settled(steps: pl.DataFrame, verdicts: np.ndarray, names: Sequence[str]) -> pl.DataFrame:
    """Sums of the probabilities that a person, the file or the outcome settled, by bin."""
    import polars as pl

    truths = {"outcome": pl.when("last").then(pl.col("outcome") == "correct")}
    truths["outcome"] = pl.when(pl.col("outcome") != "unknown").then(truths["outcome"])
    for source in (ANNOTATED, HUMAN):
        if source in names:
            said = pl.Series(verdicts[:, list(names).index(source)])
            truths[source] = pl.when(said != 0).then(said > 0)
    p = pl.col("probability")
    tables = [
        steps.lazy()
        .with_columns(right=truth)
        .filter(p.is_not_null() & pl.col("right").is_not_null())
        .group_by(by=pl.lit(by), bin=(p * N_BINS).floor().clip(0, N_BINS - 1).cast(pl.Int64))
        .agg(
            pl.len(),
            n_right=pl.col("right").sum().cast(pl.UInt32),
            sum_probability=p.sum(),
            sum_squared_error=(p - pl.col("right").cast(pl.Float64)).pow(2).sum(),
        )
        for by, truth in truths.items()
    ]
    return pl.concat(tables).collect()


def _tallies(settled: pl.DataFrame) -> dict[str, dict[int, Tally]]:
    tallies: dict[str, dict[int, Tally]] = {}
    for by, index, *sums in settled.iter_rows():
        tallies.setdefault(by, {})[index] = Tally(*sums)
    return tallies


SUMS = (
    "len",
    "scored",
    "signalled",
    "alone",
    *SCORES,
    *COSTS,
    "n_right",
    "sum_probability",
    "sum_squared_error",
)


def _summed(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Tables of counts added up: equal keys become one row; in the order of the keys."""
    import polars as pl

    if not tables:
        return pl.DataFrame()
    keys = [name for name in tables[0].columns if name not in SUMS]
    texts = pl.selectors.categorical().cast(pl.String)
    summed = pl.concat(tables).with_columns(texts).group_by(keys).agg(pl.all().sum())
    return summed.sort(keys)
