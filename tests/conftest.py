"""For all tests: properties take as long as they take, and the flows run beside the others."""

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_collection_modifyitems(items):
    """Two groups for `-n 2 --dist loadgroup`, each in its order on a process of its own.

    Flows mostly wait for Prefect and run no programs in the sandbox, whose tests look at what is
    left on the machine.
    """
    for item in items:
        group = "flows" if item.path.parent.name == "flows" else "others"
        item.add_marker(pytest.mark.xdist_group(group))
