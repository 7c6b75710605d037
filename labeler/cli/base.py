"""What all commands share: the app, its common arguments, how a mistake ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from labeler.files import NO_SPACE
from labeler.shown import say
from labeler.version import __version__

app = typer.Typer(
    name="labeler",
    help="Step labels for process reward models: problems in, versioned step labels out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(asked: bool) -> None:
    if asked:
        say(f"labeler {__version__}")
        raise typer.Exit


@app.callback()
def _whole(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Which labeler this is."
        ),
    ] = False,
) -> None:
    """Options that stand before any command."""


ConfigFile = Annotated[
    Path, typer.Argument(help="The run file (YAML), or the name of one of ours: quickstart.")
]
DatasetFolder = Annotated[
    str, typer.Argument(help="Folder of a labelled dataset, or s3://bucket/prefix.")
]


def _dataset_named(out: str) -> str:
    from labeler.dataset.storage import located

    located(out)
    return out


OutFolder = Annotated[
    str,
    typer.Option(
        "--out",
        # Before anything is read, asked or paid for.
        callback=_dataset_named,
        help="Folder or s3://bucket/prefix of the dataset; a run adds a version.",
    ),
]
Settings = Annotated[
    list[str], typer.Option("--set", help="Override a key, e.g. --set problems.n=50.")
]
WhichVersion = Annotated[
    int | None, typer.Option("--version", help="Which version; the newest if left out.")
]
WhichTag = Annotated[str | None, typer.Option("--tag", help="Which version, by its tag.")]
Form = Annotated[
    str, typer.Option("--form", help="Form of a file's records; auto knows it by its fields.")
]
Columns = Annotated[
    list[str],
    typer.Option("--column", help="Which column holds a field, e.g. --column steps=solution."),
]
Split = Annotated[str, typer.Option("--split", help="Of a data set on the Hub.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")]


def fail(message: str, code: int) -> NoReturn:
    """One line on standard error, and out."""
    say(f"labeler: {' '.join(message.split())}", err=True)
    raise SystemExit(code)


def fail_where_full(error: OSError) -> None:
    """Ends in one line where what is printed goes to a disk that is full; else does nothing."""
    if error.errno not in NO_SPACE:
        return
    # At its exit Python would try again to write what it holds, and complain again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    fail("no space left for what is printed; free space and run again", 2)
