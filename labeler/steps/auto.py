"""`steps: auto`: a step is what a reader of a chat model's reply would point at.

A reply is cut where it breaks off itself, by the coarsest marks it has: paragraphs (blank lines)
and list items; lines, if no line is blank or each is a sentence; sentences, if it is one line.
Then:

- nothing is cut inside a fence, display, environment or table; a list item keeps what is indented
  under it, and words what is indented like code; a display belongs to the words before it, and so
  does what goes on behind it;
- what stands under "Step 2: ..." is one step, and so is a list item with what it announces;
- an opening tag on a line of its own joins what follows, a closing one what stands before;
- headings, rules and words that announce something ("We compute:") join what follows;
- thinking and answer share no step (`thinking.py`); white space at the end of a line belongs to
  the step before it, so a step begins with something to see;
- what shows fewer than `LEAST` characters joins what follows (the last one what stands before);
  what has more than `MOST` is cut at its lines, else sentences, else words, but never inside what
  the first rule protects.

A decision depends on the step it ends and on the next line, so the rest of a reply is split behind
a step as it was within the whole. Everything is linear in the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from labeler.steps.delimiter import with_visible
from labeler.steps.lines import STEP_NAME, Kind, Line, lines_of
from labeler.steps.sentences import cut, sentence_cuts, word_cuts
from labeler.steps.spans import Span, whole_spans
from labeler.steps.thinking import parts_of

LEAST = 3
"""Visible characters, marks of emphasis not counted."""
MOST = 2_000
"""Characters; longer than 99.9% of the steps of ProcessBench."""
CODE_INDENT = 4
"""Columns from which Markdown takes a line for code, or for a part of what stands before."""
ANNOUNCEMENT = 300
"""Characters of the longest paragraph that only announces what follows it."""

_NOT_SHOWN = re.compile(r"[\s*_#`>|~-]+")
_ENDS_SENTENCE = re.compile(r"[.!?。！？…][\"'”’)\]*_$]*\s*\Z")
_BLANK_END = re.compile(r"(?:\r\n|\r|\n)[ \t>]*(?:\r\n|\r|\n)[\s>]*\Z")
_LINE_END = re.compile(r"[\r\n]\s*\Z")
_TAIL = 80
_ANSWER = re.compile(r"[ \t]*#{4}[ \t]*[-+$\\]?[.\d]")
"""GSM8K's mark of an answer, which is a whole step however short."""
_ANSWERS = re.compile(
    r"[ \t>*_]*(?:#{4}|(?:the |my |so,? the |therefore,? the )?(?:final |correct )?answer\b"
    r"|(?:[Aa]ntwort|[Rr][ée]ponse|[Rr]espuesta|[Rr]isposta|[Rr]esposta|[Оо]твет)\b"
    r"|(?:因此|所以|故|最终)?答|答え|정답|답[:：])",
    re.IGNORECASE,
)
"""A line that gives the answer does not stand under "Step 3"."""
_NUMBERED = re.compile(rf"[ \t#*_]*{STEP_NAME}", re.IGNORECASE)
_IN_COLUMN = re.compile(r"[ \t]*[-+×x*÷]?[ \t]*[\d.,]+[ \t]*(?:\r\n|\r|\n)?\Z")
"""A number in a column that is added up; the rule below it is the stroke."""
_ITEMS = (Kind.ITEM, Kind.TITLE)
HEADS = (Kind.RULE, Kind.HEADING, Kind.TITLE)


def split_auto(text: str, before: str = "") -> tuple[str, ...]:
    """The steps of `text`, which joined give it; `before` is the step that it goes on from."""
    steps: list[str] = []
    for part in parts_of(text):
        steps += _of_part(part, steps[-1] if steps else before)
    return with_visible(steps)


@dataclass(slots=True)
class _Step:
    """A step in the making; `last` is its newest line that shows anything, and `begun` the newest
    that does not lie inside a fence or display.
    """

    lines: list[Line] = field(default_factory=list)
    last: Line | None = None
    begun: Line | None = None
    shown: int = 0
    item: int | None = None
    """How far the list item is indented that this step is."""

    def add(self, line: Line) -> None:
        self.lines.append(line)
        if line.kind is Kind.BLANK:
            return
        self.last = line
        if line.kind is not Kind.INSIDE:
            self.begun = line
        if line.kind not in HEADS and line.kind is not Kind.END:
            said = len(_NOT_SHOWN.sub("", line.text[:_TAIL]))
            self.shown += LEAST if _ANSWER.match(line.text) else said
        if line.kind in _ITEMS and self.item is None:
            self.item = line.indent

    @property
    def text(self) -> str:
        return "".join(line.text for line in self.lines)

    @property
    def is_headed(self) -> bool:
        """Whether it begins with a heading or "Step 2", under which its lines stand."""
        first = next(line for line in self.lines if line.kind is not Kind.BLANK)
        return first.kind in (*HEADS, Kind.STEP)

    @property
    def is_numbered(self) -> bool:
        """Whether it begins with "Step 2", be that a sentence or a heading."""
        first = next(line for line in self.lines if line.kind is not Kind.BLANK)
        return first.kind is Kind.STEP or (
            first.kind in HEADS and _NUMBERED.match(first.text) is not None
        )


def _of_part(part: str, before: str) -> Iterator[str]:
    spans = whole_spans(part)
    lines = lines_of(part, spans)
    visible = [line for line in lines if line.kind not in (Kind.BLANK, Kind.INSIDE)]
    tail = before[-_TAIL:]
    if len(visible) == 1 and (not tail.strip() or not _LINE_END.search(tail)):
        for sentence in cut(part, sentence_cuts(part, spans)):
            yield from _bounded(sentence)
        return
    by_lines = not _BLANK_END.search(tail) and not _has_paragraphs(lines)
    for step in _joined(_steps(lines, by_lines)):
        yield from _bounded(step)


def _has_paragraphs(lines: Sequence[Line]) -> bool:
    """Whether a blank line stands between two lines that show something."""
    shown = [n for n, line in enumerate(lines) if line.kind is not Kind.BLANK]
    return any(
        after - before > 1 and lines[after].kind is not Kind.INSIDE
        for before, after in pairwise(shown)
    )


def _steps(lines: Sequence[Line], by_lines: bool) -> Iterator[_Step]:
    step = _Step()
    after_blank = True
    for line in lines:
        if line.kind is Kind.BLANK:
            after_blank = True
        elif line.kind is not Kind.INSIDE:
            if step.last and _begins(step, line, after_blank=after_blank, by_lines=by_lines):
                yield step
                step = _Step()
            after_blank = False
        else:
            after_blank = False
        step.add(line)
    yield step


def _begins(step: _Step, line: Line, *, after_blank: bool, by_lines: bool) -> bool:
    """Whether a new step begins with `line`, which follows a step that shows something."""
    last, begun = step.last, step.begun
    assert last is not None and begun is not None
    if line.kind is Kind.END or _only_announces(step, last):
        return False
    if line.kind in _ITEMS:
        return step.item is None or line.indent <= step.item + 1
    if line.kind is Kind.RULE and not after_blank and _IN_COLUMN.match(last.text):
        return False
    if line.kind in HEADS or line.kind is Kind.STEP:
        return True
    if line.kind is Kind.WHOLE or line.kind is last.kind is Kind.ROW:
        return False
    if line.kind in (Kind.FENCE, Kind.ROW):
        return _ends_sentence(last)
    if line.indent >= CODE_INDENT or (step.item is not None and line.indent > step.item + 1):
        return False
    is_behind_math = begun.kind is Kind.WHOLE or (
        last is not begun and begun.kind is not Kind.FENCE
    )
    if _goes_on(line.text) and (not after_blank or is_behind_math):
        return False
    if by_lines and not after_blank and step.is_numbered:
        return _ANSWERS.match(line.text) is not None
    if after_blank or by_lines or step.item is not None or begun.kind in (Kind.ROW, Kind.FENCE):
        return True
    return _is_sentence(last) and not step.is_headed


def _only_announces(step: _Step, last: Line) -> bool:
    """Whether the step so far is a heading, a number, or words such as "Here is the plan:"."""
    if step.shown < LEAST or last.kind in HEADS:
        return True
    said = last.text[-_TAIL:].rstrip().rstrip("*_")
    whole = sum(len(one.text) for one in step.lines[:4])
    return said.endswith((":", "：")) and len(step.lines) <= 4 and whole <= ANNOUNCEMENT


def _goes_on(text: str) -> bool:
    """Whether a line goes on with the sentence of the line before."""
    first = text.lstrip()[:1]
    return first.islower() or first in ",;)]}"


def _is_sentence(line: Line) -> bool:
    """Whether a line of running text is one by itself: whoever breaks lines only there means it."""
    return line.kind is Kind.PROSE and (_ends_sentence(line) or bool(_ANSWER.match(line.text)))


def _ends_sentence(line: Line) -> bool:
    return _ENDS_SENTENCE.search(line.text[-_TAIL:]) is not None


def _joined(steps: Iterator[_Step]) -> Iterator[str]:
    """Texts of steps; what shows too little joins what follows, or at the end what came before."""
    texts: list[str] = []
    pending: list[str] = []
    for step in steps:
        pending.append(step.text)
        if step.shown >= LEAST:
            texts.append("".join(pending))
            pending = []
    rest = "".join(pending)
    if rest and texts and not re.search(r"\d|boxed", rest):
        texts[-1] += rest
    elif rest:
        texts.append(rest)
    yield from texts


def _bounded(text: str) -> Iterator[str]:
    """A text in pieces of at most `MOST` characters, as far as it has places to cut at."""
    if len(text) > MOST:
        spans = whole_spans(text)
        places = (_line_cuts(text, spans), sentence_cuts(text, spans), word_cuts(text, spans))
        cuts, start = [], 0
        while len(text) - start > MOST:
            at = _place(places, start)
            if at is None:
                break
            cuts.append(at)
            start = at
        yield from cut(text, cuts)
    else:
        yield text


def _place(places: Sequence[list[int]], start: int) -> int | None:
    """The last place of the best kind that keeps a piece from `start` on small; else the next."""
    for cuts in places:
        last = bisect_right(cuts, start + MOST) - 1
        if last >= 0 and cuts[last] > start + MOST // 4:
            return cuts[last]
    following = [cuts[at] for cuts in places if (at := bisect_right(cuts, start)) < len(cuts)]
    return min(following, default=None)


def _line_cuts(text: str, spans: Sequence[Span]) -> list[int]:
    lines = [one for one in lines_of(text, spans) if one.kind not in (Kind.BLANK, Kind.INSIDE)]
    return [
        line.start
        for before, line in pairwise(lines)
        if not before.kind is line.kind is Kind.ROW and before.kind not in HEADS
    ]
