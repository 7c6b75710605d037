"""Steps on tables, executed again as SQL (TaTToo): parsing, claims, the conversation, real runs."""

import json
from dataclasses import replace

import pytest

from labeler.driver.requests import Run
from labeler.labelers.shared.tool_use import split_note
from labeler.labelers.table.claims import agrees, stands_in
from labeler.labelers.table.parsing import as_csv, table_in
from labeler.labelers.table.runner import columns, number
from labeler.labelers.table.table import AGAINST, NO_TABLE, TableSettings, table
from labeler.records import Verdict
from tests.labelers.playing import asked_of, in_sandbox, play, printed, samples
from tests.labelers.talking import POLICY, PROBLEM, solution

SETTINGS = TableSettings(model="judge", tries=2)
MARKDOWN = """| shop | units | price |
|---|---:|---|
| A | 1,250 | $3.50 |
| B | 7 | $2.00 |
| C | - | $1.00 |"""
SHOPS = replace(PROBLEM, text="How many units do A and B sell?", context=(MARKDOWN,))
SUM = "SELECT SUM(units) FROM table_1 WHERE shop IN ('A', 'B')"


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("| a | b |\n|---|:-:|\n| 1 | x\\|y |", [["a", "b"], ["1", "x|y"]]),
        ("a | b\n--- | ---\n1 | 2", [["a", "b"], ["1", "2"]]),
        ('a,b\n"1,250", x y\n', [["a", "b"], ["1,250", "x y"]]),
        ("a\tb\n1\t2", [["a", "b"], ["1", "2"]]),
        ("A sentence, with a comma.\nAnother one, and more, and more.", None),
        ("a,b", None),
        ("no table\nat all", None),
        ("| a | b |\n|---|---|\n| 1 |", None),
        ("", None),
    ],
)
def test_what_is_a_table(text, rows):
    assert table_in(text) == rows


def test_every_column_has_a_name_of_its_own():
    assert as_csv([["a", "", "A", "a"], ["1", "2", "3", "4,5"]]) == (
        'a,column_2,A_3,a_4\n1,2,3,"4,5"\n'
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,250", 1250.0), ("$3.50", 3.5), ("-12%", -12.0), ("(1,000)", -1000.0), (".5", 0.5),
        ("−3", -3.0), ("2019", 2019.0), ("$-4", None), ("1,25", None), ("3 km", None), ("", None),
        ("-", None), ("$", None),
    ],
)  # fmt: skip
def test_which_cells_are_numbers(text, value):
    assert number(text) == value


def test_a_column_is_numbers_only_if_all_its_cells_are():
    types, values = columns([["1,250", "3", "x"], ["-", "b", "y"]])
    assert (types, values) == (
        ["DOUBLE", "VARCHAR", "VARCHAR"], [[1250.0, None], ["3", "b"], ["x", "y"]],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("claim", "cells", "said"),
    [
        ("1,257", [[1257]], True),
        ("1257.0", [[1257]], True),
        ("3.3", [[10 / 3]], True),
        ("3.34", [[10 / 3]], False),
        ("3", [[3.4]], True),
        ("$3.50", [[3.5]], True),
        ("12%", [[12]], True),
        ("Shop  A", [["shop a"]], True),
        ("B; A", [["A"], ["B"]], True),
        ("A; A", [["A"], ["B"]], False),
        ("A", [["A"], ["B"]], False),
        ("7", [[None]], False),
        ("7", [], False),
    ],
)
def test_when_claim_and_result_agree(claim, cells, said):
    assert agrees(claim, json.dumps(cells)) is said


def test_a_claim_is_the_steps_own():
    assert stands_in("1,257; A", "So A  sells 1257 units.")
    assert not stands_in("1,258", "So A sells 1257 units.")
    assert not stands_in(" ; ", "So A sells 1257 units.")
    assert agrees("7", "no JSON") is None


def query(sql=SUM, claim="1,257"):
    return samples(json.dumps({"sql": sql, "claim": claim}))


def verdict(word, relevance="relevant"):
    return samples(
        json.dumps({"relevance": relevance, "steps": [{"analysis": "why", "verdict": word}]})
    )


def talk(query, run, judged, step="A and B sell 1,257 units.", problem=SHOPS, real=False):
    def answer(request):
        if isinstance(request, Run):
            return run
        is_query = "You translate one step" in request.prompt.messages[0].content
        return query if is_query else judged

    answering = in_sandbox(answer) if real else answer
    found, asked = play(table(problem, (solution(step),), SETTINGS, POLICY), answering)
    [said] = found.evidence
    return said, asked, found.statistics


def test_the_query_runs_over_the_tables_of_the_context():
    said, asked, statistics = talk(query(), printed("[[1257]]"), verdict("correct"))
    assert (said.labeler, said.verdict, said.n, said.n_correct, said.calls) == (
        "table", Verdict.CORRECT, 1, 1, 3,
    )  # fmt: skip
    assert said.rationale == f"why\n\n[tool] {SUM}\n-> [[1257]]"
    [run] = asked_of(asked, Run)
    assert run.files == (
        ("table_1.csv", 'shop,units,price\nA,"1,250",$3.50\nB,7,$2.00\nC,-,$1.00\n'),
        ("query.sql", SUM),
    )
    assert json.loads(asked[0].schema)["required"] == ["sql", "claim"]
    assert statistics == {"steps": 1, "tool_used": 1}


@pytest.mark.parametrize(
    ("result", "judge", "found", "reason"),
    [
        ("[[1257]]", ("correct",), Verdict.CORRECT, ""),
        ("[[1257]]", ("wrong",), Verdict.WRONG, ""),
        ("[[1258]]", ("wrong",), Verdict.WRONG, ""),
        ("[[1258]]", ("correct",), Verdict.UNKNOWN, AGAINST),
        ("[[1258]]", ("correct", "irrelevant"), Verdict.CORRECT, ""),
    ],
)
def test_the_judge_is_held_to_a_relevant_result(result, judge, found, reason):
    said, asked, _ = talk(query(), printed(result), verdict(*judge))
    assert (said.verdict, said.reason) == (found, reason)
    assert len(asked) == 3  # nobody is asked again until execution and judge agree


def test_a_claim_that_the_step_does_not_make_is_not_compared():
    said, *_ = talk(query(claim="1,258"), printed("[[1257]]"), verdict("correct"))
    assert said.verdict is Verdict.CORRECT


def test_a_query_that_failed_is_judged_without_and_that_is_said():
    failed = printed("", exit_code=1, stderr="Traceback\nBinderException: no column x\n")
    said, _, statistics = talk(query(), failed, verdict("wrong"))
    assert (said.verdict, split_note(said.rationale)[1]) == (
        Verdict.WRONG, "failed: BinderException: no column x; judged without it",
    )  # fmt: skip
    assert statistics == {"steps": 1, "tool_failed": 1}


def test_a_step_that_only_reasons_runs_nothing():
    said, asked, _ = talk(query(sql="", claim=""), None, verdict("correct", "none"))
    assert (said.verdict, said.rationale, asked_of(asked, Run)) == (Verdict.CORRECT, "why", [])


def test_without_a_table_nothing_is_asked():
    problem = replace(SHOPS, context=("A sells more than B.",))
    said, asked, statistics = talk(None, None, None, problem=problem)
    assert (said.verdict, said.reason, asked) == (Verdict.UNKNOWN, NO_TABLE, [])
    assert statistics == {"without_table": 1}


@pytest.mark.parametrize(
    ("sql", "claim", "note"),
    [
        (SUM, "1,257", "[[1257]]"),
        ("SELECT shop FROM table_1 WHERE price >= 2 ORDER BY units", "B; A", '[["B"], ["A"]]'),
        ("SELECT units / 2 FROM table_1 WHERE shop = 'B'", "3.5", "[[3.5]]"),
    ],
)
def test_queries_really_run_in_the_sandbox(sql, claim, note):
    step = f"That is {claim}."
    said, *_ = talk(query(sql, claim), None, verdict("correct"), step, real=True)
    assert (said.verdict, split_note(said.rationale)[1]) == (
        Verdict.CORRECT, f"{sql}\n-> {note}",
    )  # fmt: skip


def test_a_query_reaches_no_file():
    sql = "SELECT content FROM read_text('query.sql')"
    said, *_ = talk(query(sql, "1"), None, verdict("undecided"), "1", real=True)
    assert "failed: " in said.rationale
    assert "file system operations are disabled" in said.rationale
