r"""Takes the answer out of the text of a solution: by domain, and with the reader the run chose.

Of a problem in code the answer is the program, of one on traces a Python value, else what a reader
finds (`labeler.checking.answers`). Nothing found is None, which is not the same as a wrong answer.
"""

from __future__ import annotations

import re

from labeler.checking.answers.auto import final_answer
from labeler.checking.answers.base import AnswerReader
from labeler.checking.answers.programs import program_in
from labeler.checking.answers.readers import AUTO
from labeler.checking.python_value import NoLiteral, literal
from labeler.records import Domain

__all__ = ["answer_in", "answer_of_agent", "final_answer", "program_in"]

MOST_WORDS_OF_AN_ANSWER = 30

_REST_OF_LINE = re.compile(
    r"\banswer(?: is)?\*{0,4}[ \t]{0,8}:?\*{0,4}[ \t]{0,8}(?=\S)", re.IGNORECASE
)


def answer_in(domain: str, text: str, reader: AnswerReader = AUTO) -> str | None:
    """The answer of a solution in a domain: of code the program, else what a reader finds."""
    match domain:
        case "code":
            return program_in(text)
        case "trace":
            return _value_in(text) or reader.read(text)
        case _:
            return reader.read(text)


def answer_of_agent(domain: str, text: str, reader: AnswerReader = AUTO) -> str | None:
    """The answer in an agent's last turn, if that calls nothing: what a reader finds, or of a
    question the last words themselves, where they mark no answer and are short enough to be one.
    """
    answer = answer_in(domain, text, reader)
    if answer is not None or domain != Domain.QA:
        return answer
    said = text.strip()
    return said if said and len(said.split()) <= MOST_WORDS_OF_AN_ANSWER else None


def _value_in(text: str) -> str | None:
    """The Python value behind the last mark, up to the end of its line: it may hold full stops."""
    marks = list(_REST_OF_LINE.finditer(text))
    if not marks:
        return None
    last = marks[-1]
    end = text.find("\n", last.end())
    rest = text[last.end() : end if end >= 0 else len(text)].strip()
    for value in (rest, rest.strip("*").strip().removesuffix(".").strip().strip("`")):
        try:
            literal(value)
        except NoLiteral:
            continue
        return value
    return None
