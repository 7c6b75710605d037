"""Replies by content hash."""

import hashlib
import random
import sqlite3
import zlib
from contextlib import ExitStack, closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.driver import places
from labeler.driver.identity import request_key
from labeler.driver.journal import Journal
from labeler.driver.requests import (
    Check,
    CheckResult,
    Completion,
    Failed,
    Message,
    Prompt,
    Run,
    RunResult,
    Sample,
    Samples,
    Scores,
    TestResult,
    TestStatus,
)
from labeler.errors import DatasetError
from labeler.records import Problem, Sampling, Verdict

SAMPLE = Sample(Prompt((Message("user", "1 + 1?"),), "It "), 2, Sampling(), 7, requester="mc")
REPLIES = [
    Samples((Completion("is 2", 3, "stop", ("is", " 2"), (-0.5, -1.25)),), 9, "tiny@1"),
    Scores((-1.5, -0.25), 4, "tiny@1"),
    CheckResult(Verdict.UNKNOWN, "timed out after 5 s"),
    Failed("prompt has 9 tokens, the model takes 8"),
]


def key(word):
    return hashlib.sha256(word.encode()).digest()


@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_comes_back_as_it_went_in(tmp_path, reply):
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.put([(key("key"), reply)])
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert (journal.get(key("key")), journal.get(key("other")), len(journal)) == (
            reply,
            None,
            1,
        )


STORED = [
    (
        Run("print(1)\n", tests=("assert f(1)",)),
        "04a9281f8d913aae4c3b5de8411a858f75701adfa01da13e2e4f2e385f45649c",
        "Ran",
        '{"ended":"finished","exit_code":0,"stdout":"","stderr":"","tests":['
        '{"result":"passed","reason":""},{"result":"failed","reason":"AssertionError"},'
        '{"result":"untested","reason":"no"}],"covered":[1],"peak_bytes":9,"cpu_s":0.5,'
        '"wall_s":1.5,"isolation":"held"}',
        RunResult(
            "finished",
            0,
            "",
            "",
            (
                TestResult(TestStatus.PASSED),
                TestResult(TestStatus.FAILED, "AssertionError"),
                TestResult(TestStatus.UNTESTED, "no"),
            ),
            (1,),
            9,
            0.5,
            1.5,
            "held",
        ),
    ),
    (
        Check(Problem("p", "math", "1+1?", "2"), "3"),
        "de412931244d96d176b5e88df77b94b552b09b9e7b408962d9556b18856a7451",
        "Checked",
        '{"verdict":"wrong","reason":"2 is not 3"}',
        CheckResult(Verdict.WRONG, "2 is not 3"),
    ),
]
"""Requests to the backend "old", and what a journal of 2b308d2 holds of them."""


@pytest.mark.parametrize(("request_", "stored", "kind", "content", "reply"), STORED)
def test_journals_keep_their_keys_and_words(tmp_path, request_, stored, kind, content, reply):
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.put([(request_key(request_, "old"), reply)])
    with closing(sqlite3.connect(path)) as database:
        [(kept_key, kept)] = database.execute("SELECT keys, replies FROM blocks")
    assert (kept_key.hex(), zlib.decompress(kept).decode()) == (stored, f"{kind} {content}")
    with Journal(path) as journal:
        assert journal.get(bytes.fromhex(stored)) == reply


ORDERED = "WITHOUT ROWID"
"""Once tables were ordered by key, too."""


def journal_of_2b308d2(path, of_table=""):
    """A row for each reply, as journals had them."""
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "CREATE TABLE replies (key BLOB PRIMARY KEY, kind TEXT NOT NULL, reply BLOB NOT NULL)"
            + of_table
        )
        for _, stored, kind, content, _ in STORED:
            packed = zlib.compress(content.encode(), level=1)
            row = (bytes.fromhex(stored), kind, packed)
            database.execute("INSERT INTO replies VALUES (?, ?, ?)", row)
        database.commit()


@pytest.mark.parametrize("of_table", ["", ORDERED])
def test_a_journal_of_an_earlier_version_goes_on(tmp_path, of_table):
    journal_of_2b308d2(tmp_path / "journal.sqlite", of_table)
    for _ in range(2):
        with Journal(tmp_path / "journal.sqlite") as journal:
            journal.put([(key("new"), REPLIES[1])])
            known = journal.get_all([key("new"), *(bytes.fromhex(one[1]) for one in STORED)])
            assert list(known.values()) == [REPLIES[1], *(one[4] for one in STORED)]
            assert len(journal) == 3


def test_a_journal_of_an_earlier_version_is_taken_over(tmp_path):
    journal_of_2b308d2(tmp_path / "shard.sqlite")
    with Journal(tmp_path / "journal.sqlite") as journal:
        first = bytes.fromhex(STORED[0][1])
        journal.put([(first, REPLIES[1])])
        journal.take_over(tmp_path / "shard.sqlite")
    with Journal(tmp_path / "journal.sqlite") as journal:
        found = [journal.get(first), journal.get(bytes.fromhex(STORED[1][1]))]
        assert found == [REPLIES[1], STORED[1][4]]


@pytest.mark.parametrize("kept", [zlib.compress(b'Unheard {"reason":"no"}'), b"no zlib"])
def test_what_cannot_be_read_counts_as_absent_and_is_replaced(tmp_path, kept):
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.put([(key("key"), REPLIES[0])])
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE blocks SET replies = ?", (kept,))
        database.commit()
    with Journal(path) as journal:
        assert journal.get(key("key")) is None
        journal.put([(key("key"), REPLIES[1])])
    with Journal(path) as journal:
        assert journal.get(key("key")) == REPLIES[1]


def test_a_block_that_is_gone_counts_as_absent(tmp_path):
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.put([(key("key"), REPLIES[0])])
        with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as database:
            database.execute("DELETE FROM blocks")
            database.commit()
        assert journal.get(key("key")) is None


@pytest.mark.parametrize("opened_again", [False, True])
def test_replies_are_found_whether_their_keys_are_indexed_yet_or_not(
    tmp_path, monkeypatch, opened_again
):
    """Every second batch fills the memory that is left to keys; the fifth is not indexed."""
    monkeypatch.setattr(places, "KEYS_AT_ONCE", 30)
    path = tmp_path / "journal.sqlite"
    replies = {key(str(i)): Failed(f"reply {i}") for i in range(100)}
    told = list(replies.items())
    with ExitStack() as stack:
        journal = stack.enter_context(Journal(path))
        for start in range(0, 100, 20):
            journal.put(told[start : start + 20])
        if opened_again:
            journal = stack.enter_context(Journal(path))
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("SELECT count(*) FROM places").fetchone() == (80,)
        assert journal.get_all([key("another"), *replies]) == replies
        assert len(journal) == 100


def test_of_two_keys_that_begin_alike_the_later_is_found_and_the_other_asked_again(tmp_path):
    one, other = key("key"), key("key")[:8] + key("other")[8:]
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.put([(one, REPLIES[0])])
        journal.put([(other, REPLIES[1])])
        assert journal.get_all([one, other]) == {other: REPLIES[1]}


def test_a_block_holds_little_beside_a_long_reply(tmp_path):
    """For all of it is read for one."""
    path = tmp_path / "journal.sqlite"
    replies = {key(str(i)): Failed("long " * 20_000) for i in range(5)}
    with Journal(path) as journal:
        journal.put(replies.items())
        assert journal.get_all(list(replies)) == replies
    with closing(sqlite3.connect(path)) as database:
        held = database.execute("SELECT length(keys) / 32 FROM blocks").fetchall()
    assert held == [(2,), (2,), (1,)]


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_the_filter_never_denies_what_it_was_given(numbers):
    known = places.Filter()
    known.add(numbers)
    assert all(number in known for number in numbers)


def test_the_filter_knows_most_of_what_it_was_not_given():
    known = places.Filter()
    drawn = random.Random(1)
    known.add([drawn.getrandbits(63) for _ in range(100_000)])
    assert sum(drawn.getrandbits(63) in known for _ in range(10_000)) < 20


def test_a_file_that_is_no_journal_is_one_clear_line(tmp_path):
    (tmp_path / "journal.sqlite").write_text("no database at all, but long enough to be read")
    with pytest.raises(DatasetError, match=r"journal.sqlite: cannot open the journal \(.*\); "):
        Journal(tmp_path / "journal.sqlite")


def test_a_journal_that_is_damaged_is_one_clear_line(tmp_path):
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.put((bytes([i]) * 32, REPLIES[0]) for i in range(200))
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 60_000)
    with (
        pytest.raises(DatasetError, match=r"cannot open the journal \(.*malformed.*\); move"),
        Journal(path),
    ):
        pass


def test_the_replies_of_another_journal_are_taken_over_and_replace_none(tmp_path):
    with Journal(tmp_path / "other.sqlite") as other:
        other.put([(key("both"), REPLIES[3]), (key("other"), REPLIES[1])])
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.put([(key("both"), REPLIES[0])])
        journal.take_over(tmp_path / "other.sqlite")
        journal.take_over(tmp_path / "other.sqlite")
        assert [journal.get(key("both")), journal.get(key("other"))] == [REPLIES[0], REPLIES[1]]
        assert len(journal) == 2


@pytest.mark.parametrize("pragma", [None, "PRAGMA journal_mode=WAL"])
def test_a_journal_whose_process_was_killed_before_its_table_was_there_holds_nothing(
    tmp_path, pragma
):
    (tmp_path / "shard.sqlite").touch()
    if pragma:
        with closing(sqlite3.connect(tmp_path / "shard.sqlite")) as database:
            database.execute(pragma)
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.put([(key("key"), REPLIES[0])])
        journal.take_over(tmp_path / "shard.sqlite")
        assert (journal.get(key("key")), len(journal)) == (REPLIES[0], 1)


def test_a_database_that_is_no_journal_is_not_taken_over(tmp_path):
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as database:
        database.execute("CREATE TABLE notes (content TEXT)")
    with (
        Journal(tmp_path / "journal.sqlite") as journal,
        pytest.raises(DatasetError, match=r"other.sqlite: cannot read the journal \(no such table"),
    ):
        journal.take_over(tmp_path / "other.sqlite")
