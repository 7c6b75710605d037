"""Which problems were labelled, by what; and rows taken out of a dataset."""

import asyncio
import dataclasses

import pytest

from labeler.dataset.ledger import (
    content_sha,
    labelled,
    newest_version,
    note_problems,
    void_rows,
)
from labeler.dataset.reader import open_dataset
from labeler.dataset.withdraw import withdraw
from labeler.errors import DatasetError
from labeler.labelling.run import LabellingRun, run_plainly
from labeler.records import Problem, Source
from tests.noisy_policy import parts

PROBLEM = Problem("id", "math", "1 + 1?", "2", source=Source("set", "revision"))


def label(out, **changes):
    run = LabellingRun(parts(**changes), out, False, lambda progress: None)
    return run, asyncio.run(run_plainly(run))


@pytest.fixture
def dataset(tmp_path):
    run, _ = label(tmp_path / "out")
    return run


def test_content_is_neither_name_nor_origin():
    moved = dataclasses.replace(PROBLEM, problem_id="other", source=Source("elsewhere"))
    assert content_sha(moved) == content_sha(PROBLEM)
    assert content_sha(dataclasses.replace(PROBLEM, gold_answer="3")) != content_sha(PROBLEM)
    assert content_sha(dataclasses.replace(PROBLEM, text="1 + 1 ?")) != content_sha(PROBLEM)


def test_without_a_list_problems_are_known_by_their_rows_and_their_makers_are_unknown(dataset):
    known = labelled(dataset.out)
    with_rows = {row["problem_id"] for row in open_dataset(dataset.out).rows()}
    assert {made.problem_id for made in known.values()} == with_rows
    assert {tuple(made.made_by) for made in known.values()} == {()}


def test_a_list_counts_only_if_its_run_is_in_the_log(dataset):
    note_problems(dataset.out, "never committed", [PROBLEM], {"policy": "x"})
    assert content_sha(PROBLEM) not in labelled(dataset.out)
    note_problems(dataset.out, dataset.run_id, [PROBLEM], {"policy": "x"})
    made = labelled(dataset.out)[content_sha(PROBLEM)]
    assert (made.problem_id, made.made_by) == ("id", {"policy": "x"})


def test_no_dataset_knows_nothing(tmp_path):
    assert labelled(tmp_path / "out") == {}
    assert newest_version(tmp_path / "out") == -1


def test_a_list_that_cannot_be_read_is_one_line(dataset):
    (dataset.out / "_problems").mkdir(exist_ok=True)
    (dataset.out / "_problems" / f"{dataset.run_id}.json").write_text("{")
    with pytest.raises(DatasetError, match=r"cannot be read; restore it from a copy, or delete it"):
        labelled(dataset.out)


def test_withdrawn_rows_are_gone_from_the_next_version_and_stay_in_the_last(dataset):
    before = list(open_dataset(dataset.out).rows())
    gone = before[0]["problem_id"]
    assert withdraw(dataset.out, lambda row: row["problem_id"] == gone) == 1
    stay = [row for row in before if row["problem_id"] != gone]
    assert list(open_dataset(dataset.out).rows()) == stay
    assert list(open_dataset(dataset.out, 0).rows()) == before
    assert withdraw(dataset.out, lambda row: row["problem_id"] == gone) is None
    assert newest_version(dataset.out) == 1


def test_a_withdrawal_costs_nothing_and_says_how_many_rows_it_took(dataset):
    withdraw(dataset.out, lambda row: True)
    assert open_dataset(dataset.out).scan().collect().height == 0
    first, second = open_dataset(dataset.out).versions()
    n_rows = first.info.counts["solutions"]
    assert (second.info.counts, second.info.cost["calls"]) == ({"withdrawn": n_rows}, 0)
    assert second.info.run_id != first.info.run_id


def test_what_a_replacing_run_labelled_voids_earlier_rows_of_the_same_problems(dataset):
    again, _ = label(dataset.out, seed=1)
    some = again.parts.problems[:3]
    assert void_rows(dataset.out) is None
    note_problems(dataset.out, again.run_id, some, {}, replaces=True)
    void = void_rows(dataset.out)
    rows = list(open_dataset(dataset.out).rows())
    found = {(row["run_id"], row["problem_id"]) for row in rows if void(row)}
    assert found == {(dataset.run_id, problem.problem_id) for problem in some}
