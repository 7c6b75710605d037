"""`labeler view`: look at a dataset in a browser, and review its labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from labeler.cli.base import DatasetFolder, WhichTag, WhichVersion, app


@app.command(epilog="Example: labeler view runs/quickstart --port 8765")
def view(
    dataset: DatasetFolder,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = 8765,
    host: Annotated[
        str, typer.Option(help="Where to listen; beyond this machine a token is needed.")
    ] = "127.0.0.1",
    version: WhichVersion = None,
    tag: WhichTag = None,
    work: Annotated[
        Path | None, typer.Option(help="Index and reviews go here; DATASET/_view if left out.")
    ] = None,
    token: Annotated[
        bool | None,
        typer.Option(
            "--token/--no-token",
            help="On this machine: the printed address holds a token that everybody needs. Left "
            "out: where other people are on the machine. Beyond this machine always.",
        ),
    ] = None,
    reviewer: Annotated[str, typer.Option(help="Your name, kept with your reviews.")] = "",
    bundle: Annotated[
        Path | None,
        typer.Option(help="Write the pages of this version to a new folder, to publish; then end."),
    ] = None,
    bundle_solutions: Annotated[
        int, typer.Option(min=0, help="So many solutions, and trees, go into the bundle.")
    ] = 200,
) -> None:
    """Browse a dataset in a web browser and review its labels, until Ctrl-C.

    Reviews become evidence of labeler `human` in a new version: by the Commit button, and when the
    viewer stops.
    """
    from labeler.dataset import resolve
    from labeler.view import serve

    opened = resolve(dataset, version, tag)
    if bundle is None:
        serve(opened, port, host, work, reviewer, typer.echo, token)
        return
    from labeler.view.bundle import write_bundle
    from labeler.view.viewer import Viewer

    viewer = Viewer(opened, work, reviewer)
    try:
        n_pages = write_bundle(viewer, bundle, bundle_solutions)
    finally:
        viewer.close()
    typer.echo(f"{bundle / 'index.html'}: version {opened.version} of {dataset}, {n_pages} pages")
