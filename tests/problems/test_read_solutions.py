"""Solutions that exist already, in the forms that people have them in."""

import json

import pytest

from labeler.errors import DataError
from labeler.problems.solved import read_solutions
from labeler.records import Rejection, Verdict, short_hash


def written(tmp_path, *records, name="set.jsonl"):
    path = tmp_path / name
    lines = [json.dumps(record) for record in records]
    path.write_text(f"[{','.join(lines)}]" if name.endswith(".json") else "\n".join(lines))
    return list(read_solutions(path))


def test_processbench(tmp_path):
    [one] = written(
        tmp_path,
        {
            "id": "gsm8k-0",
            "generator": "Qwen2-7B",
            "problem": "1 + 1?",
            "steps": ["It is 3.", "So 3."],
            "final_answer_correct": False,
            "label": 0,
        },
        name="set.json",
    )
    assert one.solution.steps == ("It is 3.\n\n", "So 3.")
    assert (one.solution.solution_id, one.first_error) == ("gsm8k-0", 0)
    assert (one.solution.outcome, one.solution.generator.model) == (Verdict.WRONG, "Qwen2-7B")
    assert one.problem.text == "1 + 1?"


def test_solutions_of_one_problem_share_it(tmp_path):
    first, second = written(
        tmp_path,
        {"problem": "1 + 1?", "steps": ["2"], "label": -1, "answer": "2"},
        {"problem": "1 + 1?", "steps": ["3"], "first_error": 0, "gold_answer": "2"},
    )
    assert first.problem == second.problem
    assert first.solution.solution_id != second.solution.solution_id
    assert (first.first_error, second.first_error) == (-1, 0)
    assert first.solution.outcome is Verdict.UNKNOWN


ONE = {"problem_id": "1", "problem": "2 + 3?", "gold_answer": "5", "steps": ["5"]}


@pytest.mark.parametrize(
    ("other", "differs"),
    [
        ({"problem": "4 + 4?", "gold_answer": "8"}, "text, gold_answer"),
        ({"gold_answer": "6"}, "gold_answer"),
        ({"gold_answer": None}, "gold_answer"),
        ({"tests": ["assert f()"]}, "tests"),
        ({"domain": "code"}, "domain"),
        ({"context": "A table."}, "context"),
        ({"reference_solution": ["5"]}, "reference_solution"),
    ],
)
def test_an_id_that_stands_for_another_problem_is_rejected(tmp_path, other, differs):
    first, rejected, third = written(
        tmp_path, ONE, ONE | other | {"steps": ["8"]}, ONE | {"steps": ["6"]}
    )
    file = f"{tmp_path}/set.jsonl"
    reason = f"problem_id 1 is already used by {file}:1 with another {differs}"
    assert rejected == Rejection("read", f"{file}:2", reason)
    assert (first.problem, third.solution.steps) == (third.problem, ("6",))


def named(tmp_path, *records):
    """The ids of solutions, and the steps they stand for."""
    return {one.solution.solution_id: one.solution.steps for one in written(tmp_path, *records)}


def test_an_id_that_stands_for_other_steps_is_made_distinct_whatever_comes_between(tmp_path):
    first, second, third = (ONE | {"id": "a", "steps": [step]} for step in "567")
    distinct = f"a-{short_hash('1', '7')}"
    assert named(tmp_path, first, third) == {"a": ("5",), distinct: ("7",)}
    assert named(tmp_path, first, second, third) == {
        "a": ("5",),
        f"a-{short_hash('1', '6')}": ("6",),
        distinct: ("7",),
    }


def test_the_same_steps_of_another_problem_are_another_solution(tmp_path):
    other = {"problem_id": "2", "problem": "1 + 4?", "id": "a", "steps": ["5"]}
    assert named(tmp_path, ONE | {"id": "a"}, other) == {
        "a": ("5",),
        f"a-{short_hash('2', '5')}": ("5",),
    }


def test_an_id_that_looks_like_one_made_distinct_stays_distinct(tmp_path):
    first, other = (ONE | {"id": "a", "steps": [step]} for step in "56")
    content = short_hash("1", "6")
    taken = ONE | {"id": f"a-{content}", "steps": ["7"]}
    assert named(tmp_path, first, taken, other) == {
        "a": ("5",),
        f"a-{content}": ("7",),
        f"a-{content}-{content}": ("6",),
    }


def test_the_same_solution_under_the_same_id_is_rejected_and_under_another_id_stays(tmp_path):
    second = ONE | {"id": "a", "steps": ["6"]}
    records = [ONE, ONE | {"id": "a"}, ONE, second, second]
    one, same, repeated, other, again = written(tmp_path, *records)
    file, reason = f"{tmp_path}/set.jsonl", "same id, problem and steps as"
    assert [one.solution.solution_id, same.solution.solution_id] == [short_hash("1", "5"), "a"]
    assert other.solution.solution_id == f"a-{short_hash('1', '6')}"
    assert [repeated, again] == [
        Rejection("read", f"{file}:3", f"{reason} {file}:1"),
        Rejection("read", f"{file}:5", f"{reason} {file}:4"),
    ]


def test_without_a_label_the_first_error_is_unknown(tmp_path):
    [one] = written(tmp_path, {"problem": "1 + 1?", "steps": ["2"]})
    assert one.first_error is None


def test_prm800k_as_released(tmp_path):
    def step(text, rating, chosen=0):
        return {"completions": [{"text": text, "rating": rating}], "chosen_completion": chosen}

    [one, other] = written(
        tmp_path,
        {
            "question": {"problem": "1 + 1?", "ground_truth_answer": "2"},
            "label": {"steps": [step("Add.", 1), step("It is 3.", -1, None)]},
        },
        {
            "question": {"problem": "2 + 2?", "ground_truth_answer": "4"},
            "label": {"steps": [step("Add.", 0), step("It is 4.", 1)]},
        },
    )
    assert (one.solution.steps, one.first_error) == (("Add.\n\n", "It is 3."), 1)
    assert (other.solution.steps, other.first_error) == (("Add.\n\n", "It is 4."), -1)
    assert other.problem.gold_answer == "4"


def test_the_generation_of_prm800k_is_named_from_the_first_one_on(tmp_path):
    completion = {"text": "2", "rating": 1}
    label = {"steps": [{"completions": [completion], "chosen_completion": 0}]}
    record = {"question": {"problem": "1 + 1?"}, "label": label}
    other = record | {"question": {"problem": "3 - 1?"}}
    zeroth, none = written(tmp_path, record | {"generation": 0}, other)
    assert zeroth.solution.generator.model == "PRM800K generation 0"
    assert none.solution.generator.model == ""


def prm800k(**step):
    """A record of PRM800K with one step."""
    return {"question": {"problem": "1 + 1?"}, "label": {"steps": [step]}}


COMPLETION = {"text": "2", "rating": 1}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (
            {"question": {"problem": "1 + 1?"}, "label": {"steps": 5}},
            "label.steps: Input should be a valid list",
        ),
        (
            prm800k(completions=[COMPLETION], chosen_completion=1),
            "label.steps.0.chosen_completion: 1 is no index of one of 1",
        ),
        (
            prm800k(completions=[COMPLETION], chosen_completion=-1),
            "label.steps.0.chosen_completion: -1 is no index of one of 1",
        ),
        (
            prm800k(completions=None, chosen_completion=0),
            "label.steps.0.chosen_completion: 0 is no index of one of 0",
        ),
        (
            prm800k(completions=[COMPLETION], chosen_completion="0"),
            "label.steps.0.chosen_completion: Input should be a valid integer",
        ),
        (
            prm800k(completions=[{"rating": 1}], chosen_completion=0),
            "label.steps.0.completions.0.text: Field required",
        ),
        (prm800k(completions=[]), "no steps"),
    ],
)
def test_a_record_that_is_no_prm800k_is_rejected_with_its_place(tmp_path, record, reason):
    good = {"problem": "2?", "steps": ["2"]}
    _, rejected = written(tmp_path, good, record)
    assert rejected == Rejection("read", f"{tmp_path}/set.jsonl:2", reason)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"steps": ["2"]}, "no problem text"),
        ({"problem": "1 + 1?"}, "steps is not a list of texts"),
        (
            {"problem": "1 + 1?", "steps": "2"},
            "steps is one text; name it solution, and it is split (--column solution=NAME)",
        ),
        ({"problem": "1 + 1?", "steps": []}, "no steps"),
        (
            {"problem": "1 + 1?", "steps": ["2"], "label": 1},
            "label 1 is no index of one of 1 steps",
        ),
        (
            {"problem": "1 + 1?", "steps": ["2"], "label": -2},
            "label -2 is no index of one of 1 steps",
        ),
        ({"problem": "1 + 1?", "steps": ["2"], "label": "0"}, "label '0' is no index of a step"),
        ({"problem": "1 + 1?", "steps": ["2"], "label": True}, "label True is no index of a step"),
        ({"problem": "1 + 1?", "steps": ["2"], "tests": 5}, "tests is not a list of texts"),
        ({"problem": "1 + 1?", "steps": ["2"], "tests": [5]}, "tests is not a list of texts"),
        (
            {"problem": "1 + 1?", "steps": ["2"], "context": {"a": "b"}},
            "context is not a list of texts",
        ),
        ({"problem": "1 + 1?", "steps": ["\ud800", "2"]}, "text is not valid Unicode"),
        ({"problem": "1 + 1?", "steps": ["2"], "id": "\ud800"}, "text is not valid Unicode"),
        (["1 + 1?"], "not an object"),
    ],
)
def test_a_record_that_is_no_solution_is_rejected_with_its_place(tmp_path, record, reason):
    good = {"problem": "2?", "steps": ["2"]}
    _, rejected = written(tmp_path, good, record)
    assert rejected == Rejection("read", f"{tmp_path}/set.jsonl:2", reason)


def test_a_file_without_a_solution_is_one_clear_line(tmp_path):
    with pytest.raises(DataError, match="no solution in it \\(no steps\\)"):
        written(tmp_path, {"problem": "1 + 1?", "steps": []})
    (tmp_path / "broken.json").write_text('[{"problem": ')
    with pytest.raises(DataError, match=r"broken\.json: not JSON"):
        list(read_solutions(tmp_path / "broken.json"))
    (tmp_path / "deep.json").write_text("[" * 100_000)
    with pytest.raises(
        DataError, match=r"deep\.json: not JSON \(nested too deeply\); mend the file"
    ):
        list(read_solutions(tmp_path / "deep.json"))
    (tmp_path / "deep.jsonl").write_text("\n" + '{"problem":' * 100_000)
    with pytest.raises(
        DataError, match=r"deep\.jsonl:2: not JSON \(nested too deeply\); mend or del"
    ):
        list(read_solutions(tmp_path / "deep.jsonl"))
    with pytest.raises(DataError, match="cannot be read"):
        list(read_solutions(tmp_path / "none.jsonl"))


def test_one_text_counts_as_a_list_of_one_and_an_empty_one_as_none(tmp_path):
    [one] = written(
        tmp_path, {"problem": "1 + 1?", "steps": ["2"], "tests": "assert f()", "context": ""}
    )
    assert (one.problem.tests, one.problem.context) == (("assert f()",), ())


@pytest.mark.parametrize("name", ["marked.jsonl", "marked.json"])
def test_a_byte_order_mark_is_no_part_of_the_first_record(tmp_path, name):
    record = {"problem": "1 + 1?", "steps": ["Answer: 2"], "answer": "2"}
    content = json.dumps([record] if name.endswith(".json") else record)
    (tmp_path / name).write_text(content, encoding="utf-8-sig")
    [read] = read_solutions(tmp_path / name)
    assert read.solution.steps == ("Answer: 2",)
