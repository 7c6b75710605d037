r"""Verdicts out of lines, tags and boxes: how models write that were not asked for JSON, or forgot.

    Step 3: 12 + 21 = 33; expected 12 + 21 = 33: right.     the embedded judge and annotator
    **Step 3** - incorrect: 12 + 21 is 33                   verdict first, reasoning after it
    | 3 | wrong |                                           a table
    <analysis_3>...</analysis_3> <conclusion>Incorrect</..> Qwen: the last analysis is the error
    \boxed{2}, \boxed{-1}                                   ProcessBench: index of the first error
    Step 3: ... The step is \boxed{incorrect}               ThinkPRM

A verdict stands at the end or the beginning of its line, set apart by punctuation; a word inside a
sentence is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from labeler.labelers.shared.replies.base import (
    RIGHT,
    WRONG,
    Entry,
    ParsedReply,
    StepVerdict,
    verdict_of,
)
from labeler.records import Verdict

_WORDS = "|".join(sorted((w for w in RIGHT | WRONG if w.isalpha()), key=len, reverse=True))
_SIGNS = "[✓✔✅✗✘❌]"
_MARKS = r"[\s*_`#>|]*+"
# Repetitions are possessive (`*+`) or counted: a long line is read in linear time, whatever it is.
_HEAD = re.compile(
    rf"^{_MARKS}(?:[-•]\s+)?(?:(?:step|paragraph|§|\#)[\s*_]*+)?(?P<number>\d{{1,4}})"
    rf"[*_`]*+\s*+(?:[:.)|,]|[-–—]+|$|(?=[\s*_]*+(?:is\b|{_SIGNS})))(?P<rest>.*)$",
    re.IGNORECASE,
)
_AT_START = re.compile(
    rf"^{_MARKS}(?:\(|\[)?(?:is\s+)?(?P<verdict>(?:not\s+)?\b(?:{_WORDS})\b|{_SIGNS})"
    rf"[\])*_`]*+\s*+(?:[.:;,(|\-–—].*)?$",
    re.IGNORECASE,
)
_AT_END = re.compile(
    rf"(?:[:;|→(\[]|\s[-–—]{{1,9}}|\*\*|=>|->)\s?[*_`\[(]{{0,9}}"
    rf"(?P<verdict>(?:not\s)?\b(?:{_WORDS})\b|{_SIGNS})[\s.!*_`\])|]*+$",
    re.IGNORECASE,
)
_BOX = re.compile(r"\\boxed\s*+\{\s*+(?:\\text\s*+\{)?([^{}]*+)\}")
_ANALYSIS = re.compile(r"<(?:analysis|paragraph|step)_(\d+)>", re.IGNORECASE)
_CONCLUSION = re.compile(
    r"<conclusion>((?:(?!<conclusion>).)*?)</conclusion>", re.IGNORECASE | re.DOTALL
)
_FIRST = re.compile(
    r"\bfirst\s++(?:error|wrong|incorrect|erroneous)(?:\s++(?:step|paragraph))?+\s*+(?:is|:|=)++"
    r"\s*+(?:in\s++)?(?:step|paragraph)?\s*+(?P<number>none|-1|\d{1,4})\b",
    re.IGNORECASE,
)


def read_lines(text: str, cut_off: bool, heads: Sequence[str], quoted: str) -> ParsedReply:
    """What lines, tags and boxes say.

    `heads` are what the steps begin with, where the prompt did not number them: a line is then
    about the step whose head it repeats. Lines copied from `quoted` are not the judge's.
    """
    lines = [line for line in text.splitlines() if not line.strip() or line.strip() not in quoted]
    if cut_off:
        lines = lines[:-1] if text.splitlines()[-1:] == lines[-1:] else lines
    waiting: dict[str, list[int]] = {}
    for t, head in enumerate(heads):
        waiting.setdefault(head, []).append(t)
    entries = [e for line in lines if (e := _entry(line, waiting)) is not None]
    whole = "\n".join(lines)
    concluded = _tagged(whole) or _boxed(whole) or _named(whole) or ParsedReply()
    return replace(concluded, entries=tuple(entries))


def _entry(line: str, waiting: dict[str, list[int]]) -> Entry | None:
    head, colon, rest = line.partition(":")
    indices = waiting.get(head.strip()) if colon else None
    number = None
    if indices is None:
        match = _HEAD.match(line)
        if match is None:
            return None
        number, rest = int(match.group("number")), match.group("rest")
    step_verdict = _verdict(rest)
    if step_verdict is None:
        return None
    said = StepVerdict(step_verdict.verdict, step_verdict.reason, rest.strip().strip("*|").strip())
    return Entry(number, said, indices.pop(0) if indices else None)


def _verdict(rest: str) -> StepVerdict | None:
    """The verdict at the end or the beginning of a line; unknown where the two disagree."""
    rest = re.sub(r"\s+", " ", rest)
    boxes = [verdict_of(box) for box in _BOX.findall(rest)]
    cells = [match.group("verdict") for p in (_AT_START, _AT_END) if (match := p.search(rest))]
    said = [verdict_of(cell) for cell in cells] + [
        box for box in boxes if box.verdict is not Verdict.UNKNOWN
    ]
    if not said:
        return None
    if len({one.verdict for one in said}) > 1:
        return StepVerdict(Verdict.UNKNOWN, "its line says both right and wrong")
    return said[0]


def _tagged(text: str) -> ParsedReply | None:
    """Qwen's form: analyses up to the first error, then a conclusion."""
    conclusions = {verdict_of(c).verdict for c in _CONCLUSION.findall(text)}
    numbers = [int(n) for n in _ANALYSIS.findall(text)]
    if len(conclusions) != 1 or conclusions == {Verdict.UNKNOWN}:
        return None
    if conclusions == {Verdict.CORRECT}:
        return ParsedReply(none_wrong=True)
    return ParsedReply(first_wrong=max(numbers, default=None), some_wrong=True)


def _boxed(text: str) -> ParsedReply | None:
    """The last box that holds an index."""
    boxes = [box.strip() for box in _BOX.findall(text)]
    return _indexed([box for box in boxes if re.fullmatch(r"-?\d{1,4}", box)])


def _named(text: str) -> ParsedReply | None:
    return _indexed([match.group("number") for match in _FIRST.finditer(text)])


def _indexed(indexes: Sequence[str]) -> ParsedReply | None:
    if not indexes:
        return None
    if len(set(indexes)) > 1:
        # Both said: laid onto the steps, they contradict each other.
        return ParsedReply(first_wrong=None, none_wrong=True, some_wrong=True)
    if indexes[0] in {"-1", "none", "None"}:
        return ParsedReply(none_wrong=True)
    return ParsedReply(first_wrong=int(indexes[0]), some_wrong=True)
