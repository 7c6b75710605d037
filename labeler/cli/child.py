"""Commands that run in a process of their own: this package never imports Prefect."""

from __future__ import annotations

from typing import NoReturn

import typer


def run_in_flows(command: str, **arguments: object) -> NoReturn:
    """Runs a command of `flows/__main__.py` to its end and ends with its exit code.

    The arguments are values as JSON has them. Ctrl-C reaches the child by itself, which then ends
    in its own order and says so; a request to end that only we hear (SIGTERM) is handed on. In
    neither case is it left behind.
    """
    import json
    import signal
    import subprocess
    import sys
    from contextlib import suppress

    words = [sys.executable, "-m", _flows(), command]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as child:
        before = signal.signal(signal.SIGTERM, lambda number, frame: child.terminate())
        try:
            # A child that ended before it read them has said why.
            with suppress(KeyboardInterrupt, BrokenPipeError):
                child.communicate(json.dumps(arguments).encode())
            while child.poll() is None:
                with suppress(KeyboardInterrupt):
                    child.wait()
        finally:
            signal.signal(signal.SIGTERM, before)
        raise typer.Exit(child.returncode)


def _flows() -> str:
    """The package of the flows: packaged below this one, or beside it in a checkout."""
    from importlib.util import find_spec

    return "labeler.flows" if find_spec("labeler.flows") else "flows"


def run_flow(flow: str, **arguments: object) -> NoReturn:
    """Runs a flow with these parameters to its end, and shows what came of it."""
    run_in_flows("run", flow=flow, arguments=arguments)
