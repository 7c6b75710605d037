"""Commands that run in a process of their own: this package never imports Prefect."""

from __future__ import annotations


def run_module(module: str, *words: str) -> int:
    """Runs `python -m MODULE WORDS` to its end and gives its exit code.

    Ctrl-C reaches the child by itself, which then ends in its own order and says so; a request to
    end that only we hear (SIGTERM) is handed on. In neither case is it left behind.
    """
    import signal
    import subprocess
    import sys
    from contextlib import suppress

    with subprocess.Popen([sys.executable, "-m", module, *words]) as child:
        before = signal.signal(signal.SIGTERM, lambda number, frame: child.terminate())
        try:
            while child.poll() is None:
                with suppress(KeyboardInterrupt):
                    child.wait()
        finally:
            signal.signal(signal.SIGTERM, before)
        return child.returncode
