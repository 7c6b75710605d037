"""The dataset card: what the Hub reads (YAML) and what people read (Markdown).

Numbers come from `labeler.stats`; nothing depends on time or place, so a card is the same whenever
it is made. Does not draw the figures it shows (`labeler.report.figures` does).
Source: huggingface.co/docs/hub/datasets-cards and its metadata specification (datasetcard.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeler.hub.shards import SplitSize
from labeler.records import Source
from labeler.schema import MEANING, arrow_schema
from labeler.version import __version__

if TYPE_CHECKING:
    from labeler.dataset import CommitInfo
    from labeler.stats import LabelStatistics

SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "n>100M")
BAR_WIDTH = 40


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure beside the card; `path` is relative to it."""

    path: str
    title: str
    caption: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a card tells."""

    repository: str
    tag: str
    licence: str
    sources: Sequence[Source]
    splits: Mapping[str, SplitSize]
    n_memory_bytes: Mapping[str, int]
    statistics: LabelStatistics
    figures: Sequence[Drawing]
    runs: Sequence[CommitInfo]
    config: str


def card(facts: Facts) -> str:
    """The text of README.md."""
    import yaml

    head = yaml.safe_dump(_metadata(facts), sort_keys=False, allow_unicode=True)
    parts = (
        _title(facts), _labels(facts), _columns(), _origin(facts), _cost(facts), _limits()
    )  # fmt: skip
    return f"---\n{head}---\n\n" + "\n".join(parts)


def size_category(n_rows: int) -> str:
    """The Hub's name for a number of rows."""
    return SIZES[min(len(SIZES) - 1, max(0, len(str(n_rows)) - 3))]


def _metadata(facts: Facts) -> dict[str, Any]:
    from datasets import Features

    n_rows = sum(split.n_examples for split in facts.splits.values())
    names = sorted({source.dataset for source in facts.sources if source.dataset})
    domains = sorted(facts.statistics.by_domain)
    return {
        "license": facts.licence,
        "pretty_name": facts.repository.rsplit("/", 1)[-1],
        "task_categories": ["text-classification", "text-generation"],
        "tags": ["process-reward-model", "step-labels", "reasoning", "labeler", *domains],
        "annotations_creators": ["machine-generated"],
        "language_creators": ["machine-generated"],
        "size_categories": [size_category(n_rows)],
        "source_datasets": names or ["original"],
        "configs": [
            {
                "config_name": "default",
                "default": True,
                "data_files": [
                    {"split": name, "path": f"data/{name}-*.parquet"} for name in facts.splits
                ],
            }
        ],
        "dataset_info": {
            "config_name": "default",
            "features": Features.from_arrow_schema(arrow_schema())._to_yaml_list(),
            "splits": [
                {
                    "name": name,
                    "num_bytes": facts.n_memory_bytes[name],
                    "num_examples": split.n_examples,
                }
                for name, split in facts.splits.items()
            ],
            "download_size": sum(split.n_bytes for split in facts.splits.values()),
            "dataset_size": sum(facts.n_memory_bytes.values()),
        },
    }


def _title(facts: Facts) -> str:
    s = facts.statistics
    rate = "" if s.keep_rate.rate is None else f", {s.keep_rate.rate:.0%} of them kept"
    splits = ", ".join(f"{name} {split.n_examples:,}" for name, split in facts.splits.items())
    return (
        f"# {facts.repository}\n\nStep labels for process reward models: {s.n_solutions:,} "
        f"solutions of {s.n_problems:,} problems{rate}; {s.n_steps:,} steps. Every step carries "
        "its label, its probability and all evidence behind it, so labels can be decided anew.\n\n"
        f"Rows per split: {splits}. No problem is in two splits.\n\n"
        f"```python\nfrom datasets import load_dataset\n\n"
        f'rows = load_dataset("{facts.repository}", revision="{facts.tag}")\n```\n'
    )


def _labels(facts: Facts) -> str:
    s = facts.statistics
    table = _table(
        ("label", "steps"),
        [
            ("1 right", s.n_correct_steps),
            ("0 neutral", s.n_neutral_steps),
            ("-1 wrong", s.n_wrong_steps),
            ("null undecided", s.n_undecided_steps),
        ],
    )
    labelers = _table(
        ("labeler", "pieces of evidence", "right", "wrong", "unknown", "mean score"),
        [
            (name, e.n_evidence, e.n_correct, e.n_wrong, e.n_unknown,
             "-" if e.mean_score is None else f"{e.mean_score:.2f}")
            for name, e in s.by_labeler.items()
        ],
    )  # fmt: skip
    return (
        f"## Labels\n\n{table}\nFirst error (steps counted from 1):\n\n"
        f"```text\n{_bars(s.first_errors)}```\n\nEvidence:\n\n{labelers}\n"
        f"Outcomes: {_counts(s.by_outcome)}. Domains: {_counts(s.by_domain)}.\n\n"
        + "\n".join(f"![{f.title}]({f.path})\n\n{f.title}. {f.caption}\n" for f in facts.figures)
    )


def _columns() -> str:
    lines = [f"- `{name}`: {text}" for name, text in MEANING.items()]
    return "## Columns\n\n" + "\n".join(lines) + "\n"


def _origin(facts: Facts) -> str:
    sources = _table(
        ("source set", "revision", "split", "licence"),
        [(s.dataset or "unnamed", s.revision, s.split, s.licence) for s in facts.sources],
    )
    runs = _table(
        ("run", "model", "model sha", "seed", "config sha", "labeler"),
        [
            (run.run_id, run.model, run.model_sha[:16], run.seed, run.config_sha[:16],
             run.code_version)
            for run in facts.runs
        ],
    )  # fmt: skip
    config = f"\nThe run file:\n\n```yaml\n{facts.config}```\n" if facts.config else ""
    return f"## Where it comes from\n\n{sources}\n{runs}{config}"


def _cost(facts: Facts) -> str:
    s = facts.statistics
    known = [
        f"{amount:,} {name}"
        for name, amount in (
            ("calls", s.calls),
            ("prompt tokens", s.prompt_tokens),
            ("generated tokens", s.completion_tokens),
        )
        if amount is not None
    ]
    total = ", ".join(known) or "not recorded"
    labels = s.n_labeled_steps
    each = (
        f" ({s.completion_tokens / labels:,.1f} generated tokens per labelled step)"
        if s.completion_tokens is not None and labels
        else ""
    )
    return f"## What it cost\n\n{total}{each}.\n"


def _limits() -> str:
    return (
        "## Limits\n\n"
        "- Labels are machine-made. Evidence that `asks` *value* tells whether the policy could "
        "still reach the answer, not whether the step is right; the two differ.\n"
        "- With n rollouts of k right, a success rate has a standard error of up to "
        "0.5 / sqrt(n); 0 of 8 is seen in 43% of prefixes whose rate is 0.1.\n"
        "- Filters drop hard problems more often than easy ones; see the rows that are not kept.\n"
        "- After the first error, labels are null where the evidence says nothing there.\n"
        f"- Made with labeler {__version__}. Errors of judges, checkers and tools are `unknown` "
        "with a reason, never `wrong`.\n"
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(map(_cell, line)) + " |\n" for line in lines)


def _cell(value: Any) -> str:
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return text.replace("|", "\\|").replace("\n", " ") or "-"


def _bars(histogram: Mapping[str, int]) -> str:
    most = max(histogram.values(), default=1)
    return "".join(
        f"{step:>17}  {count:>8,}  {'█' * round(BAR_WIDTH * count / most)}\n"
        for step, count in histogram.items()
    )


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"
