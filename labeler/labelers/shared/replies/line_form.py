r"""Verdicts out of lines, tags and boxes: how models write that were not asked for JSON, or forgot.

    Step 3: 12 + 21 = 33; expected 12 + 21 = 33: right.     the embedded judge and annotator
    **Step 3** - incorrect: 12 + 21 is 33                   verdict first, reasoning after it
    | 3 | wrong |                                           a table
    <analysis_3>...</analysis_3> <conclusion>Incorrect</..> Qwen: the last analysis is the error
    Step 1 ... Verdict: correct                             a block, the verdict in its own line
    <step_3>incorrect</step_3>, <step id="3">               tags
    \boxed{2}, \boxed{-1}                                   ProcessBench: index of the first error
    Step 3: ... The step is \boxed{incorrect}               ThinkPRM

A verdict stands at the end or the beginning of its line, set apart by punctuation; a word inside a
sentence is none.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from labeler.labelers.shared.replies.base import (
    RIGHT,
    WRONG,
    Entry,
    ParsedReply,
    StepVerdict,
    verdict_of,
)
from labeler.labelers.shared.replies.quoted import Quoted
from labeler.records import Verdict

_WORDS = "|".join(sorted((w for w in RIGHT | WRONG if w.isalpha()), key=len, reverse=True))
_SIGNS = "[✓✔✅✗✘❌]"
_MARKS = r"[\s*_`#>|]*+"
_NAME = r"(?:step|paragraph|§|\#|schritt|[ée]tape|paso|passo|passaggio|шаг|步[骤驟]|第|ステップ)"
"""What a step is called, in the languages that judges answer in."""
# Repetitions are possessive (`*+`) or counted: a long line is read in linear time, whatever it is.
_HEAD = re.compile(
    rf"^{_MARKS}(?:[-•]\s+)?(?P<name>{_NAME}[\s*_:]*+)?(?P<number>\d{{1,4}})(?:\s?[步단]계?)?"
    rf"[*_`]*+\s*+(?:[:：.)|,=(→]|->|=>|[-–—]+|$|(?=[\s*_]*+(?:is\b|{_SIGNS})))(?P<rest>.*)$",
    re.IGNORECASE,
)
_AT_START = re.compile(
    rf"^{_MARKS}(?:\(|\[)?(?:is\s+)?(?:{_SIGNS}\ufe0f?\s(?=\w))?"
    rf"(?P<verdict>(?:not\s+)?\b(?:{_WORDS})\b|{_SIGNS})"
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
    r"\b(?:first|earliest)\s++(?:error|mistake|wrong|incorrect|erroneous)(?:\s++(?:step|paragraph))?+"
    r"[\s*_]*+(?:is|occurs|appears|happens|lies|:|=)++[\s*_]*+(?:located\s++)?(?:(?:in|at)\s++)?"
    r"(?:step|paragraph)?\s*+(?P<number>none|-1|\d{1,4})\b",
    re.IGNORECASE,
)


def read_lines(text: str, cut_off: bool, heads: Sequence[str], quoted: str) -> ParsedReply:
    """What lines, tags and boxes say.

    `heads` are what the steps begin with, where the prompt did not number them: a line is then
    about the step whose head it repeats. Lines copied from `quoted` are not the judge's.
    """
    copied = Quoted(quoted)
    lines = [line for line in text.splitlines() if not line.strip() or not copied.holds(line)]
    if cut_off:
        lines = lines[:-1] if text.splitlines()[-1:] == lines[-1:] else lines
    lines = [part for line in lines for part in _parts(line)]
    waiting: dict[str, deque[int]] = {}
    for t, head in enumerate(heads):
        waiting.setdefault(head, deque()).append(t)
    entries = [e for line in lines if (e := _entry(line, waiting)) is not None]
    entries = entries or _in_blocks(lines)
    whole = "\n".join(lines)
    concluded = _tagged(whole) or _boxed(whole) or _named(whole) or ParsedReply()
    return replace(concluded, entries=tuple(entries))


_TAG = re.compile(
    r"<(?P<tag>(?:step|paragraph|verdict|label)s?)(?:_(?P<number>\d{1,4})"
    r"|\s(?:id|step|number|index|n)=[\"']?(?P<named>\d{1,4})[\"']?)>(?P<said>[^<>]{1,200})</[a-z_0-9]{1,40}>",
    re.IGNORECASE,
)
_NEXT_IN_LINE = re.compile(r"[;,.]\s++(?=\**step\s\d{1,4}\b)", re.IGNORECASE)
_ANNOUNCES = re.compile(
    r"^[\s*_#>-]*(?:(?:final\s)?(?:verdict|judge?ment|label|conclusion|evaluation|result|status"
    r"|correctness|assessment))[*_\s]*[:：][*_\s]*(?P<verdict>.{1,40})$",
    re.IGNORECASE,
)


def _parts(line: str) -> list[str]:
    """The verdicts of a line, each on a line of its own: tags, and `Step 1: ...; Step 2: ...`."""
    if tags := list(_TAG.finditer(line)):
        return [f"Step {tag['number'] or tag['named']}: {tag['said'].strip()}" for tag in tags]
    return _NEXT_IN_LINE.split(line)


def _in_blocks(lines: Sequence[str]) -> list[Entry]:
    """Verdicts below the heading of their step: announced, or alone in the first line below it.

    Nothing where the headings do not stand in order: one of them is a reference then.
    """
    found: list[Entry] = []
    numbers: list[int] = []
    is_first = False
    for line in lines:
        head = _HEAD.match(line)
        if head and head["name"]:
            numbers.append(int(head["number"]))
            is_first = not head["rest"].strip("*_ ")
        elif numbers and line.strip():
            announced = _ANNOUNCES.match(line)
            said = _verdict(announced["verdict"]) if announced else None
            if said is None and is_first:
                said = verdict_of(line)
            if said is not None and said.verdict is not Verdict.UNKNOWN:
                found.append(Entry(numbers[-1], said))
            is_first = False
    in_order = all(one < other for one, other in pairwise(numbers))
    return found if in_order else []


def _entry(line: str, waiting: dict[str, deque[int]]) -> Entry | None:
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
    return Entry(number, said, indices.popleft() if indices else None)


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
    named = [re.sub(r"^(?:step|paragraph)\s+", "", box, flags=re.IGNORECASE) for box in boxes]
    return _indexed([box for box in named if re.fullmatch(r"-?\d{1,4}", box)])


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
