"""Writes a version of a dataset in another format: one JSONL file per split, and what they are.

The folder appears when it is complete. `README.md` names the files for `datasets.load_dataset`,
`export.json` tells options, counts and rejections; nothing in them depends on time or place, so two
exports of one version are equal byte for byte. Rows are streamed; memory does not grow with them.

Does not cover the formats (one module each) or the Hub (`labeler.hub`).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeler.errors import DataError
from labeler.export.balance import balanced
from labeler.export.base import Example, ExportError, ExportOptions, Format
from labeler.export.latest_labels import LABELLED_AGAIN, LatestLabels, times_labelled
from labeler.export.splits import problem_splits
from labeler.export.staging import whole_folder
from labeler.export.units import units
from labeler.export.views import view
from labeler.records import LabeledSolution, Rejection
from labeler.version import __version__

if TYPE_CHECKING:
    from labeler.dataset import Dataset

UNBALANCED = "left out so that positives and negatives are as many"


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What was written: examples and positives per split, and why solutions gave none."""

    format: str
    version: int
    n_solutions: int
    examples: dict[str, int]
    positives: dict[str, int]
    rejected: dict[str, int]
    files: dict[str, dict[str, Any]]

    def to_json(self) -> str:
        """One JSON object with these fields."""
        return json.dumps(asdict(self), indent=2)


def export(dataset: Dataset, fmt: Format, out: Path, options: ExportOptions) -> ExportSummary:
    """Writes one version to the folder `out`, whole or not at all.

    Raises `ExportError` for options the format cannot honour and where nothing is left to export,
    `DatasetError` where the dataset cannot be read or the folder not written.
    """
    fmt.check(options)
    splits = problem_splits(dataset, options.splits, options.seed)
    too_long = _length_check(options)
    counts: dict[str, Counter[str]] = {
        name: Counter() for name in ("solutions", "examples", "positives")
    }
    rejected: Counter[str] = Counter()

    times = times_labelled(dataset)

    def lines(scratch: Path) -> Iterator[tuple[str, bool | None, str]]:
        latest = LatestLabels(times)
        for group in units(dataset, fmt.unit, scratch):
            counts["solutions"][""] += len(group)
            labeled = [one for one in group if latest.is_latest(one)]
            if older := len(group) - len(labeled):
                rejected[LABELLED_AGAIN] += older
            split = splits[group[0].problem.problem_id]
            for item in _converted(labeled, fmt, options, too_long):
                if isinstance(item, Rejection):
                    rejected[item.reason] += 1
                else:
                    line = json.dumps(item.content, ensure_ascii=False) + "\n"
                    yield split, item.positive, line

    with whole_folder(out) as folder:
        balance = balanced(options.seed, lines(folder) if options.balance else ())
        rejected.clear()
        counts["solutions"].clear()
        with ExitStack() as stack:
            files = {
                name: stack.enter_context((folder / f"{name}.jsonl").open("wb"))
                for name in options.splits
            }
            for split, positive, line in lines(folder):
                if not balance.keeps(split, positive, line):
                    rejected[UNBALANCED] += 1
                    continue
                files[split].write(line.encode())
                counts["examples"][split] += 1
                counts["positives"][split] += positive is True
        summary = _summary(dataset, fmt, folder, counts, rejected, options)
        _describe(folder, fmt, options, summary)
    return summary


def _converted(
    labeled: list[LabeledSolution],
    fmt: Format,
    options: ExportOptions,
    too_long: Callable[[LabeledSolution], bool],
) -> Iterator[Example | Rejection]:
    views = []
    for one in labeled:
        if too_long(one):
            yield Rejection("export", one.solution.solution_id, "longer than --max-length")
            continue
        seen = view(one, fmt, options)
        if isinstance(seen, Rejection):
            yield seen
        else:
            views.append(seen)
    if views:
        yield from fmt.convert(views, options)


def _length_check(options: ExportOptions) -> Callable[[LabeledSolution], bool]:
    """Whether problem and solution together are too long, in tokens or characters."""
    limit = options.max_length
    if limit is None:
        return lambda labeled: False
    measure: Callable[[str], int] = len
    if options.tokenizer:
        tokenizer = _tokenizer(Path(options.tokenizer))

        def measure(text: str) -> int:
            return len(tokenizer.encode(text, add_special_tokens=False).ids)

    return lambda labeled: (
        measure(f"{labeled.problem.text}\n{''.join(labeled.solution.steps)}") > limit
    )


def _tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer

    file = folder / "tokenizer.json" if folder.is_dir() else folder
    if not file.is_file():
        raise DataError(f"{folder}: holds no tokenizer.json; --tokenizer names a model's folder")
    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # The library raises bare Exceptions.
        raise DataError(f"{file}: is no tokenizer ({str(error).splitlines()[0]})") from error


def _summary(
    dataset: Dataset,
    fmt: Format,
    folder: Path,
    counts: dict[str, Counter[str]],
    rejected: Counter[str],
    options: ExportOptions,
) -> ExportSummary:
    reasons = dict(sorted(rejected.items()))
    examples = {name: counts["examples"][name] for name in options.splits}
    if not any(examples.values()):
        why = ", ".join(f"{n} {reason}" for reason, n in reasons.items()) or "the dataset is empty"
        raise ExportError(f"{dataset.path}: nothing to export as {fmt.name}: {why}")
    for name, n in examples.items():
        if not n:
            (folder / f"{name}.jsonl").unlink()
    return ExportSummary(
        format=fmt.name,
        version=dataset.version,
        n_solutions=counts["solutions"][""],
        examples=examples,
        positives={name: counts["positives"][name] for name in options.splits},
        rejected=reasons,
        files={file.name: _described(file) for file in sorted(folder.glob("*.jsonl"))},
    )


def _described(file: Path) -> dict[str, Any]:
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return {"bytes": file.stat().st_size, "sha256": digest}


def _describe(folder: Path, fmt: Format, options: ExportOptions, summary: ExportSummary) -> None:
    stated = {
        "labeler": __version__,
        "about": fmt.about,
        "readers": fmt.readers,
        "loss": fmt.loss,
        "options": asdict(options),
        **asdict(summary),
    }
    (folder / "export.json").write_text(json.dumps(stated, indent=2, ensure_ascii=False) + "\n")
    named = "".join(
        f"  - split: {file.removesuffix('.jsonl')}\n    path: {file}\n" for file in summary.files
    )
    typed = "".join(f"  - name: {name}\n{_type(kind)}" for name, kind in fmt.features)
    typed = f"dataset_info:\n  features:\n{typed}" if typed else ""
    why = "".join(f"- {reason}: {n:,}\n" for reason, n in summary.rejected.items()) or "- none\n"
    head = f"configs:\n- config_name: default\n  data_files:\n{named}{typed}"
    (folder / "README.md").write_text(
        f"---\n{head}---\n\n# {fmt.about}\n\n"
        f"Made by labeler {__version__} from version {summary.version} of a dataset of step "
        f"labels.\n\n- Read by: {fmt.readers}.\n- Not expressed: {fmt.loss}.\n"
        f"- No problem is in two splits.\n\nLeft out:\n\n{why}"
    )


def _type(kind: str) -> str:
    """A column's type in a card: a scalar's name, or a list with what its items are."""
    if not kind.startswith("list:"):
        return f"    dtype: {kind}\n"
    inside = kind.removeprefix("list:")
    lines = "".join(f"  {line}\n" for line in inside.splitlines() if line.strip())
    return f"    list: {inside.strip()}\n" if "\n" not in inside else f"    list:\n{lines}"
