"""What is done with a run of which the server says that it is at work."""

from dataclasses import replace

import pytest

from flows.at_work import End
from flows.revival import Facts, decide

DEAD = Facts(
    state="RUNNING",
    alive=False,
    seconds=60.0,
    end=None,
    is_wanted=True,
    output_is_busy=False,
    n_revivals=0,
)


def once_more(nth):
    said = f"its process died; it goes on from its journal (revival {nth} of at most 2)"
    return End("Revived", said)


@pytest.mark.parametrize(
    ("what", "done"),
    [
        ({}, once_more(1)),
        ({"n_revivals": 1}, once_more(2)),
        (
            {"n_revivals": 2},
            End(
                "Failed",
                "its process died 3 times, so it is not run again; "
                "see worker.log for what ended it",
            ),
        ),
        ({"alive": True}, None),
        # Its lock may be that of an earlier attempt.
        ({"seconds": 5}, None),
        ({"state": "PENDING", "seconds": 60}, None),
        # Another machine's, perhaps.
        ({"alive": None, "seconds": 1e6}, None),
        ({"state": "PENDING", "alive": None, "seconds": 20}, None),
        ({"state": "PENDING", "alive": None, "seconds": 301}, once_more(1)),
        ({"output_is_busy": True}, None),
        (
            {"is_wanted": False},
            End("Cancelled", "its process died, and its schedule is paused or removed"),
        ),
        ({"state": "CANCELLING"}, End("Cancelled", "its process is gone")),
        (
            {"end": End("Completed", "version 3")},
            End("Completed", "version 3 (told by its note: the server had not heard)"),
        ),
        (
            {"end": End("Failed", "DataError: no"), "n_revivals": 1},
            End("Failed", "DataError: no (told by its note: the server had not heard)"),
        ),
    ],
)
def test_a_run_that_died_is_put_back_and_one_that_ended_is_not(what, done):
    assert decide(replace(DEAD, **what)) == done
