r"""Takes the final answer out of the text of a solution.

Order of preference; within each the last occurrence counts, because solutions correct themselves:
  1. `\boxed{...}` or `\fbox{...}` with balanced braces (also `\boxed 5`), as MATH asks for;
  2. `#### 42` on a line of its own, as GSM8K writes it;
  3. `The (final) answer is ...` or `(Final) Answer: ...`, up to the end of the sentence or line.

Not covered: guessing (the last number of a text is no answer) and splitting an answer into parts.
Of a problem in code the answer is the program, of one on traces a Python value (`answer_in`).
Nothing found is None, which is not the same as a wrong answer.
Sources: Hendrycks et al. 2021 (MATH), Cobbe et al. 2021 (GSM8K) for the first two conventions.
"""

from __future__ import annotations

import re

from labeler.checking.python_value import NoLiteral, literal

_BOX = re.compile(r"\\(?:boxed|fbox)\s*")
_FENCED = re.compile(r"^```[^\n`]*\n(.*?)^```[ \t]*$", re.DOTALL | re.MULTILINE)
_HASHES = re.compile(r"^[ \t]*####[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_SENTENCE = re.compile(
    r"""\b(?: (?:final\ |correct\ )? answer \**\s* : \**
          | the\ (?:final\ |correct\ )? answer\ is (?:\s*:)? )
        [ \t]* (?P<answer>\S.*?) [ \t]*
        (?: \.(?=\s|$) | $ )""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)

_REST_OF_LINE = re.compile(
    r"\banswer(?: is)?\**[ \t]*:?\**[ \t]*(?P<answer>\S.*?)[ \t]*$", re.IGNORECASE | re.MULTILINE
)


def final_answer(text: str) -> str | None:
    """The final answer as the solution wrote it, without its marker; None where none is marked."""
    boxed = _last_box(text)
    if boxed is not None:
        return boxed or None
    for pattern in (_HASHES, _SENTENCE):
        found = pattern.findall(text)
        if found:
            return _unquoted(found[-1]) or None
    return None


def answer_in(domain: str, text: str) -> str | None:
    """The answer of a solution in a domain: of code the program itself, else what is marked."""
    match domain:
        case "code":
            return program_in(text)
        case "trace":
            return _value_in(text) or final_answer(text)
        case _:
            return final_answer(text)


def program_in(text: str) -> str | None:
    """The last fenced block of a chat's answer, or the whole text; None where it is blank."""
    blocks = _FENCED.findall(text)
    program = blocks[-1] if blocks else text
    return program if program.strip() else None


def _value_in(text: str) -> str | None:
    """The Python value behind the last mark, up to the end of its line: it may hold full stops."""
    rests = _REST_OF_LINE.findall(text)
    for rest in (rests[-1], _unquoted(rests[-1]).strip("`")) if rests else ():
        try:
            literal(rest)
        except NoLiteral:
            continue
        return str(rest)
    return None


def closing_brace(text: str, opening: int) -> int | None:
    """Index of the brace that closes the one at `opening`; None where the text ends before it."""
    depth, index = 0, opening
    while index < len(text):
        if text[index] == "\\":
            index += 2  # an escaped brace is a set's, not a group's
            continue
        depth += (text[index] == "{") - (text[index] == "}")
        if depth == 0:
            return index
        index += 1
    return None


def _last_box(text: str) -> str | None:
    """Content of the last complete box; a box cut off by the token limit is no answer."""
    for mark in reversed(list(_BOX.finditer(text))):
        start = mark.end()
        if start < len(text) and text[start] == "{":
            end = closing_brace(text, start)
            if end is not None:
                return text[start + 1 : end].strip()
        elif bare := re.match(r"[^\s{}$.,;]+", text[start:]):
            return bare.group()
    return None


def _unquoted(answer: str) -> str:
    """Without Markdown's emphasis and the full stop of the sentence around it."""
    return answer.strip().strip("*").strip().removesuffix(".").strip()
