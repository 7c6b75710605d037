"""All readers of answers by name; `answers:` of a run file names one, or gives a pattern."""

from __future__ import annotations

from labeler.checking.answers.auto import final_answer
from labeler.checking.answers.base import AnswerReader, Reading
from labeler.checking.answers.marked import read_marked
from labeler.checking.answers.numbers import read_by, read_last_number, read_strict
from labeler.errors import ConfigError
from labeler.extensions import choose_among
from labeler.records import Verdict

MARKED = AnswerReader("marked", "a box, ####, or 'the answer is'; nothing else", 1, read_marked)
AUTO = AnswerReader(
    "auto", "the forms of real replies, the concluding sentence last", 4, final_answer
)
LAST_NUMBER = AnswerReader("last_number", "the last number of the text", 2, read_last_number)
STRICT = AnswerReader("strict", "the number behind '#### ', as GSM8K is scored", 2, read_strict)

READERS = {made.name: made for made in (MARKED, AUTO, LAST_NUMBER, STRICT)}

BY_DEFAULT = Reading(AUTO)
AS_BEFORE = Reading(MARKED, Verdict.WRONG)
"""How answers were read before there was a choice; a run that asks for it keeps its identity."""


def reader_named(name: str) -> AnswerReader:
    """The reader of this name; `ConfigError` lists them where there is none."""
    if name not in READERS:
        known = choose_among(name, READERS)
        raise ConfigError(f"answers: {name}: {known}, or give {{regex: PATTERN}}")
    return READERS[name]


def reader_by(pattern: str) -> AnswerReader:
    """A reader of what a regular expression matches last."""
    return AnswerReader("regex", "the last match of a pattern", 1, read_by(pattern), pattern)
