"""How the final answer of a real reply is read: endings by kind, readers, bounds on time."""

import json
from pathlib import Path

import pytest

from labeler.boxes import boxes
from labeler.checking.answers.auto import final_answer
from labeler.checking.answers.readers import READERS, reader_by, reader_named
from labeler.checking.extract import answer_in
from labeler.checking.math_answer import compare
from labeler.errors import ConfigError

ENDINGS = json.loads(Path(__file__).with_name("real_endings.json").read_text("utf-8"))


@pytest.mark.parametrize("case", ENDINGS, ids=lambda case: f"{case['kind']}: {case['text'][-60:]}")
def test_an_ending_is_read_and_judged_as_a_person_would(case):
    answer = final_answer(case["text"])
    said = "unread" if answer is None else compare(case["gold"], answer).verdict.value
    assert (said, answer) == (case["verdict"], answer)


REPLY = "#### 3\nOf the 5 pens 2 are red. The answer is \\(7\\).\n\nResult <12>\nLast: 9."


@pytest.mark.parametrize(
    ("reader", "answer"),
    [
        (READERS["auto"], r"\(7\)"),
        (READERS["marked"], "3"),
        (READERS["strict"], "3"),
        (READERS["last_number"], "9"),
        (reader_by(r"Result <(\d+)>|nothing (\d+)"), "12"),
        (reader_by(r"red\."), "red."),
        (reader_by("absent"), None),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_each_reader_reads_by_its_own_convention(reader, answer):
    assert reader.read(REPLY) == answer


def test_a_reader_that_does_not_exist_is_one_line_with_those_that_do():
    with pytest.raises(ConfigError) as error:
        reader_named("guess")
    assert str(error.value) == (
        "answers: guess: choose among marked, auto, last_number, strict, or give {regex: PATTERN}"
    )


@pytest.mark.parametrize(
    ("text", "contents"),
    [
        (r"\boxed{1} \fbox{2} \boxed 3.5 and \boxed{4", ["1", "2", "3.5"]),
        (r"\boxed{\boxed{1}}", [r"\boxed{1}"]),
        (r"\boxed{\{1,2\}}", [r"\{1,2\}"]),
        (r"\\boxed{7}", ["7"]),
        (r"\boxedx{7} {\boxed{}}", [""]),
    ],
)
def test_all_whole_boxes_of_a_text(text, contents):
    assert [box.content for box in boxes(text)] == contents


F = "```"
ADD = "def add(a, b):\n    return a + b\n"


@pytest.mark.parametrize(
    "reply",
    [
        f"{F}python\n{ADD}{F}\n\nOutput:\n\n{F}\n3\n{F}\n",
        f"{F}python\n{ADD}{F}\n\nRun it:\n\n{F}bash\npython add.py\n{F}\n",
        f"{F}python\n{ADD}{F}\n\nUsage:\n\n{F}python\nprint(add(1, 2))\n{F}\n",
        f"{F}python\n{ADD}{F}\n\nTests:\n\n{F}python\n"
        f"def test_add():\n    assert add(1, 2) == 3\n{F}\n",
        f"{F}python\ndef add(a, b):\n    return a - b\n{F}\n\nBetter:\n\n{F}python\n{ADD}{F}\n",
        f"{F}python\n{ADD}{F}\n".replace("\n", "\r\n"),
        f"{F}python\n{ADD}",
        f"~~~~py\n{ADD}~~~~\n",
        f"1. Code:\n   {F}python\n   def add(a, b):\n       return a + b\n   {F}\n",
        f"Here it is:\n\n{ADD}",
        f"Here it is:\n\n{ADD}\nThis adds them.\n",
        f"<think>{F}python\ndef add(a, b):\n    return 0\n{F}</think>\n{F}python\n{ADD}{F}",
    ],
)
def test_the_program_among_what_a_reply_holds(reply):
    assert (answer_in("code", reply) or "").strip() == ADD.strip()


def test_a_block_that_goes_on_with_an_earlier_one_is_joined_to_it():
    half, f = "def half(x):\n    return x / 2\n", "def f(x):\n    return half(x)\n"
    reply = f"{F}\n{half}{F}\nThen:\n{F}\n{f}{F}\n"
    assert answer_in("code", reply) == (
        "def half(x):\n    return x / 2\n\ndef f(x):\n    return half(x)\n"
    )


PIECES = [
    "\\boxed{", "{", "The answer is ", "Answer: ", "Answer:\n", "#### a ", "####\n", "A: 5\n", "5 ",
    "**", "`", "$", "\\(", "\\[ 5 ", "<answer>", "(5,", "= 5 ", "So 5. ", "Wait, ", " ", "\n", "1,",
    "答案是", "```\n", "because 5 ", "[asy]", "\\begin{align}", "not ", ".", "Question: ",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("reader", sorted(READERS))
def test_a_long_text_is_read(reader, piece):
    """What takes a linear reader 0.1 s takes a quadratic one minutes: it would not end."""
    READERS[reader].read("Answer: " + piece * (100_000 // len(piece)) + " x")
