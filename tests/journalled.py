"""How far a run has come, as its journal tells while it goes on."""

import sqlite3


def journalled(out):
    """How many replies the journal of a run into `out` holds."""
    path = out / "_work" / "journal.sqlite"
    if not path.exists():
        return 0
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return database.execute(
            "SELECT coalesce(sum(length(keys)), 0) / 32 FROM blocks"
        ).fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    finally:
        database.close()
