"""A folder is not read again for what it held, and says what reading all of it anew says."""

import json
import os
import sqlite3
from contextlib import contextmanager

import pytest

from labeler.config import load_config
from labeler.dataset.ledger import content_sha
from labeler.labelling import held as held_module
from labeler.problems.plain import read_plain
from labeler.records import Rejection
from labeler.wiring.problems import what_is_held

LONG_AGO = 1_700_000_000


@pytest.fixture
def folder(tmp_path):
    """A watched folder of files that were written long ago."""

    class Folder:
        def __init__(self):
            self.inbox, self.out = tmp_path / "inbox", tmp_path / "out"
            self.looked_into = []

        def write(self, name, *texts, end="\n", at=LONG_AGO):
            lines = [json.dumps({"text": text, "gold_answer": "7"}) for text in texts]
            self.inbox.mkdir(exist_ok=True)
            (self.inbox / name).write_text("\n".join(lines) + end)
            os.utime(self.inbox / name, (at, at))

        @contextmanager
        def held(self, out=None, **changes):
            content = {
                "problems": {"kind": "plain", "path": str(self.inbox)},
                "policy": {"kind": "transformers", "model": "none"},
                "labelers": [{"kind": "monte_carlo"}],
            }
            file = tmp_path / "run.yaml"
            file.write_text(json.dumps(content | changes))
            with what_is_held(load_config(file), out or self.out) as held:
                yield held

        def look(self, **changes):
            """The texts that are held and the rejections; and that reading anew says the same."""
            self.looked_into.clear()
            with self.held(**changes) as held:
                found = ([one.text for one in held.problems(held.ids)], held.rejections)
                ids = dict(held.ids)
            read = [*self.looked_into]
            with self.held(tmp_path / f"fresh{len(list(tmp_path.iterdir()))}", **changes) as fresh:
                texts = [one.text for one in fresh.problems(fresh.ids)]
                assert (found, ids) == ((texts, fresh.rejections), dict(fresh.ids))
            self.looked_into[:] = read
            return found

    return Folder()


@pytest.fixture(autouse=True)
def spied(folder, monkeypatch):
    """Takes down which files are read; they are read all the same."""
    real = held_module.read_in_folder

    def read(file, *given):
        folder.looked_into.append(file.name)
        return real(file, *given)

    monkeypatch.setattr(held_module, "read_in_folder", read)


def test_only_a_new_file_is_read(folder):
    folder.write("1.jsonl", "1 + 6?", "2 + 5?")
    assert folder.look() == (["1 + 6?", "2 + 5?"], ())
    assert folder.looked_into == ["1.jsonl"]
    folder.write("2.jsonl", "3 + 4?")
    assert folder.look() == (["1 + 6?", "2 + 5?", "3 + 4?"], ())
    assert folder.looked_into == ["2.jsonl"]
    assert folder.look() == (["1 + 6?", "2 + 5?", "3 + 4?"], ())
    assert folder.looked_into == []


def test_a_problem_of_a_new_file_is_compared_with_those_of_files_that_are_not_read(folder):
    folder.write("1.jsonl", "1 + 6?")
    folder.look()
    folder.write("2.jsonl", "1  +  6?")
    texts, [duplicate] = folder.look()
    assert folder.looked_into == ["2.jsonl"]
    with folder.held() as held:
        [first] = held.ids.values()
    assert (texts, duplicate.reason) == (["1 + 6?"], f"exact duplicate of {first}")


@pytest.mark.parametrize("same_size", [False, True])
def test_a_changed_file_is_read_anew_even_if_it_is_as_large_and_claims_to_be_as_old(
    folder, same_size
):
    folder.write("1.jsonl", "1 + 6?")
    folder.write("2.jsonl", "2 + 5?")
    folder.look()
    folder.write("1.jsonl", "6 + 1?" if same_size else "What is 6 + 1?")
    assert folder.look()[0] == ["6 + 1?" if same_size else "What is 6 + 1?", "2 + 5?"]
    assert folder.looked_into == ["1.jsonl", "2.jsonl"]


def test_what_was_deleted_or_renamed_is_held_no_more(folder):
    folder.write("1.jsonl", "1 + 6?")
    folder.write("2.jsonl", "2 + 5?")
    folder.look()
    (folder.inbox / "2.jsonl").rename(folder.inbox / "0.jsonl")
    assert folder.look()[0] == ["2 + 5?", "1 + 6?"]
    (folder.inbox / "0.jsonl").unlink()
    assert folder.look()[0] == ["1 + 6?"]


def test_a_file_between_others_decides_which_of_two_is_the_duplicate(folder):
    folder.write("2.jsonl", "1 + 6?")
    folder.look()
    folder.write("1.jsonl", "1  +  6?")
    assert folder.look()[0] == ["1  +  6?"]


def test_a_half_written_file_is_read_until_it_is_whole(folder):
    folder.write("1.jsonl", "1 + 6?")
    folder.write("2.jsonl", "2 + 5?", '3 + 4?", "gold_ans', end="")
    (folder.inbox / "2.jsonl").write_bytes((folder.inbox / "2.jsonl").read_bytes()[:-20])
    os.utime(folder.inbox / "2.jsonl", (LONG_AGO, LONG_AGO))
    folder.write("3.jsonl", "4 + 3?")
    texts, [rejection] = folder.look()
    assert (texts, rejection.stage) == (["1 + 6?", "2 + 5?", "4 + 3?"], "half-written")
    assert folder.look()[0] == texts
    assert folder.looked_into == ["2.jsonl", "3.jsonl"]
    folder.write("2.jsonl", "2 + 5?", "3 + 4?")
    assert folder.look() == (["1 + 6?", "2 + 5?", "3 + 4?", "4 + 3?"], ())
    assert folder.looked_into == ["2.jsonl", "3.jsonl"]


def test_what_is_none_is_told_every_time(folder):
    folder.write("1.jsonl", "1 + 6?", "")
    no_text = Rejection("read", f"{folder.inbox}/1.jsonl:2", "no problem text")
    assert [folder.look(), folder.look()] == [(["1 + 6?"], (no_text,))] * 2
    assert folder.looked_into == []


def test_a_single_file_is_not_read_again_either_and_errors_are_not_kept(folder):
    folder.write("1.jsonl", "1 + 6?")
    source = {"kind": "plain", "path": str(folder.inbox / "1.jsonl")}
    assert folder.look(problems=source)[0] == ["1 + 6?"]
    folder.write("1.jsonl", "1 + 6?", "2 + 5?")
    assert folder.look(problems=source)[0] == ["1 + 6?", "2 + 5?"]


def test_other_settings_read_anew(folder):
    folder.write("1.jsonl", "1 + 6?", "1  +  6?")
    assert len(folder.look()[0]) == 1
    assert len(folder.look(drop_duplicates=False)[0]) == 2
    assert folder.looked_into == ["1.jsonl"]


def test_what_is_kept_may_be_damaged_or_deleted_and_nothing_of_a_broken_look_is(folder):
    folder.write("1.jsonl", "1 + 6?")
    with pytest.raises(ZeroDivisionError), folder.held():
        1 / 0  # noqa: B018
    assert folder.look()[0] == ["1 + 6?"]
    assert folder.looked_into == ["1.jsonl"]
    [kept] = (folder.out / "_work").glob("source-*.sqlite")
    kept.write_bytes(b"no database" * 1000)
    assert folder.look()[0] == ["1 + 6?"]
    kept.unlink()
    assert folder.look()[0] == ["1 + 6?"]
    assert folder.looked_into == ["1.jsonl"]


def test_while_another_look_has_what_is_kept_all_is_read(folder, monkeypatch):
    monkeypatch.setattr("labeler.scratch.PATIENCE_S", 0.1)
    folder.write("1.jsonl", "1 + 6?")
    folder.look()
    [kept] = (folder.out / "_work").glob("source-*.sqlite")
    other = sqlite3.connect(kept, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert folder.look()[0] == ["1 + 6?"]
    assert folder.looked_into == ["1.jsonl"]
    other.close()


def test_ids_are_by_content(folder):
    folder.write("1.jsonl", "1 + 6?")
    [problem] = read_plain(folder.inbox / "1.jsonl")
    with folder.held() as held:
        assert (held.ids, held.problems([content_sha(problem)])) == (
            {content_sha(problem): problem.problem_id},
            [problem],
        )
