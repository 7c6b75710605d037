"""Only what is new is labelled, by the content of the problems."""

import asyncio
import json

import pytest
from deltalake import write_deltalake

from flows.incremental import incremental
from labeler.config import load_config
from labeler.dataset.reader import open_dataset
from labeler.problems.plain import write_problems
from tests.flows.conftest import deliver, run_file
from tests.flows.scripted_server import problems

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    # deltalake's own, when polars hands it a table.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture
def look(tmp_path, server, model_url):
    """Runs the flow over the inbox; the version it made, None where nothing was new."""
    path = run_file(tmp_path, model_url)

    def run(**changes):
        config = load_config(run_file(tmp_path, model_url, **changes) if changes else path)
        summary = asyncio.run(incremental(config, str(tmp_path / "out")))
        return None if summary is None else (summary.version, summary.n_problems)

    return run


def labelled(folder, version=None):
    return {row["problem_id"] for row in open_dataset(folder / "out", version).rows()}


def test_an_empty_inbox_then_problems_then_more_then_nothing(look, tmp_path):
    assert look() is None
    deliver(tmp_path, 0, 4)
    assert look() == (0, 4)
    assert look() is None
    deliver(tmp_path, 4, 6)
    assert look() == (1, 2)
    assert labelled(tmp_path) == {p.problem_id for p in problems(60)[:6]}
    assert look() is None


def test_a_moved_file_and_a_new_id_relabel_nothing(look, tmp_path):
    deliver(tmp_path, 0, 2)
    assert look() == (0, 2)
    file = tmp_path / "inbox" / "0.jsonl"
    file.rename(file.with_name("moved.jsonl"))
    assert look() is None
    lines = [json.loads(line) for line in file.with_name("moved.jsonl").read_text().splitlines()]
    lines[0]["problem_id"] = "another-name"
    file.with_name("moved.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    assert look() is None


def test_a_corrected_answer_labels_its_problem_again_and_withdraws_the_old_labels(look, tmp_path):
    changed = deliver(tmp_path, 0, 3)
    assert look() == (0, 3)
    file = tmp_path / "inbox" / "0.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[0]["gold_answer"] = "123456789"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert look() == (1, 1)
    newest = open_dataset(tmp_path / "out")
    answers = {row["gold_answer"] for row in newest.rows() if row["problem_id"] == changed}
    assert (newest.version, answers) == (2, {"123456789"})
    assert labelled(tmp_path) == {p.problem_id for p in problems(60)[:3]}
    assert open_dataset(tmp_path / "out", 0).scan().collect().height > 0


def test_a_delta_table_is_watched_by_its_rows(look, tmp_path):
    table = tmp_path / "table"
    columns = ("problem_id", "text", "gold_answer", "reference_solution")

    def append(some):
        import polars as pl

        rows = [{name: getattr(p, name) for name in columns} for p in some]
        rows = [row | {"reference_solution": list(row["reference_solution"])} for row in rows]
        write_deltalake(str(table), pl.DataFrame(rows).to_arrow(), mode="append")

    append(problems(60)[:2])
    source = {"kind": "plain", "path": "table"}
    assert look(problems=source) == (0, 2)
    append(problems(60)[2:3])
    assert look(problems=source) == (1, 1)
    assert look(problems=source) is None


def test_what_was_rejected_is_not_tried_again(look, tmp_path):
    (tmp_path / "inbox").mkdir(exist_ok=True)
    write_problems(tmp_path / "inbox" / "0.jsonl", problems(60)[:3])
    impossible = {"samples": 2, "above": 0.98, "below": 0.99}
    assert look(difficulty_filter=impossible) == (0, 3)
    assert labelled(tmp_path) == set()
    assert look(difficulty_filter=impossible) is None
