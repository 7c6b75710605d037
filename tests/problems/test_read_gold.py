"""Gold first errors: read as they stand, or one line that says what is wrong where."""

import pytest

from labeler.errors import DataError
from labeler.problems.gold import read_gold

FORM = r'not of the form {"solution_id": "...", "first_error": 0-based index or -1}'


def test_reads_first_errors_by_solution(tmp_path):
    file = tmp_path / "gold.jsonl"
    file.write_text(
        '{"solution_id": "a", "first_error": 0}\n'
        "\n"
        '{"solution_id": "b", "first_error": -1, "by": "ada"}\n'
        '{"solution_id": "a", "first_error": 0}\n'
    )
    assert read_gold(file) == {"a": 0, "b": -1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no line"),
        ('{"solution_id": "a"}', f":1: {FORM}"),
        ('{"solution_id": "a", "first_error": -2}', f":1: {FORM}"),
        ('{"solution_id": "a", "first_error": "0"}', f":1: {FORM}"),
        ('{"solution_id": "a", "first_error": true}', f":1: {FORM}"),
        ('{"solution_id": 7, "first_error": 1}', f":1: {FORM}"),
        ("[1, 2]", f":1: {FORM}"),
        ("[" * 100_000, f":1: {FORM}"),
        ('{"solution_id": "a", "first_error": 1}\nno json', f":2: {FORM}"),
        (
            '{"solution_id": "a", "first_error": 1}\n{"solution_id": "a", "first_error": 2}',
            ":2: contradicts an earlier line; keep one of them",
        ),
    ],
)
def test_mistakes_name_the_line(tmp_path, text, message):
    file = tmp_path / "gold.jsonl"
    file.write_text(text)
    with pytest.raises(DataError) as caught:
        read_gold(file)
    assert message in str(caught.value)


def test_no_file(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_gold(tmp_path / "none.jsonl")
