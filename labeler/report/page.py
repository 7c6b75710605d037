"""The report: one HTML file with figures, tables and examples, readable offline for years.

No script and nothing fetched: figures are drawn beforehand as SVG, and a content security policy
forbids both, should a text of the data ever slip through. All text of the data is escaped.

Does not cover browsing (`labeler.view`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from labeler.dataset import Dataset, tags
from labeler.dataset.storage import storage_of
from labeler.files import whole_file
from labeler.records import Source
from labeler.report.examples import examples
from labeler.report.figures import figures
from labeler.report.pieces import told_apart
from labeler.stats import Prices, label_statistics
from labeler.stats.agreement import one_sided
from labeler.unread import WARN_FROM

if TYPE_CHECKING:
    from jinja2 import Environment

N_EXAMPLES = 20
MOST_REASONS = 12
MARKS = {1: "right", 0: "neutral", -1: "wrong", None: "undecided"}


def write_report(dataset: Dataset, file: Path, prices: Prices | None = None) -> None:
    """Writes the report on one version; an existing file is replaced once the new one is whole.

    Raises `DatasetError` for a damaged dataset or a place that cannot be written.
    """
    page = report_html(dataset, prices)
    with whole_file(file) as output:
        # A text may hold half of a surrogate pair, which no file can.
        output.write(page.encode("utf-8", "replace"))


def report_html(dataset: Dataset, prices: Prices | None = None) -> str:
    """The report on one version as HTML text."""
    statistics = label_statistics(dataset, prices)
    names = [name for name, number in tags(dataset.path).items() if number == dataset.version]
    reasons = list(statistics.drop_reasons.items())
    shown = reasons[:MOST_REASONS]
    if len(reasons) > MOST_REASONS:
        others = reasons[MOST_REASONS:]
        shown.append((f"{len(others)} other reasons", sum(n for _, n in others)))
    return _environment().get_template("page.html.j2").render(
        name=storage_of(dataset.path).name,
        s=statistics,
        tags=names,
        sources=_sources(dataset),
        figures=figures(statistics),
        drop_reasons=shown,
        examples=examples(dataset, N_EXAMPLES),
        versions=[entry for entry in dataset.versions() if entry.version <= dataset.version],
        marks=MARKS,
        told_apart=told_apart,
        one_sided=one_sided,
        warn_from=WARN_FROM,
    )  # fmt: skip


def _sources(dataset: Dataset) -> list[Source]:
    """Where the problems come from, without revisions and splits."""
    import polars as pl

    source = pl.col("source").struct
    found = dataset.scan().select(source.field("dataset"), source.field("licence")).unique()
    rows = dataset.collect(found.sort("dataset", "licence"))
    return [Source(dataset=name, licence=licence) for name, licence in rows.iter_rows()]


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("labeler.report", package_path="")
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
