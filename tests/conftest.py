"""For all tests: properties are the same everywhere, and those that wait run beside the rest."""

import os

from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

# The same examples in every run, so that a change is judged by what it changes. New ones are looked
# for on purpose: `LABELER_FUZZ=1 python -m pytest -k PROPERTY`, again and again.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("fuzz", deadline=None)
settings.load_profile("fuzz" if "LABELER_FUZZ" in os.environ else "same")


WAITING = (
    "tests/checking/test_workers.py",
    "tests/extensions/",
    "tests/faults/",
    "tests/flows/",
    "tests/hub/",
    "tests/packaging/",
)
LAST = "tests/flows/"


class WaitingBesideWorking(LoadScopeScheduling):
    """Two groups for `-n 2`, each in its order on a process of its own.

    Those that wait, for servers or deadlines, run no programs in the sandbox, whose tests look at
    what is left on the machine. Prefect also leaves connections open until Python collects garbage,
    which would fail whatever test is running then: its tests are the last of theirs. What stands
    beside them makes both groups last about as long.

    A scheduler and not marks with `--dist loadgroup`: pytest-xdist 3.8.0 takes no notice of the
    marks under pytest 9.2.0 (pytest-xdist#1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        return "waiting" if nodeid.startswith(WAITING) else "working"


def pytest_xdist_make_scheduler(config, log):
    return WaitingBesideWorking(config, log)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.nodeid.startswith(LAST))
