"""What each environment answers, beside what all share (`test_contract`)."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from pathlib import Path

import pytest

from labeler.driver.requests import Acted, Failed, Limits
from labeler.environments.bm25 import Bm25Search
from labeler.environments.calculator import calculated
from labeler.environments.http import HttpSearch
from labeler.environments.python import PythonTool
from labeler.environments.sql import SqlTool
from labeler.errors import BackendBusy, BackendDown, ConfigError, DataError
from labeler.sandbox.base import NoSandbox
from labeler.sandbox.unsafe import Unsafe
from tests.environments.kinds import acted
from tests.http_server import Handler, serving


def rows(*texts):
    return [{"id": str(i), "title": f"T{i}", "text": text} for i, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("blue", "[T0] The sea is blue.\n[T2] Blue, blue sky."),
        ("SEA", "[T0] The sea is blue."),
        ("the", "No passage matches."),
        ("", "No passage matches."),
        ("zebra", "No passage matches."),
        ("sea zebra", "[T0] The sea is blue."),
        ("8", "[T1] Apollo 8 flew."),
    ],
)
def test_a_search_shows_the_k_best_passages_a_line_each(query, found):
    search = Bm25Search.from_rows(rows("The sea\nis blue.", "Apollo 8 flew.", "Blue, blue sky."), 2)
    assert sorted(search.search(query).splitlines()) == sorted(found.splitlines())


def test_passages_that_score_alike_come_in_the_order_of_the_corpus():
    short_and_long = [{"title": f"T{i}", "text": "word" + " more" * (i % 7)} for i in range(3000)]
    found = Bm25Search.from_rows(short_and_long, 2999).search("word").splitlines()
    in_order = [i for length in range(7) for i in range(3000) if i % 7 == length]
    assert [line.partition("]")[0] for line in found] == [f"[T{i}" for i in in_order[:2999]]


def test_a_word_that_is_asked_twice_counts_twice():
    two = [
        {"id": "1", "title": "", "text": "sea wind"},
        {"id": "2", "title": "", "text": "sky wind"},
    ]
    search = Bm25Search.from_rows(two, 1)
    assert [search.search(q) for q in ("sea sky sky", "sea sea sky")] == ["sky wind", "sea wind"]


def test_a_corpus_without_words_has_nothing_to_find():
    assert Bm25Search.from_rows([{"id": "1", "text": "!"}]).search("!") == "No passage matches."


def test_a_passage_without_a_title_is_its_text():
    assert Bm25Search.from_rows([{"id": "1", "text": "no title"}]).search("title") == "no title"


def test_another_corpus_or_k_has_another_fingerprint_another_place_has_not(tmp_path):
    one = tmp_path / "a.jsonl"
    one.write_text("".join(json.dumps(row) + "\n" for row in rows("x", "y")))
    known = Bm25Search.from_file(one).fingerprint
    assert Bm25Search.from_file(one.rename(tmp_path / "b.jsonl")).fingerprint == known
    assert Bm25Search.from_rows(rows("x", "y")).fingerprint == known
    others = [Bm25Search.from_rows(rows("x", "z")), Bm25Search.from_rows(rows("x", "y"), 3)]
    assert len({known, *(other.fingerprint for other in others)}) == 3


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('{"title": "T", "text": "x"}\n{"title": "T"}\n', "2: is no passage"),
        ("{\n", "1: is no passage"),
        ('{"text": 7}\n', "1: is no passage"),
        ('["x"]\n', "1: is no passage"),
        ("", ": holds no passage"),
    ],
)
def test_a_corpus_that_is_none_is_told_by_its_line(tmp_path, content, line):
    (tmp_path / "c.jsonl").write_text(content)
    with pytest.raises(DataError, match=line):
        Bm25Search.from_file(tmp_path / "c.jsonl")


def test_a_corpus_that_is_not_there_is_told():
    with pytest.raises(DataError, match="cannot read the corpus"):
        Bm25Search.from_file(Path("/nowhere/c.jsonl"))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 + 3 * 4", "14"), ("7 // 2", "3"), ("7 / 2", "3.5"), ("2^10", "1024"),
        ("10 ** 20", "100000000000000000000"), ("0.1 + 0.2", "0.3"), ("sqrt(2)", "1.41421356237"),
        ("round(pi, 2)", "3.14"), ("max(3, 7) > 5", "True"), ("factorial(10)", "3628800"),
        ("(-8.0) ** 2", "64"), ("comb(5, 2)", "10"),
    ],
)  # fmt: skip
def test_a_calculator_keeps_whole_numbers_whole(expression, value):
    assert calculated(expression) == Acted(value)


@pytest.mark.parametrize(
    "expression",
    [
        "9**9**9**9", "2**(10**6)", "factorial(10**9)", "comb(10**9, 5*10**8)", "1/0", "sqrt(-1)",
        "'a' * 10**9", "__import__('os').system('ls')", "[1] * 10**9", "x", "2 +", "import os",
        "().__class__", "(lambda: 1)()", "1" * 2000, "-" * 900 + "1", "(-8) ** 0.5",
        "exp(10**9)", "[x for x in (1, 2)]", "1 if 1 else", "", "\n", "round(1, 2, 3)",
    ],
)  # fmt: skip
def test_what_it_does_not_reckon_is_an_error_at_once(expression):
    started = time.monotonic()
    answer = calculated(expression)
    assert answer.failure and answer.text.startswith("Error: ")
    assert time.monotonic() - started < 5


@pytest.fixture
def books(tmp_path):
    (tmp_path / "books.csv").write_text("title,year\nDune,1965\nEmma,1815\nIt,\n")
    return SqlTool({"books": tmp_path / "books.csv"}, most_rows=2, most_steps=200_000)


def ask(tool, query):
    [answer] = acted(tool, json.dumps({"query": query}))
    return answer


def test_sql_shows_names_and_rows_and_says_what_is_left_out(books):
    assert ask(books, "SELECT title FROM books WHERE year < 1900").text == "title\nEmma"
    assert ask(books, "SELECT title AS t FROM books WHERE year IS NULL").text == "t\nIt"
    assert ask(books, "SELECT * FROM books WHERE year > 2000").text == "title | year\n(no rows)"
    assert ask(books, "SELECT * FROM books").text == (
        "title | year\nDune | 1965\nEmma | 1815\n(more than 2 rows; the others left out)"
    )
    assert "books(title, year)" in books.tools[0]["function"]["description"]


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM books", "DROP TABLE books", "INSERT INTO books VALUES ('a', 1)",
        "UPDATE books SET year = 1", "CREATE TABLE t (a)", "ATTACH '/tmp/x.db' AS x",
        "PRAGMA table_info(books)", "SELECT load_extension('x')", "SELECT random()", "VACUUM",
        "SELECT 1; SELECT 2", "nonsense", "", "SELECT * FROM nothing",
        "SELECT writefile('/tmp/x', 'y')", "BEGIN",
    ],
)  # fmt: skip
def test_sql_that_does_more_than_read_is_refused(books, query):
    before = ask(books, "SELECT count(*), sum(year) FROM books")
    answer = ask(books, query)
    assert answer.failure == "query"
    assert ask(books, "SELECT count(*), sum(year) FROM books") == before


def test_sql_that_never_ends_is_ended_by_its_work_not_by_the_clock(books):
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n"
    assert ask(books, endless) == Acted("Error: the query takes too much work", "time-out")
    assert ask(books, "SELECT 1 AS one").text == "one\n1"


def test_sql_over_a_database_that_is_never_written(tmp_path):
    file = tmp_path / "a.db"
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE t (a INTEGER, b BLOB)")
        db.execute("INSERT INTO t VALUES (1, x'00ff')")
    db.close()
    before = file.read_bytes()
    assert ask(SqlTool({}, file), "SELECT * FROM t").text == "a | b\n1 | (2 bytes)"
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.txt", "a", "a table is"), ("t.csv", "", "cannot read"), ("t.jsonl", "{", "cannot read"),
        ("t.parquet", "x", "cannot read"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_read_is_told(tmp_path, name, content, said):
    (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError, match=said):
        SqlTool({"t": tmp_path / name})


def test_a_database_that_is_none_is_told(tmp_path):
    (tmp_path / "a.db").write_text("no database at all, and long enough to be looked at as one")
    with pytest.raises(ConfigError, match="SQLite cannot read it"):
        SqlTool({}, tmp_path / "a.db")


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("x = 1", Acted("(it printed nothing)")),
        ("print(1)\n1 / 0", Acted("Error: ZeroDivisionError: division by zero\n1", "raised")),
        ("while True: pass", Acted("Error: it took more than 0.5 s of processor time", "cpu")),
        ("import sys; sys.exit(3)", Acted("Error: exit code 3", "exited")),
    ],
)
def test_python_answers_with_what_is_printed_and_how_it_ended(code, answer):
    tool = PythonTool(Unsafe(1), Limits(cpu_s=0.5, wall_s=5))
    assert acted(tool, json.dumps({"code": code})) == [answer]


def test_without_a_sandbox_nothing_is_known_and_the_run_does_not_begin():
    tool = PythonTool(NoSandbox("no namespaces"))
    assert acted(tool, '{"code": "1"}') == [Failed("no sandbox: no namespaces")]
    with pytest.raises(BackendDown, match=r"environments\.python: .*no namespaces"):
        asyncio.run(tool.ready())


def served(reply, status=200, delay_s=0.0):
    class Retriever(Handler):
        def do_POST(self):
            self.asked()
            time.sleep(delay_s)
            self.say(status, reply)

    return serving(Retriever)


GOOD = {"result": [[{"document": {"contents": '"T"\nx\ny'}}, {"document": {"contents": "bare"}}]]}


def test_a_retrievers_first_line_is_the_title():
    with served(GOOD) as url:
        assert acted(HttpSearch(url), '{"query": "q"}') == [Acted("[T] x y\nbare")]
    with served(GOOD) as url:
        assert acted(HttpSearch(url, 1), '{"query": "q"}') == [Acted("[T] x y")]
    with served({"result": [[]]}) as url:
        assert acted(HttpSearch(url), '{"query": "q"}') == [Acted("No passage matches.")]


@pytest.mark.parametrize(
    "reply",
    [{}, [], {"result": 7}, {"result": [[], []]}, {"result": [[{"document": "x"}]]}, b"{", b"\xff",
     {"result": [[{"document": {"contents": 7}}]]}],
)  # fmt: skip
def test_a_reply_in_another_form_leaves_the_call_unknown(reply):
    with served(reply) as url:
        assert acted(HttpSearch(url), '{"query": "q"}') == [
            Failed(f"{url}: a reply that is not Search-R1's")
        ]


@pytest.mark.parametrize(("status", "error"), [(503, BackendBusy), (429, BackendBusy)])
def test_an_overloaded_retriever_is_asked_again(status, error):
    with served({}, status) as url, pytest.raises(error, match=f"HTTP {status}"):
        acted(HttpSearch(url), '{"query": "q"}')


def test_a_late_retriever_is_asked_again():
    with served(GOOD, delay_s=0.5) as url, pytest.raises(BackendBusy, match=r"no reply in 0\.1 s"):
        acted(HttpSearch(url, timeout_s=0.1), '{"query": "q"}')


def test_a_retriever_that_refuses_leaves_the_call_unknown():
    with served({}, 403) as url:
        assert acted(HttpSearch(url), '{"query": "q"}') == [Failed(f"{url}: HTTP 403")]


def begun(url):
    async def main():
        search = HttpSearch(url)
        try:
            await search.ready()
        finally:
            await search.aclose()

    asyncio.run(main())


def test_a_run_does_not_begin_where_there_is_no_retriever(monkeypatch):
    monkeypatch.setattr("labeler.environments.http.TRIES", 1)
    with pytest.raises(
        BackendDown, match=r"start the retriever, or mend environments\.search\.url"
    ):
        begun("http://127.0.0.1:9")
    with served({}, 404) as url, pytest.raises(BackendDown, match="HTTP 404"):
        begun(url)
    with served({"result": [[]]}) as url:
        begun(url)


def test_what_is_behind_a_retriever_is_known_by_the_name_it_is_given():
    one, moved = (
        HttpSearch("http://a", index="wiki 2018"),
        HttpSearch("http://b", index="wiki 2018"),
    )
    assert one.fingerprint == moved.fingerprint
    assert HttpSearch("http://a", index="wiki 2024").fingerprint != one.fingerprint
    assert HttpSearch("http://a").fingerprint != HttpSearch("http://b").fingerprint
