"""Keys of servers. A run file names the variable that holds one, never the key itself.

What a server says may repeat the key that it was shown, and an error of ours repeats what servers
say: into terminals, journals, datasets. So secrets are masked before an error leaves its backend.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from labeler.errors import ConfigError, LabelerError

MASK = "***"
SHORT = 8
"""A key of fewer characters (`EMPTY`, `none`) is masked as a word, not inside of others."""


def api_key(variable: str) -> str:
    """The key in this environment variable. Raises `ConfigError`."""
    key = os.environ.get(variable)
    if not key:
        raise ConfigError(f"the variable {variable} is not set; export it with the server's key")
    return key


def bearer(variable: str | None) -> dict[str, str]:
    """The header that shows the key; none where no variable is named. Raises `ConfigError`."""
    return {"Authorization": f"Bearer {api_key(variable)}"} if variable else {}


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text with `***` for each secret in it."""
    for secret in secrets:
        if secret:
            around = ("", "") if len(secret) >= SHORT else (r"(?<!\w)", r"(?!\w)")
            text = re.sub(re.escape(secret).join(around), MASK, text)
    return text


@contextmanager
def masking(secrets: Iterable[str]) -> Iterator[None]:
    """An error of ours that leaves the block repeats none of these secrets."""
    try:
        yield
    except LabelerError as error:
        error.args = tuple(
            masked(one, secrets) if isinstance(one, str) else one for one in error.args
        )
        raise
