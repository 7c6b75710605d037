r"""Which stretches of a text are one thing, and are never cut: fences, displays, environments.

A fence is ``` or ~~~ behind which nothing but a language stands, up to a line of nothing but the
same mark (CommonMark, section 4.5; one that begins behind other words, too, for models write that).
A display is `$$..$$` or `\[..\]`, or stands between two lines of nothing but `$`; an environment is
`\begin{x}..\end{x}`, nested or not, except those that hold running text (`TEXTS`). A formula of a
line (`$..$`) counts where it goes on in the next line. What a fence holds is no display.

What was never closed lasts to the end where the text may have been cut off inside of it: a fence
always, a display if the rest is short. Otherwise the mark stands for itself (`$$` for money).
Every mark is looked at once or twice: the time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

Span = tuple[int, int]
"""From the first character to behind the last one."""

LONGEST_OPEN = 2_000
"""Characters behind a display's mark that was never closed, if they are to belong to it."""
LONGEST_INDENT = 100
LONGEST_DOLLARS = 5_000
"""Between two `$$` that belong together; they look alike, so a stray one must not pair on."""

TEXTS = (
    r"(?:enumerate|itemize|description|center|flushleft|quote|quotation|document|abstract|proof|proofs"
    r"|theorem|lemma|claim|proposition|corollary|solution|answer|problem|example|remark|steps?)\*?"
)
"""Environments whose paragraphs and items are steps like others."""

_FENCE = re.compile(
    r"(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[\w+#.-]{0,40})[^`~\r\n]{0,80}(?=[\r\n]|\Z)"
)
_OPENS_LINE = re.compile(r"[ \t>]*(?:(?:[-*+•]|\d{1,3}[.)])[ \t]+)?\Z")
_MARK = re.compile(
    r"(?P<skip>\\\\|\\\$)|(?P<dollars>\$\$)|(?P<open>\\\[)|(?P<close>\\\])"
    r"|(?P<lone>(?m:^)[ \t]{0,12}\$[ \t]*(?=[\r\n]|\Z))"
    rf"|\\(?P<way>begin|end)\{{(?!{TEXTS}\}})(?P<name>[A-Za-z]{{1,40}}\*?)\}}"
)
_BROKEN = re.compile(
    r"(?<![\\$\w])\$(?![\s$])(?P<inside>(?:[^$\r\n]|\\\$|(?:\r\n|\r|\n)(?![ \t]*[\r\n])){1,400}?)"
    r"(?<![\s\\])\$(?![\d$])"
)
"""A formula between single dollars, by Pandoc's rule, without a blank line."""
_OF_A_FORMULA = re.compile(r"[\\=^_{}]|[-+*/<>(]\s*[\r\n]")


def whole_spans(text: str) -> list[Span]:
    """The spans in order; none overlaps another."""
    fences = _fences(text)
    displays = _union(sorted([*fences, *_displays(text, fences)]))
    return _union(sorted([*displays, *_broken(text, displays)]))


def _broken(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Formulas of running text that a line break falls into, outside of the `spans`.

    They begin behind their dollar, for the line that it stands in is running text.
    """
    places = [(0, 0), *spans, (len(text), len(text))]
    for (_, start), (end, _) in pairwise(places):
        for one in _BROKEN.finditer(text, start, end):
            inside = one["inside"]
            # Two prices may look like it; they hold no sign of a formula.
            if ("\n" in inside or "\r" in inside) and _OF_A_FORMULA.search(inside):
                yield one.start() + 1, one.end()


def _fences(text: str) -> list[Span]:
    found: list[Span] = []
    start, mark = 0, ""
    for match in _FENCE.finditer(text):
        is_bare = match[0].rstrip() == match["mark"]
        begins = _begins_line(text, match.start())
        if not mark:
            if begins or match["info"]:
                start, mark = match.start(), match["mark"]
        elif begins and is_bare and match["mark"].startswith(mark):
            found.append((start, match.end()))
            mark = ""
    if mark:
        found.append((start, len(text)))
    return found


def _begins_line(text: str, at: int) -> bool:
    """Whether nothing stands before `at` in its line but quotes, or what begins a list item."""
    near = max(0, at - LONGEST_INDENT)
    line = max(text.rfind("\n", near, at), text.rfind("\r", near, at))
    if line < 0 < near:
        return False
    return _OPENS_LINE.match(text, line + 1 if line >= 0 else 0, at) is not None


def _displays(text: str, fences: Sequence[Span]) -> list[Span]:
    marks = _outside(list(_MARK.finditer(text)), fences)
    ends = _ends(text, marks)
    found: list[Span] = []
    at = 0
    for index, mark in enumerate(marks):
        end = ends[index]
        if mark.start() >= at and end is not None:
            found.append((mark.start(), end))
            at = end
    return found


def _ends(text: str, marks: Sequence[re.Match[str]]) -> list[int | None]:
    """Where what each mark opens ends; None for those that open nothing."""
    ends: list[int | None] = [None] * len(marks)
    closing, dollars, lone = None, None, None
    begun: dict[str, list[int]] = {}
    for index in range(len(marks) - 1, -1, -1):
        mark = marks[index]
        if mark["close"]:
            closing = mark.end()
        elif mark["open"]:
            ends[index] = closing or _cut_off(text, mark.end())
        elif mark["dollars"]:
            if dollars is not None and dollars - mark.end() <= LONGEST_DOLLARS:
                ends[index] = dollars
            elif dollars is None:
                ends[index] = _cut_off(text, mark.end())
            dollars = mark.end()
        elif mark["lone"]:
            if lone is not None and lone - mark.end() <= LONGEST_DOLLARS:
                ends[index] = lone
            lone = mark.end()
        elif mark["way"] == "end":
            begun.setdefault(mark["name"], []).append(mark.end())
        elif mark["way"] == "begin":
            waiting = begun.get(mark["name"])
            ends[index] = waiting.pop() if waiting else _cut_off(text, mark.end())
    return ends


def _cut_off(text: str, at: int) -> int | None:
    return len(text) if len(text) - at <= LONGEST_OPEN else None


def _outside(marks: Sequence[re.Match[str]], spans: Sequence[Span]) -> list[re.Match[str]]:
    found = []
    waiting = iter(spans)
    start, end = next(waiting, (1 << 62, 0))
    for mark in marks:
        while mark.start() >= end and start < 1 << 62:
            start, end = next(waiting, (1 << 62, 0))
        if mark.start() < start and not mark["skip"]:
            found.append(mark)
    return found


def _union(spans: Sequence[Span]) -> list[Span]:
    found: list[Span] = []
    for start, end in spans:
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def starts_of(pieces: Sequence[str]) -> list[int]:
    """Where each piece begins in the joined text, and where the last one ends."""
    return [0, *accumulate(map(len, pieces))]
