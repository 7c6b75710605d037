"""Claims in words: `20% of 50 is 15`, `the remainder when 17 is divided by 5 is 3`, `91 is prime`.

Each form is a pattern and a rule that says whether its numbers fit; a form decides only what it
names in full. A sentence that asks, denies or supposes says nothing. Values that were rounded hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from labeler.checking.claims.decide import Link, claim
from labeler.checking.claims.values import Work
from labeler.checking.claims.worded.base import Form
from labeler.checking.claims.worded.divisors import FORMS as OF_WHOLE_NUMBERS
from labeler.checking.claims.worded.sums import FORMS as OF_SUMS
from labeler.records import Verdict

MAX_CLAIMS = 60
"""Of one step."""
CLAIM = 40
"""Operations that the look at one claim costs, about."""

_MATH = re.compile(r"\$\$|\\[()]|\$(?=[^$\d])|(?<=\d)\$|\\(?:text|mathrm)\{\s*|\\[,;]|[{}]")
_SPACES = re.compile(r"  +")
_UNSTATED = re.compile(
    r"\b(?:not|n't|never|if|whether|suppose|assume|wrong|incorrect|mistake|false|except|"
    r"unless|instead|"
    r"wait|claims?|said|says|thinks?|thought|might|would|approximately|about|around|"
    r"roughly|almost|nearly|"
    r"more|less|fewer|base|mod|contradict\w*|impossible|error|neither|nor)\b|n't\b|\?|≈|~",
    re.IGNORECASE,
)
FORMS = (*OF_SUMS, *OF_WHOLE_NUMBERS)

Forms = Sequence[tuple[str, tuple[Form, ...]]]
"""What a text must hold, and the forms that need it."""


def forms_in(low: str) -> Forms:
    """The forms that may stand somewhere in a text, which is in small letters."""
    return [(needs, group) for needs, group in ALL_FORMS if needs in low]


def worded(step: str, low: str, forms: Forms, work: Work) -> Iterator[Link]:
    """What a step (`low`: in small letters) claims in words, in some of these forms, as long as
    there is work left."""
    text = ""
    found = 0
    for form in [form for needs, group in forms if needs in low for form in group]:
        if not text:
            text = _SPACES.sub(" ", _MATH.sub("", step))
        for match in form.pattern.finditer(text):
            found += 1
            if found > MAX_CLAIMS or not work.allows(CLAIM):
                return
            link = _decided(form, match, text)
            if link is not None:
                yield link


def _decided(form: Form, match: re.Match[str], text: str) -> Link | None:
    said = form.rule(match)
    if said is None:
        return None
    if not said:
        return claim(match[0], Verdict.CORRECT, form.kind)
    begin = max(text.rfind(mark, 0, match.start()) for mark in (". ", "\n", "; "))
    around = (
        text[max(begin, match.start() - 160, 0) : match.start()]
        + text[match.end() : match.end() + 40].split("\n", maxsplit=1)[0]
    )
    if _UNSTATED.search(around) and not form.stands:
        return claim(match[0], Verdict.UNKNOWN, form.kind, reason="not stated as a fact")
    return claim(match[0], Verdict.WRONG, form.kind, shown=said)


def _by_need() -> tuple[tuple[str, tuple[Form, ...]], ...]:
    needs = dict.fromkeys(form.needs for form in FORMS)
    return tuple((n, tuple(form for form in FORMS if form.needs == n)) for n in needs)


ALL_FORMS = _by_need()
