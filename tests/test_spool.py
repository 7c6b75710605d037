"""Results put aside on disk."""

import resource

import pytest

from labeler.errors import DatasetError
from labeler.spool import Spool


def test_values_come_back_in_any_order_and_as_often_as_wanted(tmp_path):
    with Spool(tmp_path / "new") as spool:
        spool.put("a", (1, "one"))
        spool.put("b", "two" * 9999)
        assert [spool.take(name) for name in "bab"] == ["two" * 9999, (1, "one"), "two" * 9999]
        spool.put("c", ())
        assert spool.take("c") == ()


def test_nothing_of_it_is_left_in_the_folder(tmp_path):
    with Spool(tmp_path) as spool:
        spool.put("a", 1)
        assert list(tmp_path.iterdir()) == []


def test_a_file_that_may_not_grow_is_one_line(tmp_path):
    """What a full disk does too; see `test_run.py` for a real one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with (
            pytest.raises(
                DatasetError, match=r"no space left writing .*; free space and run again"
            ),
            Spool(tmp_path) as spool,
        ):
            for i in range(9):
                spool.put(str(i), "x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
