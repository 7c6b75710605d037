"""The command line: a thin skin over `labeler.run`, `labeler.open` and the parts in `wiring`.

One module per group of commands; heavy modules are imported inside commands, so that `--help` is
quick. A user's mistake is one line on standard error and exit code 2; Ctrl-C keeps what was sampled
and exits with 130.
"""

from __future__ import annotations

import sys
import traceback
from types import TracebackType

# Each registers its commands.
from labeler.cli import (  # noqa: F401
    consensus,
    datasets,
    doctor,
    evaluation,
    init,
    label,
    plan,
    problems,
    publishing,
    report,
    run,
    schedule,
    upkeep,
    versions,
    view,
)
from labeler.cli.base import app, fail, fail_where_full
from labeler.collecting import seldom_collecting
from labeler.errors import BackendError, LabelerError, UserError
from labeler.shown import say, text_only


def main() -> None:
    """Entry point: turns our errors into one line and an exit code; the rest is typer's."""
    sys.excepthook = _trace
    with text_only(), seldom_collecting():
        _run()


def _trace(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    """What nobody foresaw, as Python prints it, but as text: messages quote what they got."""
    say("".join(traceback.format_exception(kind, error, at)).rstrip(), err=True)


def _way_on() -> str:
    """How the command that was cut off goes on with what it has."""
    if sys.argv[1:2] == ["eval"]:
        return "what was sampled is kept where --journal was given; run it again with the same"
    return "what was sampled is kept; add --resume to go on"


def _run() -> None:
    try:
        app()
    except UserError as error:
        fail(str(error), 2)
    except BackendError as error:
        fail(f"{error} ({_way_on()})", 3)
    except LabelerError as error:
        fail(str(error), 1)
    except OSError as error:
        fail_where_full(error)
        raise
