"""What each line of a reply is: heading, rule, list item, row of a table, or running text.

Markdown as chat models write it (CommonMark; tables as GitHub has them), with LaTeX in between.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from labeler.steps.spans import TEXTS, Span
from labeler.steps.thinking import BEGINS, ENDS

LONGEST_HEADING = 200
"""A bold line of more characters is a paragraph in bold."""

_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_RULE = re.compile(r"[ \t]{0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|={3,})\s*\Z")
_HEADING = re.compile(r"[ \t]{0,3}#{1,6}[ \t]+(?![-+]?[$\\]?[\d.,]+[ \t%]*\Z)\S|[ \t]{0,3}#{1,6}\Z")
_BOLD = re.compile(r"[ \t]{0,3}(?:\*\*|__)(?P<said>.*?)(?:\*\*|__)[ \t]*[:.]?[ \t]*\Z")
_CJK_NUMBER = r"[ \t]*[\d一二三四五六七八九十]{1,3}"
STEP_NAME = (
    r"(?:(?:[Ss]tep|STEP|Schritt|[ÉE]tape|Paso|Passo|Passaggio|Шаг|Stap|Krok|Steg|Adım|Bước)"
    rf"[ \t]*\d{{1,3}}\b|步[骤驟]{_CJK_NUMBER}|第{_CJK_NUMBER}[ \t]*步|ステップ{_CJK_NUMBER}"
    r"|\d{1,3}[ \t]?단계)"
)
"""Step 2, in the languages that models answer in."""
_STEP = re.compile(rf"(?:\*\*|__)?{STEP_NAME}")
_STEP_ALONE = re.compile(rf"[ \t]{{0,3}}{STEP_NAME}[ \t]*[:.：]?\Z")
_ITEM = re.compile(
    r"(?P<indent>[ \t]*)(?:[-*•‣]|\+(?![ \t]+[\d.,]+[ \t]*\Z)|\\item(?:\[[^\]\r\n]{0,40}\])?"
    r"|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)]|[①-⑳])[ \t]+(?=\S)"
)
_OPENING_TAG = re.compile(r"<[A-Za-z][\w-]{0,23}(?: [^<>]{0,80})?>")
_CLOSING_TAG = re.compile(r"</[A-Za-z][\w-]{0,23}>")
_BEGINS_TEXT = re.compile(rf"\\begin\{{{TEXTS}\}}(?:\[[^\]\r\n]{{0,80}}\])?")
_ENDS_TEXT = re.compile(rf"\\end\{{{TEXTS}\}}")
_EMPTY_QUOTE = re.compile(r"[ \t]{0,3}>[ \t>]*\Z")
_ROW = re.compile(r"[ \t]{0,3}\|")
_NEAR = 400


class Kind(Enum):
    """`INSIDE` begins in the middle of a fence, display or environment; `BLANK` shows nothing."""

    BLANK = auto()
    INSIDE = auto()
    RULE = auto()
    HEADING = auto()
    ITEM = auto()
    TITLE = auto()
    """A list item that only names what follows."""
    STEP = auto()
    """Begins with "Step 2"; one that only names what follows is a heading."""
    ROW = auto()
    WHOLE = auto()
    """A fence, display or environment begins here."""
    FENCE = auto()
    PROSE = auto()
    END = auto()
    """Nothing but the mark that ends thinking, or a closing tag (`</step>`, `\\end{proof}`)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its end; `start` is where it begins, `indent` how many columns come first."""

    text: str
    start: int
    kind: Kind
    indent: int = 0


def lines_of(text: str, spans: Sequence[Span]) -> list[Line]:
    """All lines of a text; joined they give it."""
    found: list[Line] = []
    waiting = iter(spans)
    start, end = next(waiting, (len(text) + 1, 0))
    for match in _LINES.finditer(text):
        if match.start() == match.end():
            continue
        at, line = match.start(), match[0]
        while end and at >= end:
            start, end = next(waiting, (len(text) + 1, 0))
        if start < at:
            found.append(Line(line, at, Kind.INSIDE))
            continue
        # White space before a span's mark belongs to its line.
        opens = start <= at + len(line) and not text[at:start].strip() if end else False
        found.append(_line(line, at, opens))
    return found


def _line(line: str, at: int, opens: bool) -> Line:
    indent = _columns(line)
    if not line.strip() or _EMPTY_QUOTE.match(line.rstrip("\r\n")):
        return Line(line, at, Kind.BLANK)
    if opens:
        is_fence = line.lstrip()[:1] in "`~"
        return Line(line, at, Kind.FENCE if is_fence else Kind.WHOLE, indent)
    if len(line) > _NEAR:
        long = Kind.ITEM if _ITEM.match(line, 0, _NEAR) else Kind.PROSE
        return Line(line, at, Kind.STEP if _STEP.match(line.lstrip()) else long, indent)
    return Line(line, at, _kind(line.rstrip()), indent)


def _kind(line: str) -> Kind:  # one guard per form
    bare = line.strip()
    if ENDS.fullmatch(bare) or _CLOSING_TAG.fullmatch(bare) or _ENDS_TEXT.fullmatch(bare):
        return Kind.END
    if _BEGINS_TEXT.fullmatch(bare):
        return Kind.RULE
    if BEGINS.fullmatch(bare) or _RULE.match(line) or _OPENING_TAG.fullmatch(bare):
        return Kind.RULE
    if _HEADING.match(line) or _STEP_ALONE.match(line) or _is_bold_heading(line):
        return Kind.HEADING
    if _ROW.match(line):
        return Kind.ROW
    if item := _ITEM.match(line):
        return Kind.TITLE if _is_bold_heading(line[item.end() :]) else Kind.ITEM
    if named := _STEP.match(bare):
        return Kind.HEADING if _only_names(bare[named.end() :]) else Kind.STEP
    return Kind.PROSE


def _is_bold_heading(line: str) -> bool:
    """A whole line in bold, unless it says a result (`**Answer: 5**`, `**x = 5**`)."""
    bold = _BOLD.match(line) if len(line) <= LONGEST_HEADING else None
    if bold is None:
        return False
    said = re.sub(r"^\s*(?:[Ss]tep|STEP|Case|Part)?\s*\(?\d{1,3}[).:]?(?=\s|$)", "", bold["said"])
    return not re.search(r"=|boxed|\d\s*[.$)]*\s*$", said)


def _only_names(said: str) -> bool:
    """Whether what stands behind "Step 2" is a title: no sentence, and nothing calculated."""
    return len(said) <= LONGEST_HEADING and not re.search(r"[\d=\\]|[.!?][*_\s]*\Z", said[1:])


def _columns(line: str) -> int:
    columns = 0
    for character in line:
        if character == "\t":
            columns += 4 - columns % 4
        elif character == " ":
            columns += 1
        else:
            break
    return columns
