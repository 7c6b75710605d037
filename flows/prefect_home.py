"""Prefect's own folder, where a server keeps its state: told at once when it cannot be written.

Prefect would wait three minutes for a server that has failed in its first second. Does not cover
a server that somebody else runs, which needs nothing of this machine.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from labeler.errors import ConfigError


def refuse_unwritable_home() -> None:
    """Raises `ConfigError` where Prefect's folder (PREFECT_HOME) takes no file."""
    from prefect.settings import get_current_settings

    home = get_current_settings().home
    try:
        home.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=home).close()
    except OSError as error:
        raise ConfigError(
            f"cannot write {home}; set PREFECT_HOME to a folder that can be written"
        ) from error


def our_folder(name: str) -> Path:
    """A folder of ours beside Prefect's database, made where it is missing."""
    from prefect.settings import get_current_settings

    folder = get_current_settings().home / "labeler" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
