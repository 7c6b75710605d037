"""`labeler init`: a run file to begin with, for GSM8K-like problems and a server."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from labeler.cli.base import app

TEMPLATE = Path(__file__).with_name("init.yaml")


@app.command(epilog="Example: labeler init my.yaml --problems problems.jsonl --model Qwen/Qwen3-8B")
def init(
    file: Annotated[Path, typer.Argument(help="The run file to write (YAML).")],
    problems: Annotated[
        str, typer.Option(help="JSONL with question and answer, from where the file stands.")
    ] = "problems.jsonl",
    model: Annotated[
        str, typer.Option(help="The name that the model is served under.")
    ] = "Qwen/Qwen2.5-Math-7B-Instruct",
    url: Annotated[
        str, typer.Option(help="Address of an OpenAI-compatible server.")
    ] = "http://localhost:8000/v1",
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
) -> None:
    """Write a commented run file for problems in GSM8K's form and a server."""
    from labeler.errors import ConfigError
    from labeler.files import shown, whole_file

    if file.exists() and not force:
        raise ConfigError(f"{file}: is there already; name another file, or add --force")
    given = {"problems": problems, "model": model, "url": url}
    # A text as JSON has it is one in YAML as well, whatever is in it.
    scalars = {key: json.dumps(text, ensure_ascii=False) for key, text in given.items()}
    name = re.sub(r"\W+", "-", file.stem).strip("-") or "run"
    text = TEMPLATE.read_text("utf-8").format(file=shown(file), name=name, **scalars)
    with whole_file(file) as out:
        out.write(text.encode())
    typer.echo(f"{file}: written; look it over, then: labeler problems check {file}")
