r"""MATH lines become problems; the answer is the last whole \boxed{}."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from labeler.boxes import last_box
from labeler.problems.math import read_math
from labeler.records import Problem, Rejection, Source, short_hash

SHARED = Path(os.environ.get("LABELER_SHARED_DATA", "../shared/data")) / "math"
SOURCE = Source("math", "r1", "test", "mit")


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        (r"so $\boxed{2}$.", "2"),
        (r"$\boxed{1}$, no, $\boxed{\frac{1}{2}}$", r"\frac{1}{2}"),
        (r"\boxed{\left\{ x \right.}", r"\left\{ x \right."),
        (r"\boxed {7} and \boxed{cut off", "7"),
        (r"\fbox{A}", "A"),
        (r"\boxed{a\\}", r"a\\"),
        ("no box", None),
        (r"\boxed{", None),
    ],
)
def test_the_last_whole_box_holds_the_answer(solution: str, answer: str | None) -> None:
    assert last_box(solution) == answer


def test_the_shapes_in_which_math_is_published(tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    asy = "[asy]\ndraw((0,0)--(1,1));\n[/asy]"
    shapes = [
        {
            "problem": "A",
            "solution": f"One.\n\nTwo:\n{asy}\nso $\\boxed{{3}}$.",
            "level": "Level 1",
        },
        {"problem": "B", "final_answer": "p - q"},
        {"problem": "C", "solution": "Then\n\\[x\n= 1\\]so \\boxed{1}.", "answer": "one"},
        {"problem": "D", "solution": "no answer here"},
    ]
    path.write_text("".join(json.dumps(shape) + "\n" for shape in shapes))

    def problem(text: str, answer: str, *steps: str) -> Problem:
        return Problem(short_hash(text), "math", text, answer, steps, source=SOURCE)

    assert list(read_math(path, SOURCE)) == [
        problem("A", "3", "One.", "Two:", asy, "so $\\boxed{3}$."),
        problem("B", "p - q"),
        problem("C", "one", "Then", "\\[x\n= 1\\]so \\boxed{1}."),
        Rejection("read", f"{path}:4", "no answer and no tests"),
    ]


@pytest.mark.skipif(not SHARED.is_dir(), reason="LABELER_SHARED_DATA has no math")
@pytest.mark.parametrize(("name", "count"), [("test", 5000), ("math_500", 500)])
def test_the_published_files_are_read_whole(name: str, count: int) -> None:
    read = list(read_math(SHARED / f"{name}.jsonl"))
    assert [item for item in read if isinstance(item, Rejection)] == []
    assert len(read) == count


@pytest.mark.skipif(not SHARED.is_dir(), reason="LABELER_SHARED_DATA has no math")
def test_the_answers_of_math_500_are_those_boxed_in_the_full_test_set() -> None:
    full = {
        item.text: item for item in read_math(SHARED / "test.jsonl") if isinstance(item, Problem)
    }
    stated = [item for item in read_math(SHARED / "math_500.jsonl") if isinstance(item, Problem)]
    both = [(full[item.text].gold_answer, item.gold_answer) for item in stated if item.text in full]
    assert (len(both), sum(one == other for one, other in both)) == (500, 500)
