"""Values put aside on disk."""

import pickle
import resource

import pytest

from labeler.errors import DatasetError
from labeler.spool import Spool


def test_values_come_back_in_any_order_and_as_often_as_wanted(tmp_path):
    with Spool(tmp_path / "new") as spool:
        spool.append((1, "one"))
        spool.append("two" * 9999)
        assert [spool[i] for i in (1, 0, -1)] == ["two" * 9999, (1, "one"), "two" * 9999]
        spool.append(())
        assert (spool[2], len(spool)) == ((), 3)


def test_it_is_a_sequence_whose_slices_are_sequences():
    spool = Spool()
    for letter in "abcdef":
        spool.append(letter)
    part = spool[1:5]
    assert ("".join(spool), "".join(part), len(part)) == ("abcdef", "bcde", 4)
    assert (part[0], part[-1], "".join(part[1:3]), "".join(part[::-1])) == ("b", "e", "cd", "edcb")
    with pytest.raises(IndexError):
        part[4]


def test_a_slice_lives_longer_than_the_name_of_its_spool():
    spool = Spool()
    spool.append("a")
    part = spool[:]
    del spool
    assert list(part) == ["a"]


def test_pickled_it_is_a_tuple_of_its_values():
    """Another process cannot read the file."""
    spool = Spool()
    for letter in "abc":
        spool.append(letter)
    assert pickle.loads(pickle.dumps((spool, spool[1:]))) == (("a", "b", "c"), ("b", "c"))


def test_nothing_of_it_is_left_in_the_folder(tmp_path):
    with Spool(tmp_path) as spool:
        spool.append(1)
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
            for _ in range(9):
                spool.append("x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
