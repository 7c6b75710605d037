"""How the answers of replies are read: the name of a reader, or a pattern."""

from __future__ import annotations

import re

from pydantic import field_validator

from labeler.settings import Strict


class AnswerPattern(Strict):
    """The last match is the answer: its first group that matched, or all of it.

    A pattern with nested repetitions may take for ever on a long reply; that is its author's care.
    """

    regex: str
    """A regular expression of Python's."""

    @field_validator("regex")
    @classmethod
    def _compiles(cls, regex: str) -> str:
        try:
            re.compile(regex)
        except re.error as error:
            raise ValueError(f"no regular expression ({error}); mend the pattern") from error
        return regex
