"""A Postgres of our own for Prefect's server: for where SQLite is not enough.

Debian's package will do (`apt-get install postgresql`; its own server need not run). The database
lies beside Prefect's other files and is reached by a socket in its folder alone, never by network.
Postgres refuses to run as root: then it runs as the user `postgres`, whose files lie in that
user's own place. Does not cover a Postgres that is there already: give Prefect its address in
PREFECT_API_DATABASE_CONNECTION_URL. Source: postgresql.org/docs/15, initdb, postgres, psql.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labeler.errors import BackendDown, ConfigError
from labeler.records import short_hash

from .children import Child, log_of

USER = "labeler"
DATABASE = "prefect"
START_TIMEOUT_S = 60.0
INSTALLED = Path("/usr/lib/postgresql")
SYSTEM_USER = "postgres"
OPTIONS = ("-c", "listen_addresses=", "-c", "max_connections=60", "-c", "shared_buffers=32MB")
"""Small: Prefect's database is some megabytes, its server opens a dozen connections."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the programs and the files are; `user` runs them, None for ourselves."""

    programs: Path
    folder: Path
    user: str | None

    @property
    def url(self) -> str:
        """As Prefect is told of it."""
        return f"postgresql+asyncpg://{USER}@/{DATABASE}?host={self.folder}"

    def program(self, name: str) -> str:
        return str(self.programs / name)


def place(home: Path) -> Place:
    """Where Postgres is and where its files would lie. Raises `ConfigError` where it is not."""
    found = shutil.which("initdb")
    newest = sorted(INSTALLED.glob("*/bin/initdb"))
    if not found and not newest:
        raise ConfigError(
            "--postgres: Postgres is not installed; on Debian `apt-get install postgresql` "
            "(its own server need not run)"
        )
    programs = Path(found).resolve().parent if found else newest[-1].parent
    if os.geteuid():
        return Place(programs, home / "labeler" / "postgres", None)
    name = f"labeler-{short_hash(str(home.resolve()))[:8]}"
    return Place(programs, Path("/var/lib/postgresql") / name, SYSTEM_USER)


@contextmanager
def serving(where: Place, say: Callable[[str], None]) -> Iterator[Child]:
    """Postgres while the block runs, with an empty database the first time."""
    if not (where.folder / "PG_VERSION").exists():
        _make(where)
    command = [where.program("postgres"), "-D", str(where.folder), "-k", str(where.folder)]
    child = Child("postgres", [*command, *OPTIONS], say, user=where.user, settings=_plain_env())
    try:
        _wait(where, child)
        yield child
    finally:
        child.stop()


def _make(where: Place) -> None:
    """Makes the files, for our user alone."""
    where.folder.parent.mkdir(parents=True, exist_ok=True)
    words = ["-D", str(where.folder), "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C"]
    made = _call(where, "initdb", words)
    if made.returncode:
        reason = made.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise ConfigError(f"--postgres: {where.folder} cannot be made ({reason[0]})")


def _wait(where: Place, child: Child) -> None:
    """Until it answers; the database is made where it is missing."""
    ask = ["-h", str(where.folder), "-U", USER]
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and not child.has_ended():
        found = _call(where, "psql", [*ask, "-Atc", "SELECT datname FROM pg_database", "postgres"])
        if not found.returncode:
            if DATABASE not in found.stdout.split():
                _call(where, "createdb", [*ask, DATABASE]).check_returncode()
            return
        time.sleep(0.2)
    raise BackendDown(f"Postgres did not come up in {where.folder}; see {log_of('postgres')}")


def _call(where: Place, program: str, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [where.program(program), *words],
        user=where.user, env=_plain_env(), cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip


def _plain_env() -> dict[str, str]:
    """Without variables that would name another server, and without anybody's keys."""
    return {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
