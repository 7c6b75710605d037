"""Labels of problems that the policy cannot solve, against the oracle's truth.

The embedded policy was taught sums of two digits and a few steps; here it gets 10 to 14 steps with
numbers up to 999, and solves fewer than one in twenty. Rollouts fail wherever they start, so what
they say of a step is worth nothing: a rule must not call the first step wrong for it. Prints the
pass rate, and for each rule over each choice of sources what it kept at 0.8: how many labels
"wrong" and how many of them the oracle confirms, the same for "right", and ECE: of P(step right)
up to the true first error, of the steps among these that it labels, and of all steps as the number
is defined: P(no error up to and including the step). The first leaves out the steps behind the
error, of which a calibrated rule says 0, so it cannot be 0 even for such a rule.

    python benchmarks/hopeless.py --problems 100 --solutions 2 --journal /tmp/hopeless.sqlite
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from consensus import BENCHMARK, evidence
from rich.console import Console
from rich.table import Table

from labeler.config import load_config
from labeler.consensus.base import Decision, Rule, fitted
from labeler.consensus.first_zero import FirstZero
from labeler.consensus.fusion import Fusion
from labeler.consensus.posterior import Posterior
from labeler.evaluation.compare import Examined, rows_of
from labeler.evaluation.metrics import calibration_error
from labeler.records import Verdict
from labeler.stats.rates import Rate, wilson
from labeler.terminal import progress_bar

DIFFICULTY = {"min_steps": 10, "max_steps": 14, "max_number": 999, "distractors": 0.3}
HEARD = (
    ("monte_carlo",),
    ("monte_carlo", "judge"),
    ("monte_carlo", "judge", "spare", "tool_check"),
)


@dataclass(frozen=True)
class Row:
    """What one rule made of some sources; `wrong` and `right`: labels that the oracle confirms."""

    rule: str
    sources: str
    kept: int
    wrong: Rate
    right: Rate
    ece: float | None
    n_probabilities: int
    ece_of_labels: float | None
    ece_so_far: float | None
    """Of all steps: no error up to and including this one."""


def measure(examined: Sequence[Examined], sources: Sequence[str], rule: Rule, name: str) -> Row:
    """Labels up to the true first error; those behind it have no meaning."""
    rows = rows_of(examined, sources)
    ready = fitted(rule, rows)
    kept, pairs, labelled, so_far, wrong, right = 0, [], [], [], [], []
    for one, row in zip(examined, rows, strict=True):
        truth = one.solved.first_error
        assert truth is not None
        decision: Decision = ready.decide(row.solution, [step.evidence for step in row.steps])
        kept += decision.kept
        for t, (label, p) in enumerate(zip(decision.labels, decision.probabilities, strict=True)):
            if p is not None:
                so_far.append((p, truth < 0 or t < truth))
            if 0 <= truth < t:
                continue
            if p is not None:
                pairs.append((p, t != truth))
            if p is not None and label is not None:
                labelled.append((p, t != truth))
            if label == -1:
                wrong.append(t == truth)
            if label == 1:
                right.append(t != truth)
    return Row(
        name, " ".join(sources), kept, wilson(sum(wrong), len(wrong)),
        wilson(sum(right), len(right)), calibration_error(pairs), len(pairs),
        calibration_error(labelled), calibration_error(so_far),
    )  # fmt: skip


def measured(given: argparse.Namespace, folder: str) -> list[Examined]:
    """The evidence, with a bar while it is gathered."""
    changes = [f"problems.difficulty.{key}={value}" for key, value in DIFFICULTY.items()]
    config = load_config(BENCHMARK, [*changes, *given.settings])
    journal = given.journal or Path(folder) / "journal.sqlite"
    with progress_bar("hopeless problems") as show:
        return asyncio.run(evidence(config, given.problems, journal, show, given.solutions))[0]


def _said(rate: Rate) -> str:
    if not rate.n:
        return "-"
    return f"{rate.n_yes}/{rate.n} = {rate.rate:.3f} [{rate.low:.3f}, {rate.high:.3f}]"


def show(rows: Sequence[Row], pass_rate: Rate, n: int) -> None:
    """The table."""
    table = Table(
        "rule", "sources", "kept", "labels 'wrong' that are", "labels 'right' that are", "ECE (n)",
        "ECE, labelled", "ECE, no error so far",
        title=f"{n} solutions, pass rate {_said(pass_rate)}",
    )  # fmt: skip
    for row in rows:
        gap = "-" if row.ece is None else f"{row.ece:.3f} ({row.n_probabilities})"
        of_labels = "-" if row.ece_of_labels is None else f"{row.ece_of_labels:.3f}"
        so_far = "-" if row.ece_so_far is None else f"{row.ece_so_far:.3f}"
        table.add_row(
            row.rule,
            row.sources,
            str(row.kept),
            _said(row.wrong),
            _said(row.right),
            gap,
            of_labels,
            so_far,
        )
    Console(width=150).print(table)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--problems", type=int, default=100)
    parser.add_argument("--solutions", type=int, default=2)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--journal", type=Path, help="keep replies here and use those in it")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        examined = measured(given, folder)
    outcomes = [one.solved.solution.outcome for one in examined]
    pass_rate = wilson(outcomes.count(Verdict.CORRECT), len(outcomes))
    value = HEARD[0]
    rows = [
        measure(examined, value, FirstZero(), "first_zero"),
        measure(examined, value, Posterior(), "posterior"),
        *(measure(examined, sources, Fusion(), "fusion") for sources in HEARD),
    ]
    if given.json:
        found: dict[str, Any] = {"pass_rate": asdict(pass_rate), "rows": [asdict(r) for r in rows]}
        print(json.dumps(found))
        return
    show(rows, pass_rate, len(examined))


if __name__ == "__main__":
    main()
