"""The command line: a thin skin over `labeler.run`, `labeler.open` and the parts in `wiring`.

Heavy modules are imported inside commands, so that `--help` is quick. A user's mistake is one line
on standard error and exit code 2; Ctrl-C keeps what was sampled and exits with 130.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from labeler.errors import BackendError, LabelerError, UserError

app = typer.Typer(
    name="labeler",
    help="Step labels for process reward models: problems in, versioned step labels out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
problems_app = typer.Typer(help="Make, look at and check problem sets.", no_args_is_help=True)
eval_app = typer.Typer(help="Measure labelers against known truth.", no_args_is_help=True)
app.add_typer(problems_app, name="problems")
app.add_typer(eval_app, name="eval")

QUICKSTART = Path(__file__).parent.parent / "data" / "quickstart.yaml"

ConfigFile = Annotated[Path, typer.Argument(help="The run file (YAML).")]
Settings = Annotated[
    list[str], typer.Option("--set", help="Override a key, e.g. --set problems.n=50.")
]
WhichVersion = Annotated[
    int | None, typer.Option("--version", help="Which version; the newest if left out.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")]


@app.command(epilog="Example: labeler run data/quickstart.yaml --out runs/quickstart")
def run(
    config: ConfigFile,
    out: Annotated[Path, typer.Option(help="Folder of the dataset; a run adds a version.")],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with this run if it was cut off.")
    ] = False,
    flow: Annotated[
        bool, typer.Option("--flow", help="Run it as a Prefect flow (a task per shard).")
    ] = False,
    settings: Settings = [],  # noqa: B006, typer reads the default
) -> None:
    """Label the problems of a run and commit one version of step labels."""
    from labeler.config import load_config

    loaded = load_config(config, settings)
    if flow:
        raise typer.Exit(_run_flow(config, out, resume, settings))
    from labeler.terminal import print_summary, progress_bar
    from labeler.wiring import run as run_config

    with _keeping_what_was_done(), progress_bar("labelling") as show:
        summary = run_config(loaded, out, resume=resume, on_progress=show)
    print_summary(summary)


@app.command(epilog="Example: labeler stats runs/quickstart --json")
def stats(
    dataset: Annotated[Path, typer.Argument(help="Folder of a labelled dataset.")],
    version: Annotated[
        int | None, typer.Option(help="Which version; the newest if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a dataset holds: labels, first errors, labelers, cost."""
    from rich.console import Console

    from labeler.dataset.reader import open_dataset
    from labeler.stats import label_statistics
    from labeler.terminal import show_statistics

    statistics = label_statistics(open_dataset(dataset, version))
    if as_json:
        typer.echo(statistics.to_json())
    else:
        Console().print(show_statistics(statistics))


@app.command(epilog="Example: labeler show runs/quickstart --n 3")
def show(
    dataset: Annotated[Path, typer.Argument(help="Folder of a labelled dataset.")],
    n: Annotated[int, typer.Option(min=1, help="How many solutions.")] = 3,
    errors: Annotated[bool, typer.Option("--errors", help="Only solutions with an error.")] = False,
    version: Annotated[
        int | None, typer.Option(help="Which version; the newest if left out.")
    ] = None,
) -> None:
    """Print labelled solutions: right steps green, the wrong step red, undecided ones grey."""
    from itertools import islice

    from rich.console import Console

    from labeler.dataset.reader import open_dataset
    from labeler.terminal import render

    rows = (
        row
        for row in open_dataset(dataset, version).solutions()
        if not errors or (row.first_error is not None and row.first_error >= 0)
    )
    console = Console()
    for row in islice(rows, n):
        console.print(render(row))


@problems_app.command("make", epilog="Example: labeler problems make set.jsonl --n 500 --seed 3")
def problems_make(
    file: Annotated[Path, typer.Argument(help="JSONL or Parquet file to write.")],
    n: Annotated[int, typer.Option(min=1, help="How many problems.")] = 200,
    seed: Annotated[int, typer.Option(help="Which endless set they come from.")] = 1,
    min_steps: Annotated[int, typer.Option(help="Fewest steps before the answer (2-16).")] = 4,
    max_steps: Annotated[int, typer.Option(help="Most steps before the answer (2-16).")] = 8,
    max_number: Annotated[int, typer.Option(help="No number is larger.")] = 150,
    distractors: Annotated[float, typer.Option(help="Chance of a sentence that misleads.")] = 0.15,
) -> None:
    """Generate word problems whose truth is known."""
    from labeler.oracle.generate import Difficulty, generate_problems
    from labeler.problems.plain import write_problems

    difficulty = Difficulty(min_steps, max_steps, max_number, distractors)
    made = generate_problems(n, seed, difficulty)
    written = write_problems(file, (oracle_problem.problem for oracle_problem in made))
    typer.echo(f"{file}: {written} problems")


@problems_app.command("show", epilog="Example: labeler problems show data/quickstart.yaml --n 2")
def problems_show(
    config: ConfigFile,
    n: Annotated[int, typer.Option(min=1, help="How many problems.")] = 3,
    settings: Settings = [],  # noqa: B006
) -> None:
    """Print the first problems of a run file with their reference solutions."""
    from labeler.config import load_config
    from labeler.wiring import read_problems

    problems, _ = read_problems(load_config(config, settings))
    for problem in problems[:n]:
        typer.secho(problem.problem_id, bold=True)
        typer.echo(problem.text)
        typer.echo("".join(problem.reference_solution).rstrip() or "(no reference solution)")
        typer.echo(f"gold answer: {problem.gold_answer}\n")


@problems_app.command("check", epilog="Example: labeler problems check my_run.yaml")
def problems_check(
    config: ConfigFile,
    settings: Settings = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Read the problems of a run file and report what is rejected, and duplicates."""
    import json
    from dataclasses import asdict

    from labeler.config import load_config
    from labeler.problems.curation import find_duplicates
    from labeler.wiring import read_problems

    loaded = load_config(config, settings).model_copy(update={"drop_duplicates": False})
    problems, rejections = read_problems(loaded)
    groups = find_duplicates(problems)
    if as_json:
        content = {
            "problems": len(problems),
            "rejections": [asdict(rejection) for rejection in rejections],
            "duplicates": [asdict(group) for group in groups],
        }
        typer.echo(json.dumps(content))
        return
    typer.echo(f"{len(problems)} problems, {len(rejections)} rejected, {len(groups)} groups alike")
    for rejection in rejections:
        typer.echo(f"rejected {rejection.record_id}: {rejection.reason}")
    for group in groups:
        typer.echo(f"{group.likeness}: {', '.join(group.problem_ids)}")


@eval_app.command(
    "oracle",
    epilog="Example: labeler eval oracle --labeler omegaprm --labeler monte_carlo --problems 200",
)
def eval_oracle(
    labelers: Annotated[
        list[str], typer.Option("--labeler", help="monte_carlo or omegaprm; may be repeated.")
    ],
    problems: Annotated[int, typer.Option(min=1, help="How many fresh problems.")] = 200,
    seed: Annotated[int, typer.Option(help="Seed of problems and rollouts.")] = 1,
    config: Annotated[
        Path, typer.Option(help="Policy and settings come from this file.")
    ] = QUICKSTART,
    settings: Settings = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Run labelers on fresh problems of the oracle domain and compare with the truth."""
    import json

    from labeler.config import load_config
    from labeler.terminal import print_evaluations, progress_bar
    from labeler.wiring import evaluate_oracle

    loaded = load_config(config, settings)
    with progress_bar("evaluating") as show:
        results = evaluate_oracle(loaded, labelers, problems, seed, show)
    if as_json:
        content = {result.labeler: result.to_json(loaded.consensus.rule) for result in results}
        typer.echo(json.dumps({"problems": problems, "seed": seed, "labelers": content}))
        return
    print_evaluations(results)


def _run_flow(config: Path, out: Path, resume: bool, settings: list[str]) -> int:
    """Runs flows/label.py in a process of its own: this package never imports Prefect."""
    import subprocess
    import sys

    command = [sys.executable, "-m", "flows.label", str(config), "--out", str(out)]
    command += ["--resume"] * resume
    command += [word for setting in settings for word in ("--set", setting)]
    return subprocess.run(command, check=False).returncode


@contextmanager
def _keeping_what_was_done() -> Iterator[None]:
    """Ctrl-C ends a run quietly: every reply is in the journal already."""
    try:
        yield
    except KeyboardInterrupt:
        fail("interrupted; what was sampled is kept, add --resume to go on", 130)


def fail(message: str, code: int) -> NoReturn:
    """One line on standard error, and out."""
    typer.echo(f"labeler: {' '.join(message.split())}", err=True)
    raise SystemExit(code)


def main() -> None:
    """Entry point: turns our errors into one line and an exit code; the rest is typer's."""
    try:
        app()
    except UserError as error:
        fail(str(error), 2)
    except BackendError as error:
        fail(f"{error} (what was sampled is kept; add --resume to go on)", 3)
    except LabelerError as error:
        fail(str(error), 1)


if __name__ == "__main__":
    main()
