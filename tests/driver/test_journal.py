"""Replies by content hash."""

import sqlite3
import zlib
from contextlib import closing

import pytest

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


@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_comes_back_as_it_went_in(tmp_path, reply):
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.put([(b"key", reply)])
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert (journal.get(b"key"), journal.get(b"other"), len(journal)) == (reply, None, 1)


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


@pytest.mark.parametrize(("request_", "key", "kind", "content", "reply"), STORED)
def test_journals_keep_their_keys_and_words(tmp_path, request_, key, kind, content, reply):
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.put([(request_key(request_, "old"), reply)])
    with closing(sqlite3.connect(path)) as database:
        [(kept_key, kept_kind, kept)] = database.execute("SELECT key, kind, reply FROM replies")
    assert (kept_key.hex(), kept_kind, zlib.decompress(kept).decode()) == (key, kind, content)
    with Journal(path) as journal:
        assert journal.get(bytes.fromhex(key)) == reply


def test_what_cannot_be_read_counts_as_absent(tmp_path):
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.put([(b"key", REPLIES[0])])
    database = sqlite3.connect(path)
    database.execute("UPDATE replies SET kind = 'Unheard'")
    database.commit()
    with Journal(path) as journal:
        assert journal.get(b"key") is None


def test_a_file_that_is_no_journal_is_one_clear_line(tmp_path):
    (tmp_path / "journal.sqlite").write_text("no database at all, but long enough to be read")
    with pytest.raises(DatasetError, match=r"journal.sqlite: cannot open the journal \(.*\); "):
        Journal(tmp_path / "journal.sqlite")


def test_a_journal_that_breaks_while_it_is_read_is_one_clear_line(tmp_path):
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.put((bytes([i]) * 32, REPLIES[0]) for i in range(200))
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 60_000)
    with (
        Journal(path) as journal,
        pytest.raises(DatasetError, match=r"cannot read the journal \(.*malformed.*\); move"),
    ):
        for i in range(200):
            journal.get(bytes([i]) * 32)


def test_the_replies_of_another_journal_are_taken_over_and_replace_none(tmp_path):
    with Journal(tmp_path / "other.sqlite") as other:
        other.put([(b"both", REPLIES[3]), (b"other", REPLIES[1])])
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.put([(b"both", REPLIES[0])])
        journal.take_over(tmp_path / "other.sqlite")
        journal.take_over(tmp_path / "other.sqlite")
        assert [journal.get(b"both"), journal.get(b"other")] == [REPLIES[0], REPLIES[1]]
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
        journal.put([(b"key", REPLIES[0])])
        journal.take_over(tmp_path / "shard.sqlite")
        assert (journal.get(b"key"), len(journal)) == (REPLIES[0], 1)


def test_a_database_that_is_no_journal_is_not_taken_over(tmp_path):
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as database:
        database.execute("CREATE TABLE notes (content TEXT)")
    with (
        Journal(tmp_path / "journal.sqlite") as journal,
        pytest.raises(DatasetError, match=r"other.sqlite: cannot read the journal \(no such table"),
    ):
        journal.take_over(tmp_path / "other.sqlite")


def test_a_journal_of_an_earlier_version_goes_on(tmp_path):
    """It was ordered by key, which cost twice the time."""
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.put([(b"key", REPLIES[0])])
    database = sqlite3.connect(path)
    database.executescript(
        "CREATE TABLE old (key BLOB PRIMARY KEY, kind TEXT NOT NULL, reply BLOB NOT NULL)"
        " WITHOUT ROWID; INSERT INTO old SELECT * FROM replies; DROP TABLE replies;"
        " ALTER TABLE old RENAME TO replies;"
    )
    database.close()
    with Journal(path) as journal:
        journal.put([(b"new", REPLIES[1])])
        assert [journal.get(b"key"), journal.get(b"new")] == REPLIES[:2]
