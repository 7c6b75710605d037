"""When a sentence does not state its equation as a fact, so that a false one is no error.

A question, a condition, a denial (before the equation or right behind it), a correction, and other
arithmetic than that of numbers. A word alone is no excuse: "base pay" is no number base, "might" no
denial unless someone might *write* the equation, and a remainder excuses only what differs by a
multiple of what was divided by.
"""

from __future__ import annotations

import re

from labeler.checking.claims.chains import Chain
from labeler.checking.claims.sentences import in_sentence
from labeler.checking.claims.values import EXACT, Value

NEAR = 70
"""Characters before an equation in which a weak denial must stand."""

_STRONG = re.compile(
    r"\b(?:contradict\w*|impossib\w+|absurd|untrue|typo|myth|sic|incorrect(?:ly)?|mistaken(?:ly)?|"
    r"mistakes?|erroneous(?:ly)?|errors?|wait|oops|suppose|pretend|falsely|wrong(?:ly)?|"
    r"doesn't (?:hold|work|equal|match|satisfy|add)|isn't|is not (?:true|equal|correct|"
    r"possible|valid|"
    r"satisfied|right)|are not (?:equal|the same)|not (?:true|equal|possible|valid|satisf\w+|hold)|"
    r"cannot (?:be|hold|equal)|can't be|does not (?:hold|work|equal|match|satisfy|add)|"
    r"neither|fails?|no solutions?)\b|[✗✘❌]",
    re.IGNORECASE,
)
_FALSE = re.compile(r"\bfalse\b(?! (?:equality|root|alarm))", re.IGNORECASE)
_WEAK = re.compile(
    r"\b(?:not|n't|never|nor|instead of|rather than|(?:might|may|could|would) (?:\w+ "
    r")?(?:say|think|write|guess|"
    r"expect|believe|conclude|get|be tempted)|thought|thinks|claims?|claimed|believes?|"
    r"assum\w+|says|"
    r"if .{0,30}were|tempt\w+)\b[^.;,]{0,40}\Z|n't\b[^.;]{0,20}\Z|"
    r"\bif\b[^.;]{0,40}\bwere\b[^.;]{0,60}\Z",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"[\s.,;:!)\]$\\*-]*(?:\(?\s*(?:but|so|and|clearly|which|this|that|it|these|those|"
    r"thus|hence|however|"
    r"again|also|both|the|equation|is|are|a|statement|result|we|see|does|do|must|,)\s+){0,6}"
    r"(?:false|absurd|impossible|contradict\w*|wrong|incorrect|invalid|untrue|"
    r"not (?:\$?\d|true|equal|possible|correct|valid|right|the (?:same|case)|what|"
    r"satisf|hold|work)|n't|"
    r"isn't|aren't|doesn't|don't|cannot|can't|"
    r"never|nonsense|no,|wait|actually|oops|correction|fails?)",
    re.IGNORECASE,
)
_REDONE = re.compile(
    r"\b(?:wait|hmm|actually|correct(?:ion|ing|ed|ly)?|re-?(?:check|calculat|comput|do|examin|evaluat)\w*"
    r"|double-check\w*|let me|but|no|sorry|oops|instead|properly|again)\b",
    re.IGNORECASE,
)
_SHOULD_BE = re.compile(
    r"[^\n]{0,60}?\b(?:that|this|it|which)(?: should (?:actually )?(?:be|have been)|'s actually"
    r"| is actually) [\\($]{0,3}-?\d",
    re.IGNORECASE,
)
_SOON_DENIED = re.compile(
    r"\b(?:this|that|which|it) is (?:clearly )?(?:false|not true|untrue|impossible|"
    r"absurd|incorrect|"
    r"a contradiction)",
    re.IGNORECASE,
)
_OTHER_ARITHMETIC = re.compile(
    r"\b(?:mod|modulo|modular|modulus|congruent|(?:in|into|as) binary|"
    r"binary (?:numbers?|representation|digits|form|strings?|addition|system)|ternary|octal|"
    r"duodecimal|hex|hexadecimal|boolean|"
    r"bitwise|xor|GF|Z_\{?\d+\}?|dial|concatenat\w*|juxtapos\w*|append\w*|side by side|"
    r"as strings?|borrow(?:ed|ing)?(?: a| from| the| of|\b)|carry (?:over|of|from)|a "
    r"carry|carried over|base[- ](?:\$?\\?\(?\s*\d|two|three|four|five|six|seven|eight|"
    r"nine|ten|twelve|sixteen|[a-z]\b)|(?:number|other|another|any|which|what|some|"
    r"different) bases?\b|"
    r"in base|military time|24-hour|12-hour)\b|≡|\\(?:pmod|bmod|equiv|oplus)|"
    r"\\mathbb\s*\{?[ZF]\}?\s*[_/]",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\b(?:units|unit|ones|last|final|tens)(?:['’]s?)? digits?\b", re.IGNORECASE)
_CLOCK = re.compile(r"\bclock\b|o'clock|\b[ap]\.?m\b", re.IGNORECASE)
_CYCLE = re.compile(r"\bremainders?\b|\bcyclic\w*|\bcycles?\b|\brepeats?\b", re.IGNORECASE)
_DIVIDED = re.compile(r"\bdivi\w+|\bevery (?=\d)|\bmultiples?\b", re.IGNORECASE)
_IN_LIST = re.compile(r"\d\s*,\s*\$?\Z"), re.compile(r"\$?\s*,\s*\$?\d")
_QUOTIENT = re.compile(
    r"\b(?:remainder|quotient|left over|leftover|integer division|whole number of)\b", re.I
)
_DIVISION = re.compile(r"[/÷∕]|\\div|\\frac")
_NUMBER = re.compile(r"\d{1,9}")


def not_stated(chain: Chain, x: Value, y: Value, left: str = "") -> str:
    """Why a false link is not stated as a fact of arithmetic; "" where it is.

    `x` and `y` are the values of its sides under the first reading, `left` is the text of the
    first.
    """
    if chain.asked:
        return "a question"
    sentence = chain.sentence
    for find in _DENIALS:
        if said := find(sentence):
            return f"the sentence says {said[0]!r}"
    leading = chain.before + sentence.partition(left or chain.sides[0].text or sentence)[0]
    if said := _WEAK.search(leading[-NEAR:]):
        return f"the sentence says {said[0][:20]!r}"
    if _SOON_DENIED.search(chain.behind.partition(". ")[0]):
        return "denied a line behind it"
    if said := _BEHIND.match(chain.behind):
        return "denied right behind it"
    if _is_corrected(left, chain.behind):
        return "corrected right behind it"
    if _quotient(sentence) and _DIVISION.search(left):
        return "a quotient with a remainder"
    if _differ_by_period(sentence, x, y):
        return "equal but for full periods"
    if _IN_LIST[0].search(chain.before) and _IN_LIST[1].match(chain.behind):
        return "two lists side by side"
    if _condition(sentence) and _is_condition(sentence.lower(), chain.sides[0].text[:80].lower()):
        return "a condition"
    return ""


def _is_corrected(left: str, behind: str) -> bool:
    """Whether the same expression is worked out again, or its value put right, right behind it."""
    again = behind.find(left) if left else -1
    if again > 0 and _REDONE.search(behind, 0, again):
        return True
    return _SHOULD_BE.match(behind) is not None


_CONDITION = re.compile(r"\b(?:if|whether|unless)\b", re.IGNORECASE)
_BEHIND_IF = re.compile(r"\b(?:if|whether|unless)\W{0,9}\Z")
_DENIALS = tuple(map(in_sentence, (_STRONG, _FALSE, _OTHER_ARITHMETIC)))
_quotient, _digit, _clock, _cycle, _divided, _condition = map(
    in_sentence, (_QUOTIENT, _DIGIT, _CLOCK, _CYCLE, _DIVIDED, _CONDITION)
)


def _is_condition(low: str, first: str) -> bool:
    """Whether what begins an equation stands behind an "if" somewhere in the sentence."""
    at = low.find(first) if first else -1
    while at >= 0:
        if _BEHIND_IF.search(low, max(0, at - 20), at):
            return True
        at = low.find(first, at + 1)
    return False


REJECTED = re.compile(
    r"\b(?:not|n't|extraneous|reject\w*|discard\w*|invalid|ignor\w*|impossible|no "
    r"solutions?|contradict\w*|exclud\w*|"
    r"isn't|aren't|doesn't|don't|can't|cannot|however|but|too (?:large|small|big))\b",
    re.IGNORECASE,
)
"""Words right behind a solution by which it is dropped again."""


def _differ_by_period(sentence: str, x: Value, y: Value) -> bool:
    """Whether the sides differ by full turns of digits, hours or cycles."""
    periods: set[int] = set()
    if _digit(sentence):
        periods |= {10, 100}
    if _clock(sentence):
        periods |= {12, 24, 60}
    if _cycle(sentence) and _divided(sentence):
        periods |= {int(n) for n in _NUMBER.findall(sentence)}
    if not periods or not (isinstance(x, EXACT) and isinstance(y, EXACT)):
        return bool(periods)
    return any(p > 1 and (x - y) % p == 0 for p in periods)
