"""Public sets of step labels, re-made in miniature: each is read as it is, without an option."""

import csv
import json

import pytest

from labeler.errors import ConfigError, DataError
from labeler.problems.rows import Place
from labeler.problems.solved import Reading, read_solutions
from labeler.records import Rejection, Verdict


def lines(*records):
    return "\n".join(json.dumps(record) for record in records)


def array(*records):
    return json.dumps(records, indent=1)


def read(tmp_path, name, content, **how):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return list(read_solutions(path, Reading(**how)))


def shown(one):
    """What a record of a set comes to: problem, steps, labels, first error, notes."""
    if isinstance(one, Rejection):
        return one.reason
    steps = tuple(step.strip() for step in one.solution.steps)
    return (one.problem.text, steps, one.labels, one.first_error, one.notes)


STEPS = ["Two and two is 5.", "So 5."]

PUBLIC = {
    "ProcessBench": (
        "gsm8k.json",
        array({"id": "a-0", "generator": "m", "problem": "2 + 2?", "steps": STEPS,
               "final_answer_correct": False, "label": 0}),
        [("2 + 2?", (*STEPS,), (-1, None), 0, ())],
    ),
    "PRM800K": (
        "phase2_test.jsonl",
        lines({
            "question": {"problem": "2 + 2?", "ground_truth_answer": "4"},
            "label": {"steps": [
                {"completions": [{"text": "Hm.", "rating": 0}], "chosen_completion": 0},
                {"completions": [{"text": "It is 4.", "rating": 1}], "chosen_completion": 0},
            ]},
        }),
        [("2 + 2?", ("Hm.", "It is 4."), (0, 1), -1, ())],
    ),
    "BIG-Bench-Mistake": (
        "multistep_arithmetic.jsonl",
        lines({"input": "2 + 2?", "steps": STEPS, "answer": "5", "target": "4", "mistake_index": 0},
              {"input": "1 + 1?", "steps": ["2"], "answer": "2", "target": "2",
               "mistake_index": None}),
        [("2 + 2?", (*STEPS,), (-1, None), 0, ()), ("1 + 1?", ("2",), (1,), -1, ())],
    ),
    "GSM8K": (
        "train.jsonl",
        lines({"question": "2 + 998?",
               "answer": "It is 2 + 998.\n= <<2+998=1000>>1000\n#### 1,000"}),
        [("2 + 998?", ("It is 2 + 998.", "= 1000\n#### 1,000"), (), None, ())],
    ),
    "MR-GSM8K": (
        "mr_gsm8k.json",
        array({"uuid": "u1", "question": "2 + 2?", "ground_truth_solution": "4",
               "ground_truth_answer": "4", "model_output_steps": STEPS,
               "model_output_answer_correctness": "wrong",
               "model_output_solution_correctness": "wrong",
               "model_output_solution_first_error_step": 1,
               "model_output_solution_first_error_reason": "The sum is wrong."}),
        [("2 + 2?", (*STEPS,), (-1, None), 0, ("The sum is wrong.", ""))],
    ),
    "MR-GSM8K, passed on": (
        "mr_gsm8k_copy.json",
        array({"problem": "2 + 2?", "steps": str(STEPS), "label": 0}),
        [("2 + 2?", (*STEPS,), (-1, None), 0, ())],
    ),
    "MR-Ben": (
        "mr_ben.json",
        json.dumps({"q1": [{
            "Question_UUID": "q1", "Question": "2 + 2?", "Options": "A: 4\nB: 5",
            "Ground_Truth_Answer": "A", "Sampled_Model": "m",
            "Model_Solution_Steps": ["Step 1: We add.", "Two numbers.", "Step 2: It is 5.", "B."],
            "Model_Solution_Correctness": "incorrect",
            "Model_Solution_First_Error_Step": "Step 2",
            "Model_Solution_Error_Reason": ["A wrong sum.", "N/A"],
        }, {
            "Question_UUID": "q1", "Question": "2 + 2?", "Options": "A: 4\nB: 5",
            "Ground_Truth_Answer": "A", "Sampled_Model": "n",
            "Model_Solution_Steps": ["Step 1: It is 4.", "Step 2: A."],
            "Model_Solution_Correctness": "correct",
            "Model_Solution_First_Error_Step": "N/A", "Model_Solution_Error_Reason": "N/A",
        }]}),
        [
            ("2 + 2?\n\nA: 4\nB: 5", ("Step 1: We add.\nTwo numbers.", "Step 2: It is 5.\nB."),
             (1, -1), 1, ("", "A wrong sum.")),
            ("2 + 2?\n\nA: 4\nB: 5", ("Step 1: It is 4.", "Step 2: A."), (1, 1), -1, ()),
        ],
    ),
    "MR-MATH, invalid": (
        "invalid.json",
        array({"id": 0, "question": "2 + 2?", "ground_truth_answer": "4", "generator": "m",
               "model_output_step_format": [["1. It is 5."], ["2. So", "5."]],
               "model_output_answer_correctness": "correct",
               "model_output_solution_correctness": "wrong",
               "model_output_solution_first_error_step": "1"}),
        [("2 + 2?", ("1. It is 5.", "2. So\n5."), (-1, None), 0, ())],
    ),
    "MR-MATH, redundant": (
        "redundant.json",
        array({"id": 0, "question": "2 + 2?", "ground_truth_answer": "4", "generator": "m",
               "model_output_step_format": [["Well."], ["It is 4."]], "rating": [0, 1]}),
        [("2 + 2?", ("Well.", "It is 4."), (0, 1), -1, ())],
    ),
    "StepVerify": (
        "verification.json",
        array({"problem": "2 + 2?", "reference_solution": "2 + 2 = 4",
               "student_incorrect_solution": ["We add.", "It is 5."], "incorrect_index": 1,
               "error_description": "The sum.", "dialog_history": []}),
        [("2 + 2?", ("We add.", "It is 5."), (1, -1), 1, ("", "The sum."))],
    ),
    "PRMBench": (
        "prmtest.jsonl",
        lines({"idx": "p_1", "original_question": "2 + 2?", "modified_question": "2 + 2?",
               "question": "2 + 2?", "original_process": ["We add.", "It is 4.", "So 4."],
               "modified_process": ["We add.", "It is 5.", "So 5."], "error_steps": [2, "3"],
               "reason": "The sum is wrong.", "classification": "c"},
              {"idx": "p_2", "question": "1 + 1?", "original_process": ["2"],
               "modified_process": ["It is 3."], "error_steps": [4]}),
        [
            ("2 + 2?", ("We add.", "It is 5.", "So 5."), (1, -1, -1), 1,
             ("", "The sum is wrong.", "")),
            ("2 + 2?", ("We add.", "It is 4.", "So 4."), (1, 1, 1), -1, ()),
            "error_steps 4 is no number of one of 1 steps",
        ],
    ),
    "MathCheck-GSM": (
        "gsm_checklist.json",
        array({"task_type": "process_judging", "question": "2 + 2?",
               "solution": "Step 1: We add.\nStep 2: It is 5.\nStep 3: So 5.", "answer": "Step 2"},
              {"task_type": "solving", "question": "2 + 2?", "solution": "4", "answer": "4"}),
        [
            ("2 + 2?", ("Step 1: We add.", "Step 2: It is 5.", "Step 3: So 5."), (1, -1, None), 1,
             ()),
            "task_type 'solving' has no steps; only process_judging has",
        ],
    ),
    "PARC, negatives": (
        "negatives.json",
        array({"question": "2 + 2?", "ground_truth_solution": "4", "ground_truth_answer": "4",
               "model_answer": 5, "is_correct": False, "steps": ["We add.", "It is 5.", "So 5."],
               "premise_annotation": {"steps": []},
               "error_annotation": {"chain_level": {"has_errors": False}, "step_level": [
                   {"step_number": 1, "has_error": False, "errors": []},
                   {"step_number": 2, "has_error": True,
                    "errors": [{"error_type": "e", "error_description": "The sum."}]},
               ]}}),
        [("2 + 2?", ("We add.", "It is 5.", "So 5."), (1, -1, None), 1, ("", "The sum.", ""))],
    ),
    "PARC, perturbed": (
        "perturbed.json",
        array({"question": "2 + 2?", "ground_truth_answer": "4", "model_answer": "5",
               "steps": ["It is 5.", "So 4."],
               "error_annotation": {"error_annotations": {"step_level": [
                   {"step_number": 1, "has_error": True, "errors": []},
                   {"step_number": 2, "has_error": False, "errors": []},
               ]}}}),
        [("2 + 2?", ("It is 5.", "So 4."), (-1, 1), 0, ())],
    ),
    "DeltaBench": (
        "deltabench.jsonl",
        lines({"id": "d", "task_l1": "math", "question": "2 + 2?", "answer": "4",
               "sections_content": "section1: We add.\nsection2: Or not.\nsection3: It is 5.",
               "reason_error_section_numbers": [3], "reason_unuseful_section_numbers": [2]},
              {"id": "e", "task_l1": "code", "question": "1?", "answer": "1",
               "sections": [{"section_number": 1, "content": "One."}],
               "reason_error_section_numbers": [], "reason_unuseful_section_numbers": []}),
        [
            ("2 + 2?", ("We add.", "Or not.", "It is 5."), (1, 0, -1), 2, ()),
            ("1?", ("One.",), (1,), -1, ()),
        ],
    ),
    "AgentProcessBench": (
        "tau2.jsonl",
        lines({"question": "Is seat 4 free?", "messages": [
            {"role": "system", "content": "You help."},
            {"role": "user", "content": "Is seat 4 free?"},
            {"role": "assistant", "content": "I look.", "tool_calls": [
                {"id": "c", "function": {"name": "seat", "arguments": '{"n": 4}'}}]},
            {"role": "tool", "name": "seat", "content": "taken"},
            {"role": "assistant", "content": "Yes, it is free."},
        ], "step_labels": {"2": 1, "4": -1}, "final_label": -1}),
        [("Is seat 4 free?",
          ('I look.\n[call seat] {"n": 4}\n[tool seat] taken', "Yes, it is free."),
          (1, -1), 1, ())],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_set_is_read_as_it_is(tmp_path, name):
    file, content, expected = PUBLIC[name]
    assert [shown(one) for one in read(tmp_path, file, content)] == expected


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_set_is_read_the_same_from_parquet(tmp_path, name):
    """As the Hub passes sets on: one table, whose nested columns have one type each."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file, content, expected = PUBLIC[name]
    records = (
        json.loads(content) if file.endswith(".json") else map(json.loads, content.split("\n"))
    )
    rows = [one for group in records.values() for one in group] if name == "MR-Ben" else records
    # One kind of value in a column: Arrow holds no list of numbers and texts.
    rows = json.loads(json.dumps([*rows]).replace('"3"]', "3]").replace(', "N/A"]', "]"))
    for row in rows:
        if isinstance(row.get("Model_Solution_Error_Reason"), list):
            [row["Model_Solution_Error_Reason"]] = row["Model_Solution_Error_Reason"]
    columns = {name: None for row in rows for name in row}
    pq.write_table(pa.Table.from_pylist([columns | row for row in rows]), tmp_path / "set.parquet")
    found = [shown(one) for one in read_solutions(tmp_path / "set.parquet")]
    assert found == expected


def test_what_the_file_says_of_answers_stays(tmp_path):
    [one, _] = read(tmp_path, *PUBLIC["BIG-Bench-Mistake"][:2])
    assert (one.problem.gold_answer, one.solution.final_answer) == ("4", "5")
    [one] = read(tmp_path, *PUBLIC["PARC, negatives"][:2])
    assert (one.solution.final_answer, one.solution.outcome) == ("5", Verdict.WRONG)
    [one] = read(tmp_path, *PUBLIC["MR-GSM8K"][:2])
    assert (one.problem.reference_solution, one.solution.outcome) == (("4",), Verdict.WRONG)


@pytest.mark.parametrize(
    ("name", "changed", "reason"),
    [
        ("MR-GSM8K", {"model_output_solution_first_error_step": "N/A"},
         "model_output_solution_correctness says that the solution is wrong, and no first error "
         "is named"),
        ("MR-GSM8K", {"model_output_solution_first_error_step": 3},
         "model_output_solution_first_error_step 3 is no number of one of 2 steps"),
        ("MR-GSM8K", {"model_output_solution_first_error_step": "late"},
         "model_output_solution_first_error_step 'late' is no number of a step"),
        ("StepVerify", {"incorrect_index": -1},
         "incorrect_index -1: solutions of this set have an error"),
        ("PARC, negatives", {"error_annotation": {}}, "error_annotation has no list step_level"),
        ("MR-MATH, redundant", {"rating": [1]}, "labels has 1 entries for 2 steps"),
    ],
)  # fmt: skip
def test_a_record_that_contradicts_itself_is_rejected_with_the_reason(
    tmp_path, name, changed, reason
):
    file, content, _ = PUBLIC[name]
    record = json.loads(content)[0]
    found = read(tmp_path, file, array({"problem": "1?", "steps": ["1"]}, record | changed))
    assert shown(found[1]) == reason


def test_two_messages_name_what_was_found_and_what_is_nearest(tmp_path):
    with pytest.raises(DataError) as raised:
        read(tmp_path, "odd.jsonl", lines({"Question": "2 + 2?", "Model_Steps": ["4"]}))
    assert str(raised.value) == (
        f"{tmp_path}/odd.jsonl: no solution in it (no problem text; its fields are Question, "
        "Model_Steps; the nearest form is mr_ben, which has Question, Model_Solution_Steps "
        "(columns: {problem: NAME, steps: NAME} renames)); a record has problem and steps"
    )
    with pytest.raises(ConfigError, match="form: mr_bn: did you mean mr_ben"):
        Reading("mr_bn")


OWN = {"prompt": "2 + 2?", "answer_steps": STEPS, "meta": {"bad": 0}, "gold": "4"}


def test_columns_say_what_holds_what_and_the_rest_stays(tmp_path):
    columns = {"problem": "prompt", "steps": "answer_steps", "label": "meta.bad", "answer": "gold"}
    [one] = read(tmp_path, "own.jsonl", lines(OWN | {"id": "x"}), columns=columns)
    assert shown(one) == ("2 + 2?", (*STEPS,), (-1, None), 0, ())
    assert (one.problem.gold_answer, one.solution.solution_id) == ("4", "x")


def test_a_column_or_field_that_is_not_there_is_one_clear_line(tmp_path):
    with pytest.raises(DataError, match="has no column 'steps_'; its columns are prompt, answer_"):
        read(tmp_path, "own.jsonl", lines(OWN), columns={"problem": "prompt", "steps": "steps_"})
    with pytest.raises(ConfigError, match="columns: no field 'stepz'; did you mean 'steps'"):
        read(tmp_path, "own.jsonl", lines(OWN), columns={"stepz": "answer_steps"})


def test_a_csv_file_is_read_cell_by_cell(tmp_path):
    with (tmp_path / "set.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["problem", "steps", "label", "answer", "final_answer_correct"])
        writer.writerow(
            ["[1, 2] summed?", json.dumps(["It is 3.", "So 3."]), "-1.0", "3.00", "True"]
        )
        writer.writerow(["1 + 1?", json.dumps(["It is 3."]), "0", "2", ""])
        writer.writerow(["3 + 1?", json.dumps(["It is 4."]), "", "4", ""])
    one, two, three = read_solutions(tmp_path / "set.csv")
    assert shown(one) == ("[1, 2] summed?", ("It is 3.", "So 3."), (1, 1), -1, ())
    assert (one.problem.gold_answer, one.solution.outcome) == ("3.00", Verdict.CORRECT)
    assert (shown(two)[3], three.labels, three.first_error) == (0, (), None)


def test_a_whole_text_is_split_and_stays_whole(tmp_path):
    text = "First we add.\n\nIt is 4."
    columns = {"problem": "prompt", "solution": "response"}
    [one] = read(tmp_path, "own.jsonl", lines({"prompt": "2?", "response": text}), columns=columns)
    assert one.solution.steps == ("First we add.\n\n", "It is 4.")


def test_a_folder_is_read_as_a_dataset(tmp_path):
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "train.jsonl").write_text(
        lines({"problem": "2 + 2?", "steps": STEPS, "label": 0})
    )
    [one] = read_solutions(Place(str(tmp_path / "sets")))
    assert shown(one) == ("2 + 2?", (*STEPS,), (-1, None), 0, ())
    assert one.problem.source.split == "train"


def test_labels_of_every_step_may_stand_in_a_file_of_ones_own(tmp_path):
    given = {"problem": "2?", "steps": ["a", "b", "c"]}
    notes = ["", "why", ""]
    found = read(
        tmp_path, "own.jsonl",
        lines(given | {"labels": [1, -1, None], "notes": notes},
              given | {"id": "t", "labels": [True, True, False]},
              given | {"id": "u", "labels": [1, -1, 1], "label": 2}),
    )  # fmt: skip
    assert [shown(one)[2:] if not isinstance(one, Rejection) else one.reason for one in found] == [
        ((1, -1, None), 1, ("", "why", "")),
        ((1, 1, -1), 2, ()),
        "labels say that the first error is 1, and it is said to be 2",
    ]


def test_records_that_stand_one_after_another_over_many_lines_are_read(tmp_path):
    record = json.dumps({"problem": "2?", "steps": ["2"]}, indent=1)
    found = read(tmp_path, "own.json", f"{record}\n\n{record.replace('2', '3')}\n")
    assert [one.problem.text for one in found] == ["2?", "3?"]
