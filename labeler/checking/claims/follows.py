"""What an equation that does not follow from one before it is, and what excuses it."""

from __future__ import annotations

import re

from labeler.checking.claims.chains import Chain
from labeler.checking.claims.decide import Kind, Link
from labeler.checking.claims.equation import Equation
from labeler.checking.claims.excuses import REJECTED, not_stated
from labeler.checking.claims.sides import Side
from labeler.records import Verdict

UNSAFE = frozenset({"root", "abs", "floor", "ceil", "ln", "sin", "cos", "tan", "cot", "sec", "csc"})
"""Operations under which a step may bring in values, or lose some."""
MULTIPLE = re.compile(r"\\pm|±|\bor\b")
ELSEWHERE = re.compile(
    r"\b(?:if|suppos\w+|assum\w+|cases?|when|try\w*|test\w*|let\b(?!['’]s|\sus\b)|or|either|instead|"
    r"otherwise|however|but|"
    r"wait|actually|another|other|second|next equation|contradict\w*|impossible|not|"
    r"redefin\w*|now let|"
    r"denote|where|new|original|substitut\w*|similarly|likewise|first|third|systems?|"
    r"possibilit\w+|last|other|"
    r"respectively|both(?! sides)|each|also)\b|[<>≤≥]|\\[gl]eq?\b|\|",
    re.IGNORECASE,
)
"""Words between two equations of which the later may belong to another case or attempt."""


def unless_denied(link: Link | None, chain: Chain) -> Link | None:
    """The link, or an unknown one where the text around it drops what was found."""
    if link is None or link.verdict is not Verdict.WRONG:
        return link
    said = not_stated(chain, 0, 1)
    if not said and (dropped := REJECTED.search(chain.behind[:NEAR_BEHIND].partition("=")[0])):
        said = f"behind it stands {dropped[0]!r}"
    if not said and _NO_ROOT.search(chain.sentence):
        said = "the sentence tells what is no root"
    if said:
        return Link(link.left, link.right, Verdict.UNKNOWN, said, kind=Kind.EQUATION)
    return link


NEAR_BEHIND = 90
_NO_ROOT = re.compile(r"\b(?:not|n't)\b[^.]{0,20}\b(?:roots?|solutions?|valid|zeros?)\b", re.I)


def unequal(source: Equation, found: Equation, shown: str) -> Link:
    """The false claim that one equation follows from another."""
    left, right = Side(str(source), None), Side(str(found), None)
    return Link(left, right, Verdict.WRONG, shown=shown, kind=Kind.EQUATION)
