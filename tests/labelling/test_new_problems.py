"""What a source holds beyond a dataset, by the content of problems."""

import asyncio
from dataclasses import replace

import pytest

from labeler.dataset.ledger import content_sha, note_problems
from labeler.dataset.reader import open_dataset
from labeler.labelling.held import held_of
from labeler.labelling.new_problems import NewProblems, find_new_problems, withdraw_changed
from labeler.labelling.run import LabellingRun, run_plainly
from labeler.records import Problem, Rejection
from tests.noisy_policy import parts

BAD = Rejection("set.jsonl:3", "problems", "not JSON")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """A dataset of version 0, and the problems that it was labelled for."""
    out = tmp_path_factory.mktemp("labelled") / "out"
    run = LabellingRun(parts(), out, False, lambda progress: None)
    asyncio.run(run_plainly(run))
    note_problems(out, run.run_id, run.parts.problems, {})
    return out, list(run.parts.problems)


def test_without_a_dataset_everything_is_new(tmp_path):
    one = Problem("a", "math", "1 + 1?", "2")
    found = find_new_problems(held_of([one], [BAD]), tmp_path / "out")
    assert found == NewProblems((one,), (BAD,), 0, {}, -1)


def test_what_was_labelled_is_known_under_any_name(dataset):
    out, labelled = dataset
    renamed = replace(labelled[0], problem_id="another name")
    fresh = Problem("fresh", "math", "7 + 8?", "15")
    found = find_new_problems(held_of([renamed, *labelled[1:], fresh], []), out)
    assert found == NewProblems((fresh,), (), len(labelled), {}, 0)


def test_another_content_under_a_known_name_replaces_it(dataset):
    out, labelled = dataset
    corrected = replace(labelled[0], gold_answer="123456789")
    found = find_new_problems(held_of([corrected, *labelled[1:]], []), out)
    replaced = {corrected.problem_id: content_sha(corrected)}
    assert found == NewProblems((corrected,), (), len(labelled) - 1, replaced, 0)
    stale = {row["problem_id"] for row in open_dataset(out).rows() if found.makes_stale(row)}
    assert stale == {corrected.problem_id}


def test_where_nothing_was_replaced_nothing_is_withdrawn(dataset):
    out, labelled = dataset
    assert withdraw_changed(find_new_problems(held_of(labelled, []), out), out) is None
    assert open_dataset(out).version == 0
