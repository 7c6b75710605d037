"""Bookkeeping that outgrows memory."""

import resource

import pytest

from labeler.errors import DataError
from labeler.scratch import first_seen, scratch


def test_the_first_value_of_a_name_stays():
    with first_seen() as locations:
        assert locations.setdefault("p1", "set.jsonl:1") == "set.jsonl:1"
        assert locations.setdefault("p2", "set.jsonl:2") == "set.jsonl:2"
        assert locations.setdefault("p1", "set.jsonl:3") == "set.jsonl:1"


def test_a_path_that_is_no_unicode_is_a_value_too():
    with first_seen() as locations:
        locations.setdefault("p1", "caf\udce9.jsonl:1")
        assert locations.setdefault("p1", "other") == "caf\udce9.jsonl:1"


def test_a_file_that_may_not_grow_is_one_line():
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with (
            pytest.raises(DataError, match=r"^temporary files: .*; free space where they lie, or"),
            scratch("CREATE TABLE texts (text BLOB)") as database,
        ):
            for _ in range(20_000):
                database.execute("INSERT INTO texts VALUES (?)", (b"x" * 1000,))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
