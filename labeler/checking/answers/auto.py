r"""Reads the final answer of a real reply, in whatever form it stands there.

What a reply marks last is its answer: a box, a mark in words or signs (`marks`). Boxes side by side
("\boxed{2} and \boxed{3}") are a set. A mark that is withdrawn afterwards ("Wait, ...") gives way
to what the text then concludes. Where nothing is marked, the concluding sentence is read. Thoughts
are no part of the answer. None where nothing of this is there: unreadable, which is not wrong.
"""

from __future__ import annotations

import re

from labeler.boxes import Box, boxes
from labeler.checking.answers.code_blocks import without_programs
from labeler.checking.answers.marks import Marked, is_placeholder, last_marked
from labeler.checking.answers.sentences import WINDOW, conclusion, denies, same_number
from labeler.checking.answers.thoughts import behind_thoughts, without_special_tokens

_BESIDE = re.compile(
    r"""(?:[\s$.,;*&•]|\\[()\[\],;!\ ]|\\q?quad(?![A-Za-z])|\\text\s?\{[\s,]*(?:and|or)[\s,]*\}
    |(?<![A-Za-z])(?:and|or|und|oder|y|o|et|ou|和|或)(?![A-Za-z])|[-–](?=\s)
    |(?:[0-9]{1,2}[.)]|\([a-z0-9ivx]{1,4}\))(?=\s)
    |[A-Za-z](?:_\{?[0-9A-Za-z]\}?)?\s{0,2}=)*""",
    re.VERBOSE,
)
"""What may stand between two boxes of one set: marks of a formula or a list, and, or, `x =`."""
_NEXT_TURN = re.compile(
    r"\n\s{0,8}(?:#{1,4} ?)?\**(?:Q|Question|Problem|Human|User|Instruction|Example)\**"
    r"(?: [0-9]{1,3})?\s?[:：]"
)
_WITHDRAWS = re.compile(
    r"""\b(?:wait|correction|oops|hmm|sorry|apolog\w+|mistake\w*|incorrect|wrong|on\ second\ thought
    |left\ out|forgot(?:ten)?|overlooked|miscounted|misread|should\ have\ been)\b
    |(?:^|[.\n]\s{0,4})But\b""",
    re.IGNORECASE | re.VERBOSE,
)
FENCE = "```"
_DOUBTS = re.compile(
    r"\b(?:however|actually|re-?consider\w*|re-?examin\w*|instead)\b", re.IGNORECASE
)
_DENIES = re.compile(
    r"\b(?:is|was|are) (?:wrong|incorrect|not (?:right|correct))\b"
    r"|\bmistake\b|\bleft out\b|\bforgot",
    re.IGNORECASE,
)

_OTHERS = re.compile(
    r"\b(?:the |all )?(?:other|others|remaining|rest)\b[^.\n]{0,80}?"
    r"\b(?:wrong|incorrect|not (?:right|correct)|mistake\w*)\b",
    re.IGNORECASE,
)
"""What denies the answers that were not given."""
_ONLY_A_CHOICE = re.compile(r"\**\(?[A-J]\)?\.?\**")


def final_answer(text: str) -> str | None:
    """The final answer as the reply wrote it, without its mark; None where none can be read."""
    reply = behind_thoughts(text)
    if reply is None:
        return None
    # What a program would print stands nowhere in the text.
    reply = without_programs(without_special_tokens(reply))
    if turn := _NEXT_TURN.search(reply):
        # A base model goes on with a question of its own; the answer to ours stands before it.
        answered = _marked(reply[: turn.start()])
        if answered is not None:
            return _upheld(answered, reply[: turn.start()])
    marked = _marked(reply)
    if marked is not None:
        return _upheld(marked, reply)
    if _ONLY_A_CHOICE.fullmatch(reply.strip()):
        return reply.strip().strip("*").rstrip(".")
    # Nor does what a block of another kind at the end would give.
    return None if reply.rstrip().endswith(FENCE) else conclusion(reply)


def _marked(text: str) -> Marked | None:
    """What is marked last, box or other mark."""
    found = [
        box for box in boxes(text) if not (is_placeholder(box.content) or denies(text, box.start))
    ]
    boxed = _boxed(text, found) if found else None
    other = last_marked(text)
    if boxed is None or other is None:
        return boxed or other
    # A mark in words that leads to the box, or a sentence around it, is the box's own.
    return boxed if other.start < boxed.end else other


def _boxed(text: str, found: list[Box]) -> Marked:
    """The last box, or the set of those side by side with it."""
    row = [found[-1]]
    for before in reversed(found[:-1]):
        if not _BESIDE.fullmatch(text[before.end : row[0].start][:120]):
            break
        row.insert(0, before)
    contents = list(dict.fromkeys(box.content for box in row))
    return Marked(row[0].start, row[-1].end, ", ".join(contents))


def _upheld(marked: Marked, text: str) -> str | None:
    """The marked answer; what replaces it if it is withdrawn; None where that is not clear."""
    rest = _OTHERS.sub("", text[marked.end :][-WINDOW:])
    withdraws = _WITHDRAWS.search(rest)
    if not withdraws and not _DOUBTS.search(rest):
        return marked.answer
    replaced = conclusion(rest, only_drawn=True)
    if replaced is None or same_number(replaced, marked.answer):
        return None if replaced is None and _DENIES.search(rest) else marked.answer
    return replaced if withdraws else None
