"""A mistake that our error tree explains is one line in Prefect's logs too, without a stack trace.

What nobody foresaw keeps its trace.
"""

from __future__ import annotations

import logging

from labeler.errors import LabelerError
from labeler.shown import line

LOGGERS = ("prefect.flow_runs", "prefect.task_runs", "prefect.engine")


class _OneLine(logging.Filter):
    """Shortens records that carry one of our errors, or leaves them out for a command that speaks
    for itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self.silent = False
        self._explained = False

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, LabelerError):
            record.msg, record.args = "%s: %s", (type(error).__name__, line(str(error)))
            record.exc_info = record.exc_text = None
            self._explained = True
            return not self.silent
        ends = str(record.msg).startswith("Finished in state Failed")
        return not (ends and self._explained and self.silent)


_FILTER = _OneLine()


def explain_errors(*, silent: bool = False) -> None:
    """From here on our errors are one line; with `silent` none, where the caller prints it."""
    _FILTER.silent = _FILTER.silent or silent
    for name in LOGGERS:
        # Adding it twice changes nothing.
        logging.getLogger(name).addFilter(_FILTER)
