"""The one error tree. Every message is one line: what, where, remedy.

LabelerError
├── UserError          the user can mend it; the CLI prints the line and exits 2
│   ├── ConfigError    a run file is wrong (names the key)
│   ├── DataError      a problem file or dataset is wrong (names file and line)
│   └── DatasetError   a labelled dataset cannot be read or written
├── BackendError       a sampler, checker or sandbox failed as a whole
│   ├── BackendBusy    worth trying again after a pause (overload, time-out, dropped connection)
│   └── BackendDown    not worth trying again (no such model, wrong key, engine gone)
└── RequestError       this one request cannot be answered; its reply is unknown
"""

from __future__ import annotations


class LabelerError(Exception):
    """Root of all errors this project raises on purpose."""

    retry_helps = False


class UserError(LabelerError):
    """Something the user can mend; shown as one line, never as a stack trace."""


class ConfigError(UserError):
    """A run file has an unknown key, a wrong type or an impossible value."""


class DataError(UserError):
    """A problem file cannot be used; the message names file and line."""


class DatasetError(UserError):
    """A labelled dataset cannot be read or written."""


class BackendError(LabelerError):
    """A sampler, checker or sandbox failed; no reply exists."""


class BackendBusy(BackendError):
    """A failure that passes: overload, time-out, dropped connection."""

    retry_helps = True

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class BackendDown(BackendError):
    """A failure that stays: wrong address, no such model, engine gone."""


class RequestError(LabelerError):
    """One request cannot be answered, ever; becomes a `Failed` reply."""
