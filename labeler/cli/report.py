"""The command that writes a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from labeler.cli.base import DatasetFolder, WhichTag, WhichVersion, app


@app.command(epilog="Example: labeler report runs/quickstart -o report.html")
def report(
    dataset: DatasetFolder,
    output: Annotated[Path, typer.Option("--output", "-o", help="HTML file to write.")],
    version: WhichVersion = None,
    tag: WhichTag = None,
) -> None:
    """Write one HTML file with figures, tables and examples; it opens offline."""
    from labeler.dataset import resolve
    from labeler.errors import UserError
    from labeler.report import write_report

    if output.is_dir():
        raise UserError(f"{output}: is a folder; name a file, for example {output / 'report.html'}")
    opened = resolve(dataset, version, tag)
    write_report(opened, output)
    typer.echo(f"{output}: version {opened.version} of {dataset}, {output.stat().st_size:,} bytes")
