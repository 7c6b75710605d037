"""316 replies of SmolLM2-135M-Instruct, read by hand: answer and steps as a person sees them.

`replies.jsonl` was written before the code was asked (eleven were looked at again where it read
otherwise, docs/real_models.md): `answers` are what a reader takes a reply to answer (null: nothing;
several where a reader hesitates), `steps` where a reader would point at one (left out where that is
anybody's guess; then there is `text`). Joined, the steps are the reply.
Replies with `finish: length` were cut off: a run reads no answer in those (`labelers.base`), and
where the text itself shows it, neither does the reader. docs/real_models.md tells how the readers
did before this file existed.
"""

from __future__ import annotations

import json
from pathlib import Path

from labeler.checking.answers.auto import final_answer
from labeler.checking.math_answer import compare
from labeler.records import Verdict
from labeler.steps.auto import split_auto

LINES = Path(__file__).with_name("replies.jsonl").read_text("utf-8").splitlines()
REPLIES = [json.loads(line) for line in LINES]
MISREAD = {
    "a27": "3",  # of a list of answers, before more work
    "a116": None,  # "1 hour will take 1.1 hours"
    "a120": "3(2x) + 2(2x)",  # "which is 6x + 4"
    "b93": "13",  # "13 more nuts than she had before"
    "b100": "18 ounces",
}
"""Replies that ended and are misread, and how. Whoever mends one takes it out."""
MISCUT = {"b99"}
"""Two lines, the first of them no sentence."""


def text_of(reply: dict) -> str:
    return reply.get("text") or "".join(reply["steps"])


def is_seen(answers: list[str | None], read: str | None) -> bool:
    """Whether the code read what a person may read."""
    if read is None:
        return None in answers
    said = [answer for answer in answers if answer is not None]
    return read in said or any(compare(one, read).verdict is Verdict.CORRECT for one in said)


def test_the_answer_that_a_person_sees_is_read():
    ended = [reply for reply in REPLIES if reply["finish"] == "stop"]
    read = {reply["id"]: final_answer(text_of(reply)) for reply in ended}
    assert {
        reply["id"]: read[reply["id"]]
        for reply in ended
        if not is_seen(reply["answers"], read[reply["id"]])
    } == MISREAD


def test_steps_end_where_a_person_sees_them_end():
    """White space between two steps is nobody's."""
    seen = {reply["id"]: reply["steps"] for reply in REPLIES if "steps" in reply}
    assert {
        name
        for name, steps in seen.items()
        if [one.strip() for one in split_auto("".join(steps))] != [one.strip() for one in steps]
    } == MISCUT


def test_there_are_enough_of_them():
    assert len(REPLIES) == 316
    assert sum(reply["finish"] == "stop" for reply in REPLIES) == 235
    assert sum("steps" in reply for reply in REPLIES) == 306
