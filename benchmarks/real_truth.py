"""Labelers on text that a real model wrote, against the oracle's truth on free text.

The model solves generated problems of one to three steps; the oracle (`labeler.oracle.free_text`)
holds its equations against the problem's graph. Steps that it cannot decide are left out and
counted: a solution has a true first error only where all steps before it are decided. Prints for
each labeler of the run file

- solutions: the first error found exactly, or none where there is none, with 95% intervals;
- steps up to the first error: how many of its verdicts "wrong" stand at the error, how many of its
  verdicts "right" before it, and of how many steps it said nothing.

A labeler of value does not judge steps: "wrong" means here that all its rollouts failed. Labelers
that write their own solutions (`omegaprm`, `alphamath`) are heard on those.

    python benchmarks/real_truth.py --problems 60 --solutions 2 --json
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from consensus import evidence
from rich.console import Console
from rich.table import Table

from labeler.config import RunConfig, load_config
from labeler.driver.cost import Cost
from labeler.evaluation.compare import Examined, compare, rows_of
from labeler.labelers.methods import METHODS
from labeler.oracle.evaluation import first_error_in_text
from labeler.oracle.free_text import grade_text
from labeler.oracle.generate import generate_problems
from labeler.problems.sources import OracleProblems
from labeler.records import Verdict
from labeler.stats.rates import Rate, wilson
from labeler.terminal import progress_bar

CONFIG = Path(__file__).parent.parent / "data" / "real.yaml"


@dataclass(frozen=True)
class Row:
    """What one labeler got right; `wrong` and `right`: verdicts that the oracle confirms."""

    labeler: str
    n_solutions: int
    located: Rate
    cleared: Rate
    wrong: Rate
    right: Rate
    silent: Rate
    generated_tokens: int


def measured(
    given: argparse.Namespace, config: RunConfig, folder: str
) -> tuple[list[Examined], dict[str, Cost]]:
    """The evidence, with a bar while it is gathered."""
    journal = given.journal or Path(folder) / "journal.sqlite"
    names = [one.kind for one in config.labelers]
    with progress_bar("real text") as show:
        return asyncio.run(
            evidence(
                config, given.problems, journal, show, given.solutions, names, first_error_in_text
            )
        )


def row_of(name: str, examined: Sequence[Examined], cost: Cost) -> Row:
    """The figures of one labeler, on the solutions that it was heard on."""
    heard = [one for one in examined if name in one.evidence and _truth(one) is not None]
    score = compare(heard, [name], [], {name: cost}).sources[name]
    wrong, right, spoken = [], [], []
    for one, row in zip(heard, rows_of(heard, [name]), strict=True):
        truth = _truth(one)
        assert truth is not None
        for t, step in enumerate(row.steps):
            if 0 <= truth < t:
                break
            said = [e.verdict for e in step.evidence if e.labeler == name]
            spoken.append(Verdict.WRONG in said or Verdict.CORRECT in said)
            if Verdict.WRONG in said:
                wrong.append(t == truth)
            elif Verdict.CORRECT in said:
                right.append(t != truth)
    n_bad, n_good = score.n_erroneous, score.n_correct
    return Row(
        name, len(heard), wilson(round((score.acc_erroneous or 0) * n_bad), n_bad),
        wilson(round((score.acc_correct or 0) * n_good), n_good), wilson(sum(wrong), len(wrong)),
        wilson(sum(right), len(right)), wilson(spoken.count(False), len(spoken)),
        cost.completion_tokens,
    )  # fmt: skip


def _truth(one: Examined) -> int | None:
    return one.solved.first_error


def readings(config: RunConfig, n: int, examined: Sequence[Examined]) -> dict[str, Any]:
    """What the oracle made of the solutions and their steps, and why it left steps out."""
    assert isinstance(config.problems, OracleProblems)
    made = generate_problems(n, 3_000_000 + config.seed, config.problems.difficulty)
    problems = {one.problem.problem_id: one for one in made}
    steps, reasons = Counter[str](), Counter[str]()
    truths = Counter[str]()
    unique = {one.solved.solution.solution_id: one.solved for one in examined}
    for solved in unique.values():
        grade = grade_text(problems[solved.problem.problem_id], solved.solution.steps)
        steps.update(str(step.reading) for step in grade.steps)
        # The number differs from step to step, the reason does not.
        reasons.update(" ".join(w for w in s.reason.split() if not w[0].isdigit())
                       for s in grade.steps if s.reason)  # fmt: skip
        first = solved.first_error
        truths["undecided" if first is None else "an error" if first >= 0 else "right"] += 1
    outcomes = Counter(str(solved.solution.outcome) for solved in unique.values())
    return {"solutions": dict(truths), "outcomes": dict(outcomes), "steps": dict(steps),
            "undecided": dict(reasons.most_common(8))}  # fmt: skip


def _said(rate: Rate) -> str:
    if not rate.n:
        return "-"
    return f"{rate.n_yes}/{rate.n} = {rate.rate:.2f} [{rate.low:.2f}, {rate.high:.2f}]"


def show(rows: Sequence[Row]) -> None:
    """The table, as it stands in docs/real_models.md."""
    table = Table(
        "labeler", "solutions", "error located", "right solution cleared", "'wrong' is the error",
        "'right' is right", "steps without a verdict", "generated tokens",
    )  # fmt: skip
    for row in rows:
        table.add_row(
            row.labeler, str(row.n_solutions), _said(row.located), _said(row.cleared),
            _said(row.wrong), _said(row.right), _said(row.silent), f"{row.generated_tokens:,}",
        )  # fmt: skip
    Console(width=200).print(table)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--problems", type=int, default=60)
    parser.add_argument("--solutions", type=int, default=2)
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--journal", type=Path, help="keep replies here and use those in it")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    config = load_config(given.config, given.settings)
    with tempfile.TemporaryDirectory() as folder:
        examined, costs = measured(given, config, folder)
    names = [one.kind for one in config.labelers if not METHODS[one.kind].decides_answers]
    rows = [row_of(name, examined, costs.get(name, Cost())) for name in names]
    found = readings(config, given.problems, examined)
    if given.json:
        print(json.dumps({"oracle": found, "labelers": [asdict(row) for row in rows]}))
        return
    show(rows)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
