r"""Reads the answer out of the sentence that concludes a solution: "So Mia has 5 apples."

Looks at the last sentences of a text, from the end: one that draws a conclusion (therefore, so,
in total ...), else the last one that states a value. Of several values in it, in this order: the
only one set apart (bold, a formula); the one that the last calculation gave; the one right behind
"is" or "are"; the first of the main clause. No value is guessed outside such a sentence.
Not covered: marked answers (`marks`, `boxes`). Only the last `WINDOW` characters are looked at.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

from labeler.checking.answers.values import FORMULA, NUMBER, Value, values

WINDOW = 4000
MOST_SENTENCES = 12

_CUE = re.compile(
    r"""^[\s>*_\-•:.]*(?:and\ |but\ |now,?\ )?
    (?:therefore|thus|hence|so|consequently|accordingly
    |in\ (?:total|all|conclusion|summary|the\ end)
    |overall|altogether|finally|as\ a\ result|it\ follows|we\ (?:conclude|find|get|obtain)
    |this\ (?:means|gives|makes)|that\ (?:means|gives|makes)|(?:to\ )?conclu\w+
    |(?:my|our|the|final|correct)\ (?:final\ )?(?:answer|result|total)|total)\b
    |^[\s>*_\-•:.]*(?:→|➡|⇒|∴|👉|✅)
    |^[\s>*_\-•]*(?:因此|所以|故|综上|總之|总之|总共|一共|共有|于是|從而|从而|可得
      |したがって|よって|ゆえに|따라서|그러므로)""",
    re.IGNORECASE | re.VERBOSE,
)
_INNER_CUE = re.compile(
    r"\b(?:therefore|thus|hence|in total|altogether|so,|we conclude|will (?:have|be|need))(?!\w)",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"""^[\s>*_\-•(]*(?:(?:please\ )?note|let\ me|let's|i\ hope|hope|if\ you|feel\ free
    |check|verif|to\ verify
    |to\ check|remember|assum|this\ (?:is\ because|assumes|estimat|covers|conclusion|approach)
    |here,|where|for\ (?:example|instance)|recall|double|explanation|to\ summarize
    |first|second|third
    |fourth|given|indeed|which|keep|would\ you|do\ you|is\ there|in\ other\ words
    |notice|observe|alternatively|similarly|in\ fact|more\ generally)\b
    |^\s*\([A-Z][a-z]+\ (?!\S{0,20}\))""",
    re.IGNORECASE | re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|st|vs|approx|rs|no|fig|eq|e\.g|i\.e|a\.m|p\.m|oz|lb|ft|etc)|\b[A-Z])\.$",
    re.IGNORECASE,
)
_COPULA = re.compile(
    r"""(?:\b(?:is|are|was|were|be|equals?|becomes?|makes?|gives?|totals?)|=|:)[\s*]*
    (?:(?:equal\ to|exactly|approximately|about|around|roughly|only|just|also|still|indeed|simply
    |therefore|thus|then|now|a\ total\ of|at\ most|at\ least|found\ to\ be|given\ by|to)\ ){0,3}
    [\s*]*$""",
    re.IGNORECASE | re.VERBOSE,
)
_OPENING = re.compile(
    r"""^\W{0,20}(?:therefore|thus|hence|so|then|and|now|finally|consequently)?[\s,]{0,10}
    (?P<clause>(?:after|if|when|since|because|given|for|with|by|of|out\ of|in\ order\ to|to|assuming
    |at|on|from|during|over|before|within|as|while|among|starting|in\ order|once|considering|under
    |without|using|based)\b[^,]{0,200},)""",
    re.IGNORECASE | re.VERBOSE,
)
_BREAKS_OFF = re.compile(
    r"""(?:[-+/×÷=^(]|(?<!\*)\*|\b(?:the|an?|of|by|to|for|with|from|and|or|is|are|was|were|has|have|had|so|if
    |when|then|that|which|who|this|these|in|on|at|into|need|needs|can|will|would|get|take|we|he
    |she|they|it|his|her|their|now,?\ we))\s*\Z""",
    re.VERBOSE,
)
"""Ends of a text that no sentence ends with: an operator, or a word that leads to another."""
_LATER_PART = re.compile(
    r"^[ \t>*_-]{0,6}\(?a[).][ \t].{0,3000}^[ \t>*_-]{0,6}\(?[b-h][).][ \t][^\n]*\s*\Z",
    re.MULTILINE | re.DOTALL,
)
"""A text that ends with its answer to (b), behind one to (a): neither alone is the answer."""
_ASIDES = re.compile(
    r"(?<=\s)\((?=[^()]{0,160}[A-Za-z]{3})[^()]{1,160}\)|,? (?:since|because|while|so that"
    r"|in order to|to (?:ensure|make sure|guarantee))\b.{0,600}",
    re.DOTALL,
)
_NEAREST = re.compile(r"\b(?:nearest|round(?:ed|ing|s)?)\b", re.IGNORECASE)
_TO_ABOUT = re.compile(
    r"\b(?:about|approximately|roughly|rounds to|rounded to) [\s*$\\(]{0,3}$|≈ ?$"
)
_DRAWN = re.compile(
    r"\w\S{0,3}[,;]? (?:so(?! that\b)|therefore|thus|hence|meaning"
    r"|which (?:means|gives|makes|leaves)"
    r"|for a total of)(?=[ ,])",
    re.IGNORECASE,
)
_DENIES = re.compile(
    r"\b(?:is|are|was|were|does|do)(?: not|n't) (?:an?|the|equal|possible|valid|correct"
    r"|satisf\w+|work)\b"
    r"|\bnot (?:a |the )?(?:solutions?|answers?)\b|\bcannot be\b",
    re.IGNORECASE,
)
_PLURAL = re.compile(
    r"\b(?:solutions|roots|values|zeros|zeroes|answers|possibilities)\b[^.:]{0,80}?(?:\bare\b|:)",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"[\s,;*]*(?:and|or|,|;|&)?[\s,;*]*(?:[a-z]\s*=\s*)?", re.IGNORECASE)
_FORMULAS = re.compile(FORMULA, re.VERBOSE | re.DOTALL)
_CLOSES = re.compile(r"[.!?]\s{0,3}(?:\$\$?|\\\]|\\\))")
_BREAK = re.compile(
    r"[.!?][\"'”’)*$]{0,3}(?=\s)\s{1,20}|。\s{0,20}|\n\s{0,20}|(?<=[\]}])(?=[A-Z][a-z]+[ ,])"
)
_BEHIND_IS = re.compile(
    r"(?<!that )(?<!which )(?<!who )\b(?:is|are|was|were|be|equals?)[\s*]{1,3}"
    r"(?:(?:equal to|exactly|approximately|about|only|a total of"
    r"|therefore|thus|then|given by|found to be) ){0,2}[\s*]*$",
    re.IGNORECASE,
)
_RESULT = re.compile(
    rf"""(?:=|≈|\\approx)[\s\\]*(?:\$|[€£]|\\text\{{[^{{}}]{{0,20}}\}}|\*\*|\\boxed\{{)?\s?
    (?P<value>-?{NUMBER}|-?\\[dt]?frac\{{[^{{}}]{{1,20}}\}}\{{[^{{}}]{{1,20}}\}})""",
    re.VERBOSE,
)


def conclusion(text: str, *, only_drawn: bool = False) -> str | None:
    """The value that the end of a text concludes with; None where it states none clearly, or breaks
    off in the middle of a sentence. A sentence that draws no conclusion counts in the last
    paragraph only.

    `only_drawn`: a sentence that merely states a value, without "therefore" or the like, is none.
    """
    tail = text[-WINDOW:]
    if _BREAKS_OFF.search(tail[-40:]):
        return None
    if _LATER_PART.search(tail):
        return None
    spans = _sentences(tail)[-MOST_SENTENCES:]
    fallback: str | None = None
    is_last = True
    for rank, (start, end) in enumerate(reversed(spans)):
        sentence = tail[start:end]
        if fallback is not None and "\n\n" in sentence[-3:]:
            break  # what was stated stands in a paragraph of its own, behind all conclusions
        is_last = is_last and (rank == 0 or "\n\n" not in sentence[-3:])
        if sentence.rstrip().endswith(("?", ":")) or _ASIDE.match(sentence):
            continue
        concludes = _CUE.match(sentence) or _INNER_CUE.search(sentence)
        if not concludes and (only_drawn or fallback is not None or rank > 3 or not is_last):
            continue
        value = stated(sentence, tail[:start])
        if value is None and _CUE.match(sentence) and rank == 0:
            return None
        if value is None:
            continue
        if concludes or rank == 0:
            return value
        fallback = fallback or value
    return fallback


def first_sentence(line: str) -> str:
    """A line up to the end of its first sentence; a formula is never cut."""
    spans = _sentences(line)
    return line[spans[0][0] : spans[0][1]].strip() if spans else ""


def stated(sentence: str, before: str) -> str | None:
    """The value that one sentence states, or None; `before` is what led to it."""
    if _DENIES.search(sentence) or _unfinished(sentence):
        return None
    found = _in_main_clause(sentence, [one for one in values(sentence) if not one.is_name])
    if not found:
        return None
    if several := _listed(sentence, found):
        return several
    numeric = [one for one in found if not one.is_words]
    if _NEAREST.search(sentence):
        about = [x for x in numeric if _TO_ABOUT.search(sentence, max(0, x.start - 20), x.start)]
        numeric = about[-1:] or numeric
    set_apart = [one for one in numeric if one.emphasised]
    for group in (set_apart, numeric):
        if group and len({one.text for one in group}) == 1:
            return group[-1].text
    if not numeric:
        is_last = not re.search(r"\w", sentence[found[-1].end :])
        clear = len(found) == 1 and (is_last or _behind_copula(sentence, found[-1]))
        return found[-1].text if clear else None
    return _of_several(sentence, before, set_apart or numeric)


_DENIED = re.compile(
    r"\b(?:not|n't|instead of|rather than|as opposed to|unlike|except(?: for)?|excluding|other than"
    r"|apart from|besides)[\s$*\\(]{1,4}(?:[a-z] ?= ?)?\Z",
    re.IGNORECASE,
)
"""What leads to a value that is said not to be meant: not 10 but 12; all but 2."""
_GIVEN = re.compile(
    r"\b(?:the|these|those|all|both|each of|every|per|(?:out|[a-z]{2,12}s) of|for|in|within|after"
    r"|from|at|with|among|between|to each of|his|her|their|its|our)"
    r"(?: (?:the|these|those|all|other|first|last|next))?[\s*]{1,3}\Z",
    re.IGNORECASE,
)
"""What leads to a number that tells for whom or when, not how many: each of the 5 friends."""


def denies(text: str, at: int) -> bool:
    """Whether what begins at `at` is said not to be meant."""
    return _DENIED.search(text, max(0, at - 40), at) is not None


def _not_given(sentence: str, found: list[Value]) -> list[Value]:
    """Without numbers that only tell for whom, when or out of what; all where nothing is left."""
    return [
        one for one in found if not _GIVEN.search(sentence, max(0, one.start - 40), one.start)
    ] or found


def _in_main_clause(sentence: str, found: list[Value]) -> list[Value]:
    """Without what only leads to the statement or explains it; all of it where nothing is left."""
    found = [one for one in found if not denies(sentence, one.start)]
    opening = _OPENING.match(sentence)
    if opening:  # "After spilling 1 liter, there are 15" says 15
        found = [one for one in found if one.start >= opening.end()] or found
    found = [one for one in found if not one.is_ordinal] or found
    asides = [span.span() for span in _ASIDES.finditer(sentence)]
    found = [
        one for one in found if not any(a <= one.start and one.end <= b for a, b in asides)
    ] or found
    draws = list(_DRAWN.finditer(sentence))
    if draws:  # "There are 7 days, so he drinks 14 cups" says 14
        found = [one for one in found if one.start >= draws[-1].end()] or found
    return found


def _of_several(sentence: str, before: str, numeric: list[Value]) -> str | None:
    """Which of several values a sentence states; None where that is not clear."""
    if _BEHIND_IS.search(sentence, max(0, numeric[-1].start - 60), numeric[-1].start):
        return numeric[-1].text
    compound = [one for one in numeric if _is_compound(one.text)]
    if compound and len(compound) < len(numeric):
        # An interval or a point beside a number: only grammar can tell which is meant.
        direct = [one for one in numeric if _behind_copula(sentence, one)]
        return direct[-1].text if direct else None
    for result in _results(before + sentence):
        for one in reversed(numeric):
            if _number(one.text) == result:
                return one.text
    for one in reversed(numeric):
        if one.is_result or _behind_copula(sentence, one):
            return one.text
    said = {one.text for one in _not_given(sentence, numeric)}
    if len(said) == 1:
        return said.pop()
    return None


def _listed(sentence: str, found: list[Value]) -> str | None:
    """`2, 3` where a sentence names several solutions side by side."""
    plural = _PLURAL.search(sentence)
    if not plural:
        return None
    row = [one for one in found if one.start >= plural.end() - 1]
    if len(row) < 2:
        return None
    for one, other in pairwise(row):
        if not _BETWEEN.fullmatch(sentence[one.end : other.start]):
            return None
    return ", ".join(one.text for one in row)


def _behind_copula(sentence: str, one: Value) -> bool:
    return _COPULA.search(sentence, max(0, one.start - 60), one.start) is not None


def _is_compound(text: str) -> bool:
    r"""Whether a value is an interval, a point, a set, a matrix: no single number."""
    return (text.lstrip("\\left")[:1] in ("(", "[", "{") and "," in text) or r"\begin{" in text


def _results(text: str) -> list[Fraction]:
    """What the last calculations came to, the latest first."""
    found = [_number(one["value"]) for one in _RESULT.finditer(text[-1500:])]
    return [value for value in reversed(found[-2:]) if value is not None]


def same_number(one: str, other: str) -> bool:
    """Whether two answers hold the same first number."""
    return _number(one) is not None and _number(one) == _number(other)


def _number(text: str) -> Fraction | None:
    r"""The number in a value, whatever its unit."""
    if over := re.search(r"\\[dt]?frac\{(-?[0-9]{1,20})\}\{([0-9]{1,20})\}", text):
        bottom = int(over[2])
        return Fraction(int(over[1]), bottom) if bottom else None
    found = re.search(rf"-?{NUMBER}", text.replace("\u2212", "-"))
    return Fraction(found[0].replace(",", "")) if found else None


def _unfinished(sentence: str) -> bool:
    """Whether a formula of the sentence never ends: the text was cut off in it."""
    pairs = (("{", "}"), (r"\{", r"\}"), (r"\(", r"\)"), (r"\[", r"\]"))
    return any(sentence.count(left) > sentence.count(right) for left, right in pairs)


def _sentences(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a text begin and end; a display belongs to what announces it."""
    spans: list[tuple[int, int]] = []
    formulas = [one.span() for one in _FORMULAS.finditer(text)]
    begin = at = 0
    for mark in _BREAK.finditer(text):
        sign = text[mark.start() : mark.start() + 1]
        before = text[max(0, mark.start() - 8) : mark.start() + 1]
        while at < len(formulas) and formulas[at][1] <= mark.start():
            at += 1
        inside = (
            at < len(formulas)
            and formulas[at][0] <= mark.start()
            and not _CLOSES.fullmatch(text, mark.start(), formulas[at][1])
        )
        if inside or (sign == "." and _ABBREVIATION.search(before)):
            continue
        if sign == "\n" and _goes_on(text, mark):
            continue
        if text[begin : mark.start()].strip():
            spans.append((begin, mark.end()))
            begin = mark.end()
    if text[begin:].strip():
        spans.append((begin, len(text)))
    return spans


def _goes_on(text: str, mark: re.Match[str]) -> bool:
    r"""Whether a line break only leads to or from a display: `is:\n\[ 42 \]`."""
    before = text[max(0, mark.start() - 80) : mark.start()].rstrip()
    after = text[mark.end() : mark.end() + 7]
    opens = after.startswith((r"\[", "$$", r"\(", r"\begin"))
    return before.endswith((":", "is", "are", "=", ",")) and opens
