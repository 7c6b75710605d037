"""HumanEval and MBPP become problems whose references are statements."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from labeler.errors import DataError
from labeler.problems.humaneval import function_body, read_completions, read_humaneval
from labeler.problems.mbpp import read_mbpp
from labeler.records import Problem, Rejection, Source

SHARED = Path(os.environ.get("LABELER_SHARED_DATA", "../shared/data"))
SOURCE = Source("s", "r", "test", "mit")
PROMPT = 'import math\n\ndef helper(x):\n    return x\n\ndef f(x: int):\n    """Doc."""\n'
HUMANEVAL = {
    "task_id": "HumanEval/0",
    "prompt": PROMPT,
    "canonical_solution": "    y = x\n    return y\n",
    "test": "def check(candidate):\n    assert candidate(1) == 1\n",
    "entry_point": "f",
}


def test_humaneval_keeps_the_prompts_helpers_out_of_the_solutions_hands(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl.gz"
    bad = {**HUMANEVAL, "task_id": "HumanEval/1", "entry_point": ""}
    broken = {**HUMANEVAL, "task_id": "HumanEval/2", "canonical_solution": "    return ("}
    with gzip.open(path, "wt") as file:
        file.write("".join(json.dumps(record) + "\n" for record in (HUMANEVAL, bad, broken)))
    assert list(read_humaneval(path, SOURCE)) == [
        Problem(
            "HumanEval/0",
            "code",
            PROMPT,
            None,
            ("    y = x\n", "    return y\n"),
            (
                "import math\ndef helper(x):\n    return x\n"
                "def check(candidate):\n    assert candidate(1) == 1\n\n\ncheck(f)\n",
            ),
            source=SOURCE,
        ),
        Rejection("read", f"{path}:2", "no entry_point"),
        Rejection("read", f"{path}:3", "prompt and solution are no Python ('(' was never closed)"),
    ]


def test_samples_belong_to_the_problem_whose_text_they_share(tmp_path: Path) -> None:
    one = Problem("a", "code", 'def f(x):\n    """Adds."""\n', None)
    two = Problem("b", "code", 'def f(y):\n    """Drops.\n    >>> f(1)\n    """\n', None)
    path = tmp_path / "samples.jsonl"
    prompt = 'def f(y):\n    """Drops.\n    """\n'
    path.write_text(json.dumps({"prompt": prompt, "samples": ["    return 1\n\nprint(2)\n"]}))
    assert list(read_completions(path, [one, two])) == [(two, ("    return 1\n\n",))]
    with pytest.raises(DataError, match=r"samples.jsonl:1: no samples for a known problem"):
        list(read_completions(path, []))


def test_a_completion_ends_with_the_functions_body() -> None:
    assert function_body("    x = 1\n\n    # c\n# d\n    return x\ndef g(): pass") == (
        "    x = 1\n\n    # c\n# d\n    return x\n"
    )
    assert function_body("    return 1") == "    return 1"


def test_mbpp_shows_its_tests_and_puts_the_setup_before_each(tmp_path: Path) -> None:
    path = tmp_path / "mbpp.jsonl"
    record = {
        "task_id": 7, "text": "Add.", "code": "def f(a):\r\n\treturn a", "test_setup_code": "k = 1",
        "test_list": ["assert f(1) == k", "assert f(2) == 2 "], "challenge_test_list": ["no"],
    }  # fmt: skip
    path.write_text(json.dumps(record) + "\n" + json.dumps({**record, "test_list": "x"}) + "\n")
    assert list(read_mbpp(path, SOURCE)) == [
        Problem(
            "mbpp/7",
            "code",
            "Add.\nYour code should pass these tests:\n\nassert f(1) == k\nassert f(2) == 2\n",
            None,
            ("def f(a):\n", "\treturn a"),
            ("k = 1\nassert f(1) == k", "k = 1\nassert f(2) == 2"),
            source=SOURCE,
        ),
        Rejection("read", f"{path}:2", "test_list is not a list of texts"),
    ]


def test_gzipped_lines_that_are_no_json_are_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl.gz"
    for text in ("no JSON", "[" * 100_000):
        with gzip.open(path, "wt") as file:
            file.write(text)
        with pytest.raises(DataError, match=r"h\.jsonl\.gz: cannot be read as gzipped JSON lines"):
            list(read_humaneval(path, SOURCE))


@pytest.mark.skipif(not (SHARED / "mbpp").is_dir(), reason="LABELER_SHARED_DATA has no mbpp")
def test_the_real_files_read_whole() -> None:
    humaneval = list(read_humaneval(SHARED / "humaneval/HumanEval.jsonl.gz"))
    mbpp = list(read_mbpp(SHARED / "mbpp/mbpp.jsonl"))
    assert [len(humaneval), len(mbpp)] == [164, 974]
    assert all(isinstance(problem, Problem) for problem in [*humaneval, *mbpp])
