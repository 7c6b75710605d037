"""`labeler eval`: labelers and rules of consensus measured against known truth."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labeler.cli.base import AsJson, Columns, Form, Settings, Split, app

if TYPE_CHECKING:
    from labeler.evaluation.compare import Comparison
    from labeler.records import Rejection

ORACLE = "oracle"


@app.command(
    "eval",
    epilog="Example: labeler eval gsm8k.json --labeler tool_check --json "
    "(or, on fresh problems: labeler eval oracle --labeler monte_carlo --problems 200)",
)
def evaluate(
    target: Annotated[
        str,
        typer.Argument(
            help="A file of solutions with human first errors (ProcessBench, PRM800K and other "
            "sets as they are, or problem, steps, label), a data set's id, or 'oracle' for fresh "
            "problems with known truth."
        ),
    ],
    labelers: Annotated[list[str], typer.Option("--labeler", help="May be repeated.")],
    rules: Annotated[
        list[str], typer.Option("--consensus", help="Rule over all labelers; may be repeated.")
    ] = [],  # noqa: B006, typer reads the default
    min_confidence: Annotated[
        float, typer.Option(min=0, max=1, help="How sure a rule must be; 0 decides everything.")
    ] = 0.0,
    form: Form = "auto",
    columns: Columns = [],  # noqa: B006
    split: Split = "train",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the file's first solutions.")
    ] = None,
    problems: Annotated[int, typer.Option(min=1, help="oracle: how many problems.")] = 200,
    seed: Annotated[int, typer.Option(help="oracle: seed of problems and rollouts.")] = 1,
    config: Annotated[
        Path | None, typer.Option(help="Models and settings come from this run file.")
    ] = None,
    journal: Annotated[
        Path | None, typer.Option(help="Keep replies in this file and use those in it.")
    ] = None,
    pairs: Annotated[
        bool,
        typer.Option(
            "--pairs",
            help="On pairs of next steps, one right and one wrong: a judge is shown both, in both "
            "orders; others are held to the evidence they give.",
        ),
    ] = False,
    flags: Annotated[
        bool, typer.Option("--flags", help="List every false flag with what was said.")
    ] = False,
    settings: Settings = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Score labelers, alone and in consensus, on solutions whose first error is known."""
    import json

    from labeler.config import load_config
    from labeler.errors import ConfigError
    from labeler.terminal import print_comparison, print_pairs, progress_bar
    from labeler.wiring.evaluation import (
        Candidates,
        compare_on_file,
        compare_on_oracle,
        compare_on_pairs,
    )
    from labeler.wiring.solutions_file import SolvedPlace

    if pairs:
        if target == ORACLE or rules or flags:
            raise ConfigError("--pairs takes a file, and neither --consensus nor --flags")
        given = load_config(config, settings) if config else None
        place = SolvedPlace.of(target, form, columns, split, limit)
        with progress_bar("evaluating") as show:
            on_pairs, rejections = compare_on_pairs(given, place, labelers, journal, show)
        _tell(rejections)
        if as_json:
            typer.echo(json.dumps(on_pairs.to_json()))
        else:
            print_pairs(on_pairs)
        return
    if target == ORACLE:
        loaded = load_config(config or Path("benchmark"), settings)
        candidates = Candidates(labelers, rules or [loaded.consensus.rule], min_confidence)
        with progress_bar("evaluating") as show:
            found = compare_on_oracle(loaded, candidates, (problems, seed), journal, show)
    else:
        given = load_config(config, settings) if config else None
        place = SolvedPlace.of(target, form, columns, split, limit)
        candidates = Candidates(labelers, rules, min_confidence)
        with progress_bar("evaluating") as show:
            found, rejections = compare_on_file(given, place, candidates, journal, show)
        _tell(rejections)
    if as_json:
        typer.echo(json.dumps(found.to_json()))
    else:
        print_comparison(found)
    if flags:
        _tell_flags(found, as_json)


def _tell(rejections: Iterable[Rejection]) -> None:
    from labeler.shown import line

    for rejection in rejections:
        typer.echo(line(f"left out {rejection.record_id}: {rejection.reason}"), err=True)


def _tell_flags(found: Comparison, err: bool) -> None:
    from labeler.shown import line

    for name, false in found.flags.items():
        for flag in false:
            # In sentences steps count from 1, as `show` and the report number them.
            truth = f"the first error is in step {flag.truth + 1}"
            where = "a right solution" if flag.truth < 0 else truth
            step = flag.step + 1
            said = f"{name}: {flag.solution_id}, step {step} ({where}): {flag.rationale}"
            typer.echo(line(said), err=err)
