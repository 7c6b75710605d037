"""Python's search for cycles, made seldom where records stream through.

Records have no cycles and go as soon as they are done with. Python would look through the young
ones every 700 objects, and through all that was ever imported every few thousand: an eighth of the
driver's processor time, a quarter of that of `labeler consensus`.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

THRESHOLDS = (10_000, 20, 20)
"""Objects that came and did not go, and searches among younger ones, before the next search."""


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """What was there before is left alone meanwhile. For all of the process."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
