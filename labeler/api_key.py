"""Keys of servers. A run file names the variable that holds one, never the key itself."""

from __future__ import annotations

import os

from labeler.errors import ConfigError


def api_key(variable: str) -> str:
    """The key in this environment variable. Raises `ConfigError`."""
    key = os.environ.get(variable)
    if not key:
        raise ConfigError(f"the variable {variable} is not set; export it with the server's key")
    return key


def bearer(variable: str | None) -> dict[str, str]:
    """The header that shows the key; none where no variable is named. Raises `ConfigError`."""
    return {"Authorization": f"Bearer {api_key(variable)}"} if variable else {}
