"""The Prefect flows; the only package that imports Prefect.

Prefect reads its settings when it is imported, so what all our processes need is set here, before
any module of this package imports it. A setting that is in the environment already wins.

It stands at the top of the repository, as `flows`, and is packaged as `labeler.flows` (setup.py):
its modules import each other relatively.
"""

import os
import warnings

SETTINGS = {
    # Nothing is reported to anybody.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # A busy laptop needs more than the default 20 s for the temporary server's first start.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    # SQLite writers wait for each other; on a busy disk longer than the default 10 s.
    "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
    # Places on an engine outlive a restart of the server; kept in memory they would never be free.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
        "prefect.server.concurrency.lease_storage.filesystem"
    ),
    # A server that is restarted is waited for: pauses of 2, 4, 8 ... s, four minutes in all.
    "PREFECT_CLIENT_MAX_RETRIES": "7",
    # So that a server can tell a run that died from one that works (30 s is the least it takes).
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
}
for _name, _value in SETTINGS.items():
    os.environ.setdefault(_name, _value)
# Whoever needs the folder says so in a line of its own (`flows.prefect_home`).
warnings.filterwarnings("ignore", "Failed to create the Prefect home directory")
