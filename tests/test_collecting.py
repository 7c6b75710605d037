"""The search for cycles is made seldom only as long as it is asked for."""

import gc

import pytest

from labeler.collecting import THRESHOLDS, seldom_collecting


def test_the_search_for_cycles_is_as_before_afterwards():
    before = gc.get_threshold()
    with pytest.raises(KeyError), seldom_collecting():
        assert gc.get_threshold() == THRESHOLDS
        assert gc.get_freeze_count() > 0
        raise KeyError
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
