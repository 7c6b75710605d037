"""Programs into statements and back."""

from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st

from labeler.programs.statements import split_statements, statements

PROGRAM = r'''import math  # roots

# Adds.
@decorated
def f(x,
      y=1):
    """Doc."""
    # inner
    if x > y:
        return x; y = 2
    else:
        for i in range(3): x += 1
    return "a\
b"
'''


def test_each_statement_is_a_step_and_a_comment_belongs_to_the_one_below() -> None:
    assert split_statements(PROGRAM) == (
        "import math  # roots\n",
        "\n# Adds.\n@decorated\ndef f(x,\n      y=1):\n",
        '    """Doc."""\n',
        "    # inner\n    if x > y:\n",
        "        return x; ",
        "y = 2\n",
        "    else:\n        for i in range(3): ",
        "x += 1\n",
        '    return "a\\\nb"\n',
    )


def test_a_compound_statements_lines_are_its_header() -> None:
    assert [list(one.lines) for one in statements(PROGRAM)[:4]] == [[1], [4, 5, 6], [7], [9]]


def test_from_a_character_on() -> None:
    prompt = 'def f(x):\n    """é"""\n'
    assert split_statements(prompt + "    y = 1\n    return y\n", len(prompt)) == (
        "    y = 1\n", "    return y\n",
    )  # fmt: skip


SIMPLE = st.sampled_from(["x = 1", "pass", "f('é')", "x = [\n1]", "y = 1; z = 2", "# c\nx = 3"])
HEADER = st.sampled_from(["if x:", "for i in x:", "while x:", "def f():", "class A:", "try:"])


def block(body: list[str], header: str) -> str:
    inner = "\n".join("    " + line for part in body for line in part.splitlines())
    end = "\nfinally:\n    pass" if header == "try:" else ""
    return f"{header}\n{inner}{end}"


PROGRAMS = st.lists(
    st.recursive(SIMPLE, lambda inner: st.builds(block, st.lists(inner, min_size=1), HEADER)),
    min_size=1,
).map("\n\n".join)


@given(PROGRAMS, st.sampled_from(["\n", "\r\n"]))
def test_joining_the_steps_gives_the_text_and_no_statement_is_lost(text: str, end: str) -> None:
    text = text.replace("\n", end)
    steps = split_statements(text)
    assert "".join(steps) == text
    assert len(steps) == sum(isinstance(node, ast.stmt) for node in ast.walk(ast.parse(text)))
