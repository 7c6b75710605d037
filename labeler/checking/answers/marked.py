r"""Reads only answers that are marked as MATH, GSM8K or a plain "The answer is" mark them.

Order of preference; within each the last occurrence counts, because solutions correct themselves:
  1. `\boxed{...}` or `\fbox{...}` with balanced braces (also `\boxed 5`), as MATH asks for;
  2. `#### 42` on a line of its own, as GSM8K writes it;
  3. `The (final) answer is ...` or `(Final) Answer: ...`, up to the end of the sentence or line.

For policies that keep to such a form, and for labels as they were before there was `auto`.
Not covered: guessing (the last number of a text is no answer) and splitting an answer into parts.
Sources: Hendrycks et al. 2021 (MATH), Cobbe et al. 2021 (GSM8K) for the first two conventions.
"""

from __future__ import annotations

import re

from labeler.boxes import last_box

_HASHES = re.compile(r"^[ \t]*####[ \t]*([^\s][^\n]*)", re.MULTILINE)
_MARK = re.compile(
    r"""\b(?: (?:final\ |correct\ )? answer \**\s{0,200} : \**
          | the\ (?:final\ |correct\ )? answer\ is (?:\s{0,200}:)? )
        [ \t]*(?=\S)""",
    re.IGNORECASE | re.VERBOSE,
)
_END = re.compile(r"\.(?=\s|$)|$", re.MULTILINE)


def read_marked(text: str) -> str | None:
    """The final answer as the solution wrote it, without its marker; None where none is marked."""
    boxed = last_box(text)
    if boxed is not None:
        return boxed or None
    hashes = _HASHES.findall(text)
    answer = hashes[-1] if hashes else _last_sentence(text)
    return None if answer is None else _unquoted(answer) or None


def _last_sentence(text: str) -> str | None:
    """What stands behind the last mark, to the end of its sentence or line."""
    answer, place = None, 0
    while mark := _MARK.search(text, place):
        end = _END.search(text, mark.end() + 1)
        place = end.start() if end else len(text)
        answer = text[mark.end() : place]
    return answer


def _unquoted(answer: str) -> str:
    """Without Markdown's emphasis and the full stop of the sentence around it."""
    return answer.strip().strip("*").strip().removesuffix(".").strip()
