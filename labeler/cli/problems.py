"""`labeler problems`: make, look at and check problem sets."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from labeler.cli.base import AsJson, ConfigFile, Settings, app

problems_app = typer.Typer(help="Make, look at and check problem sets.", no_args_is_help=True)
app.add_typer(problems_app, name="problems")


@problems_app.command("make", epilog="Example: labeler problems make set.jsonl --n 500 --seed 3")
def problems_make(
    file: Annotated[Path, typer.Argument(help="JSONL or Parquet file to write.")],
    n: Annotated[int, typer.Option(min=1, help="How many problems.")] = 200,
    seed: Annotated[int, typer.Option(help="Which endless set they come from.")] = 1,
    min_steps: Annotated[int, typer.Option(help="Fewest steps before the answer (1-16).")] = 4,
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


@problems_app.command("corpus", epilog="Example: labeler problems corpus corpus.jsonl --seed 3")
def problems_corpus(
    file: Annotated[Path, typer.Argument(help="JSONL file to write: id, title, text.")],
    seed: Annotated[int, typer.Option(help="Of the questions (`problems.seed`).")] = 1,
    people: Annotated[int, typer.Option(help="Of the world (`problems.scope.people`).")] = 80,
) -> None:
    """Write the passages that questions of `oracle_agents` are answered from, for a search."""
    from labeler.oracle.agents.world import generate_world, write_corpus

    typer.echo(f"{file}: {write_corpus(file, generate_world(seed, people))} passages")


@problems_app.command("show", epilog="Example: labeler problems show data/quickstart.yaml --n 2")
def problems_show(
    config: ConfigFile,
    n: Annotated[int, typer.Option(min=1, help="How many problems.")] = 3,
    settings: Settings = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Print the first problems of a run file with their reference solutions."""
    from labeler.config import load_config
    from labeler.shown import console, line
    from labeler.steps import reference_text
    from labeler.wiring import read_problems

    problems, _ = read_problems(load_config(config, settings))
    if as_json:
        typer.echo(json.dumps([asdict(problem) for problem in problems[:n]]))
        return
    for problem in problems[:n]:
        console().print(line(problem.problem_id), style="bold", highlight=False, soft_wrap=True)
        typer.echo(problem.text)
        typer.echo(reference_text(problem.reference_solution).rstrip() or "(no reference solution)")
        typer.echo(f"gold answer: {problem.gold_answer}\n")


@problems_app.command("check", epilog="Example: labeler problems check my_run.yaml")
def problems_check(
    config: ConfigFile,
    settings: Settings = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Read the problems of a run file and report what is rejected, and duplicates."""
    from dataclasses import asdict

    from labeler.config import load_config
    from labeler.problems.curation import find_duplicates
    from labeler.shown import line
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
        typer.echo(line(f"rejected {rejection.record_id}: {rejection.reason}"))
    for group in groups:
        typer.echo(line(f"{group.likeness}: {', '.join(group.problem_ids)}"))
