"""Serves the viewer until it is stopped, then commits what was reviewed."""

from __future__ import annotations

import secrets
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from labeler.dataset import Dataset
from labeler.errors import DatasetError
from labeler.view.app import create_app
from labeler.view.committing import commit_reviews
from labeler.view.safety import is_loopback, others_are_here
from labeler.view.viewer import Viewer

if TYPE_CHECKING:
    import uvicorn


def serve(
    dataset: Dataset,
    port: int = 8765,
    host: str = "127.0.0.1",
    work: Path | None = None,
    reviewer: str = "",
    say: Callable[[str], None] = print,
    with_token: bool | None = None,
) -> int | None:
    """Shows a dataset at `http://host:port` until Ctrl-C or SIGTERM; port 0 takes any free one.

    `say` is given lines for the person: progress, the address, what was committed. Reviews that are
    pending at the end become one new version, whose number is returned. `with_token` asks everybody
    for the token in the printed address; None asks where others could reach it: beyond loopback,
    or with other people on this machine. Raises `DatasetError` where
    the dataset cannot be read, the port is taken, or the commit fails (the reviews are kept then).
    """
    import uvicorn

    listener = _listen(host, port)

    def on_file(file: Path, number: int, n: int) -> None:
        say(f"indexing {file.name} ({number + 1} of {n}; once per file)")

    viewer = Viewer(dataset, work, reviewer, on_file)
    try:
        if with_token is None or not is_loopback(host):
            with_token = not is_loopback(host) or others_are_here()
        token = secrets.token_urlsafe(24) if with_token else None
        config = uvicorn.Config(
            create_app(viewer, token, host), log_level="warning", server_header=False, ws="none"
        )
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listener.getsockname()[1]}/"
        say(address + (f"?token={token}" if token else ""))
        viewer.open_ahead()
        _run_until_stopped(uvicorn.Server(config), listener)
        return _commit(viewer, say)
    finally:
        viewer.close()
        listener.close()


def _run_until_stopped(server: uvicorn.Server, listener: socket.socket) -> None:
    # uvicorn raises the signal that stopped it once more; SIGTERM would end us before the commit.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass  # The ordinary end.
    finally:
        signal.signal(signal.SIGTERM, before)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), port))
        # Before the address is said: whoever follows it at once waits instead of being refused.
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        why = getattr(error, "strerror", None) or error
        raise DatasetError(
            f"cannot listen on {host} port {port} ({why}); choose another --port, 0 for any"
        ) from error
    return listener


def _commit(viewer: Viewer, say: Callable[[str], None]) -> int | None:
    n_steps, n_solutions = viewer.reviews.counts()
    version = commit_reviews(viewer.path, viewer.reviews, viewer.work)
    if version is not None:
        say(f"{viewer.path}, version {version}: {n_steps} steps of {n_solutions} solutions judged")
    return version
