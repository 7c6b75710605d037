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
    # Writers wait for each other (`flows.prefect_server`); on a busy disk longer than 10 s.
    "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
    # Places on an engine outlive a restart of the server; kept in memory they would never be free.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
        "prefect.server.concurrency.lease_storage.filesystem"
    ),
    # A server that is restarted is waited for: pauses of 2, 4, 8 ... s, four minutes in all.
    "PREFECT_CLIENT_MAX_RETRIES": "7",
    # Fewer transactions: task runs and events are written some at a time.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "10",
    # Runs are planned for ten minutes or two times ahead, not for a hundred.
    "PREFECT_SERVER_SERVICES_SCHEDULER_MAX_RUNS": "12",
    "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_RUNS": "2",
    "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_SCHEDULED_TIME": "PT10M",
    # So that a year's database is that of a month: runs with their logs and artifacts (seconds),
    # and events, which tell nothing that the runs do not.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(30 * 24 * 3600),
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P7D",
}
for _name, _value in SETTINGS.items():
    os.environ.setdefault(_name, _value)
# Whoever needs the folder says so in a line of its own (`flows.prefect_home`).
warnings.filterwarnings("ignore", "Failed to create the Prefect home directory")
