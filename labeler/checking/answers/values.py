r"""Finds the values in a sentence: numbers, money, formulas, emphasised words.

A formula is what stands between TeX's delimiters; `$5 and $3` is money by Pandoc's rule (no space
inside the dollars, no digit behind them). Of an equation with a value on its right the value is
meant. Every quantifier is bounded, so a text of any kind costs time linear in its length.
Not covered: which value of a sentence is its answer (`sentences`), numbers in words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from labeler.checking.answer_units import is_listed_unit

FORMULA = r"""
    \\\((?P<round>.{1,400}?)\\\) | \\\[(?P<square>.{1,800}?)\\\]
  | \\begin\{(?P<name>(?:align|equation|gather|eqnarray)\*?)\}(?P<rows>.{1,2000}?)\\end\{(?P=name)\}
  | \$\$(?P<double>[^$]{1,800})\$\$
  | (?<![\\$0-9A-Za-z])\$(?=[^\s$])(?P<single>(?:\\\$|[^$\n]){1,300}?)(?<![\s\\])\$(?![0-9])
"""
_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,6}(?![0-9])|[0-9]{1,60})"
NUMBER = rf"(?:{_DIGITS}(?:\.[0-9]{{1,60}})?|\.[0-9]{{1,60}})"
SCRIPTS_WITHOUT_SPACES = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Kana, Chinese characters and Hangul: a number may stand right behind one of them."""
_NO_WORD = rf"(?<![^\W{SCRIPTS_WITHOUT_SPACES}])"
_CURRENCY = r"(?:US)?\\?\$|[€£¥₹]"
_TOKEN = re.compile(
    rf"""
    \*\*(?P<bold>[^*\n]{{1,160}})\*\* | (?<!\w)__(?P<under>[^_\n]{{1,160}})__(?!\w)
  | `(?P<code>[^`\n]{{1,160}})`
  | {FORMULA}
  | {_NO_WORD}(?<!\))(?P<tuple>[(\[](?=[^()\[\]\n]{{0,40}}[0-9])[^()\[\]\n,]{{1,30}}
      (?:,[^()\[\]\n,]{{1,30}}){{1,4}}[)\]])
  | {_NO_WORD}(?<![.,])(?P<clock>[0-9]{{1,3}}(?::[0-9]{{1,3}}){{1,4}}(?!\w)
      (?:\ ?(?:[ap]\.m\.|[ap]m\b|[AP]\.M\.|[AP]M\b))?)
  | {_NO_WORD}(?<![.,^/])(?P<number>[-+\u2212\u2013]?(?:{_CURRENCY})?\ ?[-\u2212]?
      {NUMBER}(?:\ [0-9]{{1,3}}/[0-9]{{1,4}}|/{NUMBER})?
      (?:\ ?[×xX*]\ ?10\^\{{?-?[0-9]{{1,3}}\}}?)?
      (?P<tail>(?:[\^\u221a\u03c0(\\]|(?<=[0-9])[A-Za-z])[^\s,;:!?*$`"'\u2019]{{0,60}})?
      (?P<unit>\ ?%|\ ?(?:percent|degrees?|\u00b0)(?![A-Za-z])\ ?|\ ?[€£])?)
  | (?P<latex>[-+]?\\(?:[dt]?frac|sqrt|pi|infty)(?![A-Za-z])[^\s,;!?*]{{0,80}})
    """,
    re.VERBOSE | re.DOTALL,
)
_ORDINAL = re.compile(r"(?:st|nd|rd|th)$", re.IGNORECASE)
_NAMES_ONE = re.compile(
    r"""(?:\b(?:step|year|day|week|month|case|part|question|problem|example|figure|equation|job
    |round|plan|option|method|level|grade|chapter|number|item|line|phase|stage|room|team|player
    |group|box|row|column|page|lemma|theorem)\ |[\#])$""",
    re.IGNORECASE | re.VERBOSE,
)
_SCALE = re.compile(r" ?(thousand|million|billion|trillion|dozens?|hundred)\b", re.IGNORECASE)
_SCALES = {
    "dozen": 12, "dozens": 12, "hundred": 100, "thousand": 1000, "million": 10**6,
    "billion": 10**9, "trillion": 10**12,
}  # fmt: skip
_UNIT_WORDS = re.compile(r" ((?:[a-z]{2,12}(?: |/|\b)){1,4})")
_RELATION = re.compile(r"=|\\approx(?![A-Za-z])|≈|\\equiv(?![A-Za-z])|\\implies|\\Rightarrow|⇒")
_MODULUS = re.compile(
    r"\\pmod\s?\{[^{}]{1,40}\}|\\pmod\s?[0-9]{1,5}"
    r"|\(\\(?:text|mathrm)\{mod[^{}]{0,9}\}[^()]{0,20}\)"
)
_ROUNDED = re.compile(r"\\(?:approx|implies|Rightarrow)|≈|⇒")
_LETTER = re.compile(r"(?<![\\A-Za-z])[A-Za-z](?![A-Za-z])")
_COMMAND = re.compile(
    r"\\(?:begin|end)\s?\{[a-z*]{1,12}\}"
    r"|\\(?:text|mathrm|mbox|textbf)\s?\{[^{}]{0,60}\}|\\[A-Za-z]{1,20}|[{}]"
)


@dataclass(frozen=True, slots=True)
class Value:
    """A value at `start` to `end` of a sentence, as the answer it would make.

    `emphasised` where the author set it apart; `is_result` where an equation gave it; `is_name`
    where it is only a symbol or label (x, AB, Step 3), which is rarely an answer; `is_ordinal` for
    the 6 of "6th place".
    """

    start: int
    end: int
    text: str
    emphasised: bool = False
    is_result: bool = False
    is_name: bool = False
    is_ordinal: bool = False
    is_words: bool = False


def values(sentence: str) -> list[Value]:
    """All values of a sentence, in order."""
    found = []
    for token in _TOKEN.finditer(sentence):
        kind = token.lastgroup or ""
        if kind in ("tail", "unit"):
            kind = "number"
        one = _value(token, kind, sentence)
        if one is not None:
            found.append(one)
    return found


def _value(token: re.Match[str], kind: str, sentence: str) -> Value | None:
    start, end = token.span()
    match kind:
        case "bold" | "under" | "code":
            return _emphasised(start, end, token[kind].strip())
        case "round" | "square" | "double" | "single" | "rows":
            return _formula(start, end, token[kind].strip(), sentence)
        case "number":
            return _number(token, sentence)
    return Value(start, end, token[0])


def _emphasised(start: int, end: int, content: str) -> Value | None:
    """What stands in bold: its only value, or its words where it has none."""
    inside = [one for one in values(content) if not one.is_name]
    if len(inside) == 1:
        one = inside[0]
        return replace(one, start=start, end=end, emphasised=True)
    if inside or not content or content.endswith((":", "?")):
        return None
    return Value(start, end, content.rstrip(".,;: "), True, is_words=True)


def _formula(start: int, end: int, content: str, sentence: str) -> Value | None:
    is_equation = re.search(r"\bequation (?:of|is|for)\b", sentence, re.IGNORECASE) is not None
    text, is_result = (content, False) if is_equation else right_side(content)
    text = text.strip().rstrip(".,;").strip()
    if not text:
        return None
    is_name = re.search(r"[0-9]|\\(?:infty|pi|emptyset|varnothing|text)", text) is None
    if not is_result and re.search(r"[<>]|\\(?:le|ge|ne|in)q?(?![A-Za-z])", text) is None:
        text = _with_unit(text, sentence, end, r"\text{{ {}}}")
    return Value(start, end, text, False, is_result, is_name)


def right_side(formula: str) -> tuple[str, bool]:
    r"""What an equation comes to: of `x^3 = 2 \cdot 6 = 12` it is 12, and that it was an equation.

    An equation whose right side holds a variable (y = 2x + 3) stays whole: it may be the answer.
    """
    formula = (
        _MODULUS.sub("", formula.replace(r"\\", " ").replace("&", " "))
        if r"\begin{" not in formula
        else formula
    )
    parts = _RELATION.split(formula)
    if len(parts) == 1 or (r"\begin{" in formula and r"\begin{" not in parts[-1]):
        return formula, False
    last = parts[-1].strip().rstrip(".,;\\ ")
    # 2.666... \approx 2.67: the exact value is the answer, the rounded one a service.
    if (
        len(parts) > 2
        and _ROUNDED.search(formula)
        and "approx" in formula.rsplit(parts[-1], 1)[0][-12:]
    ):
        last = parts[-2].strip()
    if not last or _LETTER.search(_COMMAND.sub(" ", last)):
        return formula, False
    return last, True


def _number(token: re.Match[str], sentence: str) -> Value | None:
    start, end = token.span()
    text = token["number"]
    tail = token["tail"] or ""
    if tail and _ORDINAL.search(tail.rstrip(".)")):
        return Value(start, end, re.sub(r"[^0-9]", "", text), is_ordinal=True)
    if tail:
        kept = tail.rstrip(".")
        if kept.count(")") > kept.count("("):
            kept = kept.rstrip(")")
        cut = len(tail) - len(kept)
        text, end = text[: len(text) - cut] if not token["unit"] else text, end - cut
    text = text.strip()
    if re.match(r"[-+\u2212\u2013]\s", text) and not sentence[:start].rstrip().endswith("="):
        text = text[1:].strip()  # a dash, not a minus
    if scale := _SCALE.match(sentence, end):
        text, end = _scaled(text, _SCALES[scale[1].lower()]), scale.end()
    is_name = _NAMES_ONE.search(sentence, max(0, start - 12), start) is not None
    result = sentence[max(0, start - 3) : start].rstrip().endswith("=")
    return Value(start, end, _with_unit(text, sentence, end), False, result, is_name)


def _scaled(text: str, factor: int) -> str:
    """1.5 million in digits; what is no plain number keeps its words."""
    from fractions import Fraction

    sign = "-" if text[:1] in "-\u2212\u2013" else ""
    money = re.search(_CURRENCY, text)
    digits = re.sub(r"[^0-9.]", "", text)
    try:
        scaled = Fraction(digits) * factor
    except ValueError:
        return text
    number = str(scaled.numerator) if scaled.denominator == 1 else str(float(scaled))
    return f"{sign}{money[0] if money else ''}{number}"


def _with_unit(text: str, sentence: str, end: int, form: str = " {}") -> str:
    """The value with the unit behind it, if it is one that is known; other nouns say nothing."""
    if found := _UNIT_WORDS.match(sentence, end):
        words = found[1].strip().split(" ")
        for n in range(len(words), 0, -1):
            unit = " ".join(words[:n])
            if is_listed_unit(unit):
                return text + form.format(unit)
    return text
