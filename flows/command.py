"""How the commands of this package end: a result, or one line on standard error."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from labeler.cli.base import fail, fail_where_full
from labeler.errors import BackendError, LabelerError

from .error_filter import explain_errors
from .prefect_home import refuse_unwritable_home


@contextmanager
def ending_in_one_line(*, resumable: bool = True) -> Iterator[None]:
    """Turns our errors, a lost Prefect server and Ctrl-C into one line and an exit code.

    `resumable`: what was cut off can go on with --resume, and the line says so.
    """
    import httpx
    from prefect.exceptions import PrefectHTTPStatusError
    from prefect.settings import PREFECT_API_URL

    explain_errors(silent=True)
    # A request to end is an interruption, after which Python stops what it started. Ctrl-C may be
    # ignored in what a shell starts in the background, and in all that this starts.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    kept = " (what was sampled is kept; add --resume to go on)" if resumable else ""
    try:
        if not PREFECT_API_URL.value():
            # Prefect will start a temporary server.
            refuse_unwritable_home()
        yield
    except KeyboardInterrupt:
        fail(f"interrupted{kept}", 130)
    except BackendError as error:
        fail(f"{error}{kept}", 3)
    except LabelerError as error:
        fail(str(error), 2)
    except OSError as error:
        fail_where_full(error)
        raise
    except (httpx.TransportError, PrefectHTTPStatusError) as error:
        fail(f"{server_trouble(error)}{kept}", 3)
    except RuntimeError as error:
        # What Prefect makes of a server that it cannot reach at its first call.
        if not isinstance(error.__cause__, httpx.TransportError):
            raise
        fail(f"{server_trouble(error.__cause__)}{kept}", 3)


def server_trouble(error: Exception) -> str:
    """What to do about a Prefect server that does not answer, or refuses."""
    from prefect.settings import PREFECT_API_URL

    url = PREFECT_API_URL.value() or "the temporary one"
    return (
        f"the Prefect server at {url} does not answer ({type(error).__name__}); "
        "start it with `make server` or `labeler server`, or mend PREFECT_API_URL"
    )
