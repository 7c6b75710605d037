"""Readers of text in the run's own process come to an end on what makes a square of most.

A reader whose work grows by the square of the text would read for minutes here, so that these
tests end is what they show; no clock is asked. benchmarks/linear.py measures the growth, and tries
every input on every reader.
"""

from __future__ import annotations

import contextlib

import pytest

from labeler.labelers.shared.replies.read import MOST_CHARACTERS, read_reply
from labeler.labelers.table.parsing import as_csv, table_in
from labeler.programs.canonical import canonical_form
from labeler.programs.statements import split_statements
from labeler.records import LONG_TEXT, Verdict, prefix_id, prefix_ids
from labeler.steps import split_steps
from tests.benchmarks.test_search import benchmark

linear = benchmark("linear")
N = 100_000


@pytest.mark.parametrize(
    ("reader", "shape"),
    [
        ("replies: read_json", ("#### a", "[", "x")),
        ("replies: read_json", ('{"steps": ', "{", "}")),
        ("replies: read_json", ("", '{"a":', "")),
        ("replies: read_json", ("", '["', "")),
        ("replies: read_json", ("", '["a" ', "")),
        ("replies: read_json", ("", "\\boxed{", " .")),
        ("replies: read_json", ("", '{"step": 1, "label": "right"} ', "")),
        ("replies: read_json, cut off", ("", "[[1],", "")),
        ("replies: records", ("", "{'a':", "")),
        ("replies: read_reply", ("", "[", " .")),
        ("replies: read_reply", ("", '{"conclusion": "correct"} ', "")),
        ("replies: read_reply by heads", ("", "Step: right\n", "")),
        ("replies: read_lines", ("", "Step 1: right\n", "")),
        ("replies: read_lines", ("", ": right ", "x")),
        ("replies: speaks_to_judge", ("", "note to  the ", "")),
        ("replies: speaks_to_judge", ("", "every step ", "")),
        ("tables: table_in", ("", " ", "x|")),
        ("tables: table_in", ("|", "-|", "x")),
        ("programs: split_statements", ("", "é;", "")),
        ("programs: split_statements", ("", "a;", "")),
        ("programs: canonical_form", ("", "x=x+1\n", "")),
        ("steps: split_steps by line", ("x", "\n", "")),
        ("steps: split_steps", ("x", " \n\n", "")),
    ],
)
def test_a_long_text_is_read(reader, shape):
    with contextlib.suppress(SyntaxError, ValueError):  # what is refused is read, too
        linear.READERS[reader](linear.text(*shape, N))


def test_a_hundred_thousand_steps_and_their_identities():
    steps = split_steps("1+1=2\n" * 100_000, "\n")
    assert len(steps) == 100_000
    assert len(set(prefix_ids("p", steps))) == 100_000


def test_a_prefix_is_known_by_its_text_alone_however_long():
    long = "x" * (LONG_TEXT - 2)
    steps = (long, "ab", "c", "é", "d")
    whole = tuple(prefix_id("p", steps[: t + 1]) for t in range(5))
    assert prefix_ids("p", steps) == whole
    assert prefix_ids("p", (long + "a", "bc", "é", "d"))[1:] == whole[2:]
    assert len({*whole, *(prefix_id("q", steps[: t + 1]) for t in range(5))}) == 10


def test_identities_of_short_prefixes_are_what_they_were():
    assert prefix_ids("p", ("1 + 1 = 2\n", "So 2.")) == ("fabe90f083784dbe", "96d2713e3aeefd68")


@pytest.mark.parametrize(
    "program", ["1+" * 20_000 + "1", "(" * 500 + ")" * 500, "a\0b", "-" * 50_000]
)
def test_what_python_cannot_read_is_a_syntax_error(program):
    for read in (split_statements, canonical_form):
        with pytest.raises(SyntaxError):
            read(program)


def test_a_reply_beyond_all_length_says_nothing():
    [verdict] = read_reply("Step 1: right\n" + " " * MOST_CHARACTERS, ["a"])
    assert (verdict.verdict, verdict.reason) == (
        Verdict.UNKNOWN, "the reply is longer than 4,000,000 characters",
    )  # fmt: skip


def test_a_reply_that_concludes_without_end_says_nothing():
    [verdict] = read_reply('{"conclusion": "correct"} {"conclusion": "wrong"} ' * 40, ["a"])
    assert (verdict.verdict, verdict.reason) == (Verdict.UNKNOWN, "the reply concludes 80 times")


def test_more_lines_than_are_looked_for_in_the_solution_count_as_its_own():
    lines = "".join(f"thought {i}\n" for i in range(1000))
    read = read_reply(lines + "Step 1: right\n", ["a"])
    assert read[0].verdict is Verdict.UNKNOWN
    assert read_reply("Step 1: right\n" + lines, ["a"])[0].verdict is Verdict.CORRECT


def test_a_cell_beyond_all_length_makes_no_table():
    assert table_in("a,b\n" + "x" * 200_000 + ",1\n") is None
    assert as_csv([["a", "A", ""], ["1", "2", "3"]]) == "a,A_2,column_3\n1,2,3\n"
