r"""Reads a final answer as text: one normal form, exact numbers, plain words.

Equal normal forms mean equal answers; unequal ones mean nothing yet.
Not covered: mathematics (`math_answer`), units (`answer_units`), numbers in words, dates.
Source: the normalisers of MATH (Hendrycks et al. 2021) and Minerva (Lewkowycz et al. 2022, D.1).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from labeler.boxes import closing_brace

_CHARACTERS = str.maketrans(
    dict.fromkeys("\u2212\u2013\u2012\uff0d\ufe63", "-")
    | dict.fromkeys("\u00a0\u2009\u202f\u2002\u2003\u3000\t\n\r", " ")
    | {"×": r"\times ", "⋅": r"\cdot ", "·": r"\cdot ", "÷": "/", "⁄": "/", "∕": "/"}
    | {"π": r"\pi ", "∞": r"\infty ", "√": r"\sqrt ", "∛": r"\sqrt[3]", "∜": r"\sqrt[4]"}
    | {"°": r"^\circ ", "±": r"\pm ", "∈": r"\in ", "ℝ": r"\mathbb{R}", "∠": r"\angle "}
    | {"θ": r"\theta ", "α": r"\alpha ", "β": r"\beta ", "λ": r"\lambda "}
    | {"≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "∪": r"\cup ", "∩": r"\cap ", "∅": r"\emptyset "}
    | {"²": "^2", "³": "^3", "€": r"\text{euro}", "£": r"\text{sterling}", "¥": r"\text{yen}"}
    | {"₹": r"\text{rupee}", "¢": r"\text{cent}", "℃": r"^\circ C", "℉": r"^\circ F"}
    | {"∨": r"\lor ", "∧": r"\land ", "Ω": r"\Omega ", "ℤ": r"\mathbb{Z}"}
    | dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad`✓✔✅∎■□\ufe0f", "")
)
# Digits, letters and signs of full width, as texts in Chinese and Japanese write them.
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SMALL = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺₀₁₂₃₄₅₆₇₈₉", "0123456789-+0123456789")
_RAISED = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]{1,40}")
_LOWERED = re.compile(r"[₀₁₂₃₄₅₆₇₈₉]{1,40}")
_VULGAR = re.compile(r"[⅐-⅞¼-¾]")
_MARKED_DIGITS = re.compile(r"[0-9]\u0307(?:[0-9]*[0-9]\u0307)?|(?:[0-9]\u0305)+")
"""The period of a decimal that repeats: 0.3 with a dot or a bar above the 3."""
_ROOT = re.compile(
    r"(?P<sign>[√∛∜]|(?<![\\A-Za-z])sqrt) {0,2}(?:\((?P<inside>[^()]{1,100})\)"
    r"|(?P<digits>[0-9]+(?:\.[0-9]+)?|[A-Za-z](?![A-Za-z])))"
)
_ROOTS = {"∛": r"\sqrt[3]", "∜": r"\sqrt[4]"}


def _money_first(found: re.Match[str]) -> str:
    """€77 and USD 77 as 77 euro and 77 USD, which is how other units stand."""
    return rf"{found[1]}{found[3]}\text{{{found[2].rstrip('.')}}}"


def _with_commas(found: re.Match[str]) -> str:
    """`[-2; 3]` as `[-2, 3]`, which says the same where no comma is a decimal one."""
    return found[0].replace(";", ",")


def _prefixed(found: re.Match[str]) -> str:
    """0x2A and 0b1101, as programs write them."""
    return f"{found[2].upper()}_{{{ {'x': 16, 'o': 8, 'b': 2}[found[1]] }}}"


_FUNCTIONS = "arcsin|arccos|arctan|sinh|cosh|tanh|sin|cos|tan|cot|csc|ln|log|exp"
"""Not sec and min, which are units, too."""
_BASES = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "sixteen": "16",
}  # fmt: skip

_REWRITES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        # Commands that only change the looks
        (r"\\(?:text)?color\s*\{[^{}]*\}\s*\{([^{}]*)\}", r"\1"),
        (r"\\color\s*\{[^{}]*\}", ""),
        (r"\\(?:underline|uline|emph|bm|boldsymbol|pmb|mathit|mathsf)\s*\{([^{}]*)\}", r"\1"),
        (r"</?(?:b|i|u|em|strong|span|mark|br|p)(?: ?/)?>", ""),
        (r"\\[hv]?phantom\s*\{[^{}]*\}|\\(?:checkmark|blacksquare|square)(?![A-Za-z])$", ""),
        (
            r"\\(?:bf|it|rm|sf|textstyle|tiny|small|normalsize|large|Large|LARGE|huge|Huge)"
            r"(?:series|shape|family)?(?![A-Za-z])",
            "",
        ),
        (r"\\langle(?![A-Za-z]) ?", "("),
        (r" ?\\rangle(?![A-Za-z])", ")"),
        (r"\\[lr]vert(?![A-Za-z])", "|"),
        (r"(?<!\\)\\(?=[0-9])", ""),  # `\5`, a slip for `\$5`
        (r"\\(?:left|right|displaystyle|[bB]igg?[lr]?)(?![A-Za-z])", ""),
        (r"\\[dtc]frac(?![A-Za-z])", r"\\frac"),
        (r"\\(?:text(?:bf|it|rm|sf|tt|sc|normal)|math(?:rm|bf|it|tt)|mbox)\s*(?=\{)", r"\\text"),
        (r"(?<=[0-9])(?:\{,\}|,\s*\\!)\s*(?=[0-9]{3})", ""),
        (r",\s*\\!\s*", ","),
        (r"\{,\}", ","),
        (r"(?<=[0-9)}$])\s*\\q?quad(?![A-Za-z])\s*(?=-?[0-9])", ", "),
        (r"(?<!\\)\\(?:[!,;:> ]|q?quad(?![A-Za-z]))|(?<!\\)~", " "),
        (r"\\%", "%"),
        (r"(?<!\\)(?:\\\\|\\)$", ""),  # a line break or a space, cut off
        (r"^= ?(?=[^=])", ""),
        # Several spellings of one thing
        (r"\\operatorname\*?\s*\{\s*([a-z]{2,6})\s*\}", r"\\\1 "),
        (rf"\\text\{{ ?({_FUNCTIONS}) ?\}}", r"\\\1 "),
        (rf"(?<![\\A-Za-z])({_FUNCTIONS})(?=[({{\\0-9^_]| [0-9\\(]| [a-z](?![a-z]))", r"\\\1 "),
        (r"\\log ?_(?:e|\{e\})(?![A-Za-z])", r"\\ln "),
        (r"\\text\{e\}", "e"),
        (
            r",?\s*\\text\s*\{\s*,?\s*(?:and|or)\s*\}|(?<=[0-9)}$]),? (?:and|or) (?=[-0-9\\($])"
            r"|\s*\\(?:lor|vee)(?![A-Za-z])",
            ", ",
        ),
        (r"\\text\s*\{\s*([^{}]*?)\s*\}", r"\\text{\1}"),
        (r"\\text\{\}", ""),
        (r"\\text\{([A-Za-z /]+)\^(?:\{([23])\}|([23]))\}", r"\\text{\1}^\2\3"),
        (r"[(\[][^()\[\],;]+(?:;[^()\[\],;]+)+[)\]]", _with_commas),
        (r"^([0-9.]+) ?(?:\\text\{to\}|to) ?([0-9.]+)$", r"\1:\2"),
        (
            r",? ?(?:(?:where|for)(?: any| all)?(?: integers?)? )?[kmn] ?\\in ?"
            r"\\(?:mathbb|text) ?\{?Z\}?$",
            "",
        ),
        # Bases and residues
        (r"^0([xob])([0-9A-Fa-f]+)$", _prefixed),
        (r"^\(([0-9A-Fa-f]+)\)(?=_)", r"\1"),
        (r"^([0-9a-f]*[a-f][0-9a-f]*)(?=_\{?1[1-6]\}?$)", lambda found: found[1].upper()),
        (
            r"^([0-9A-F,]+)(?: ?\(? ?(?:in )?(?:\\text\{)?(?:in )?base[- ]?|_\{?(?:\\text ?\{ ?)?)"
            rf"\}}? ?([0-9]{{1,2}}|{'|'.join(_BASES)}) ?[)}}]{{0,2}}$",
            lambda found: f"{found[1]}_{{{_BASES.get(found[2], found[2])}}}",
        ),
        (
            r" ?(?:\\pmod|\(? ?\\?(?:bmod|mod(?:ulo)?)|\(? ?\\text\{mod(?:ulo)? ?\})(?![A-Za-z])"
            r" ?\{?([0-9]{1,9})\}? ?\)?$",
            r"\\pmod{\1}",
        ),
        (r"\^\{ ?\\circ ?\}|\\degree(?![A-Za-z])", r"^\\circ"),
        (r"\\text\{\^\\circ ?([CFK]?)\}|\^\\circ ?\\text\{([CFK])\}", r"^\\circ \1\2"),
        (
            r"(?<=[0-9}]) ?\\frac ?\{ ?\\text\{ ?([A-Za-z]+) ?\} ?\}"
            r"\{ ?\\text\{ ?([A-Za-z]+) ?\} ?\}",
            r"\\text{\1/\2}",
        ),
        (r"(?<=[0-9]) ?\\Omega$", r"\\text{ohm}"),
        (r"\\text\{degrees?\}|(?<=[0-9}]) ?degrees?(?![A-Za-z])", r"^\\circ"),
        (r"(?<=[0-9}]) ?percent(?:age)?$|\\text\{percent\}$", "%"),
        (r"\\leq(?:slant)?(?![A-Za-z])", r"\\le "),
        (r"\\geq(?:slant)?(?![A-Za-z])", r"\\ge "),
        (r"\\neq(?![A-Za-z])", r"\\ne "),
        (r"^(-?) ?(?:US)?\\?\$ ?(-?[0-9][0-9,.]*)$", r"\1\2\\text{dollar}"),
        (r"^(-?[0-9][0-9,.]*) ?(?:\\text\{ ?\\?\$ ?\}|\\?\$)$", r"\1\\text{dollar}"),
        (
            r"^(-?) ?(?:\\text ?\{ ?)?(euro|sterling|yen|rupee|Rs\.?|USD|EUR|GBP|JPY|INR|CNY|CAD"
            r"|AUD)(?: ?\})? ?([0-9][0-9,.]*)$",
            _money_first,
        ),
        (
            r"^\\?\$ ?([0-9][0-9,.]*) ?(?:/|per ) ?(?:a )?(?:\\text ?\{ ?)?([a-z]{2,12})(?: ?\})?$",
            r"\1\\text{dollar/\2}",
        ),
        (r"(?<!\\)\$", ""),
        (r"^(?:\\approx(?![A-Za-z])|≈) ?(?=[-+\\0-9.])", ""),
        (r"^([0-9]{1,6})(?:\^?\{? ?(?:\\text ?)?\{? ?)(?:st|nd|rd|th) ?\}{0,2}$", r"\1"),
        (r"\\varnothing(?![A-Za-z])|\\\{ *\\\}", r"\\emptyset"),
        (r"(?<![\\A-Za-z])pi(?![A-Za-z])", r"\\pi"),
        # Numbers
        (r"(?<=[0-9)}]) ?[xX] ?(?=10(?:\^|\*\*))", r"\\times "),
        (r"(?<=[0-9A-Za-z)])\*\*(?=[0-9(-])", "^"),
        (r"(?<=[0-9])_(?=[0-9]{3}(?![0-9]))", ""),
        (
            r"(?<=\.)([0-9]*)\\dot ?\{?([0-9])\}?([0-9]*)\\dot ?\{?([0-9])\}?",
            r"\1\\overline{\2\3\4}",
        ),
        (
            r"(?<=\.)([0-9]*)\\(?:dot|bar|overline) ?(?:\{([0-9]+)\}|([0-9]))",
            r"\1\\overline{\2\3}",
        ),
        (r"(?<=[0-9]\.)\(([0-9]+)\)$", r"\\overline{\1}"),
        (r"\\frac\s*([0-9a-z]|\\pi)\s*([0-9a-z]|\\pi)(?![A-Za-z])", r"\\frac{\1}{\2}"),
        (r"\\frac\s*([0-9])\s*\{", r"\\frac{\1}{"),
        (r"(\\frac\s*\{[^{}]*\})\s*([0-9])", r"\1{\2}"),
        (r"\\sqrt\s*([0-9])", r"\\sqrt{\1}"),
        (r"(?<=[0-9])[eE]([+-]?[0-9]{1,4})$", r"\\times10^{\1}"),
        (r"(?<![0-9./])([0-9]+) +([0-9]+)/([0-9]+)(?![0-9./])", r"\1\\frac{\2}{\3}"),
        (r"(?<![0-9,.])([0-9]{1,3}) (?=[0-9]{3}(?: [0-9]{3})*(?![0-9/]))", r"\1"),
        # A space counts only between letters or digits, and after a comma ("1, 000" is no number)
        (r" +", " "),
        (r"(?<![0-9A-Za-z,]) | (?![0-9A-Za-z\\{(-])|(?<!,) (?![0-9A-Za-z])", ""),
    )
)
_GOES_ON = re.compile(r"(?<=[0-9])(?P<decimals>\.[0-9]{1,60})(?:\.{3}|…)(?=[\s$)\\]*$)")
_MAX_ROUNDS = 10
"""Each round takes off one layer of wrapping; two or three rounds are the rule."""
_DELIMITERS = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"))
_WRAPPER = re.compile(r"\\(?:boxed|fbox|text)\s*(?=\{)")


def normal_form(text: str) -> str:
    r"""One spelling for what only looks different: spaces, delimiters, \dfrac, \text, Unicode."""
    # A decimal that goes on would lose its dots as the full stop of a sentence.
    text = _plain_characters(_GOES_ON.sub(r"\g<decimals>\\ldots ", text))
    for _round in range(_MAX_ROUNDS):
        before = text
        text = _unwrapped(text.strip())
        for pattern, replacement in _REWRITES:
            text = pattern.sub(replacement, text)
        if text == before:
            break
    return text


def _plain_characters(text: str) -> str:
    """Unicode's own ways of writing mathematics, as LaTeX writes it."""
    if text.isascii() and "sqrt" not in text and "`" not in text:
        return text.translate(_CHARACTERS)
    text = text.translate(_FULL_WIDTH)
    text = _RAISED.sub(lambda found: "^" + _group(found[0]), text)
    text = _LOWERED.sub(lambda found: "_" + _group(found[0]), text)
    text = _VULGAR.sub(lambda found: _vulgar(found[0]), text)
    text = _MARKED_DIGITS.sub(lambda found: rf"\overline{{{re.sub('[^0-9]', '', found[0])}}}", text)
    text = _ROOT.sub(
        lambda found: (
            f"{_ROOTS.get(found['sign'], chr(92) + 'sqrt')}{{{found['inside'] or found['digits']}}}"
        ),
        text,
    )
    return text.translate(_CHARACTERS)


def _group(small: str) -> str:
    plain = small.translate(_SMALL)
    return plain if len(plain) == 1 else f"{{{plain}}}"


def _vulgar(character: str) -> str:
    over, _, under = unicodedata.normalize("NFKC", character).partition("\u2044")
    return rf"\frac{{{over}}}{{{under}}}"


def _unwrapped(text: str) -> str:
    """Without what encloses a whole answer: delimiters, box, text, emphasis, a full stop."""
    text = text.rstrip(".,; 。").strip("*").strip()
    for start, end in _DELIMITERS:
        inside = text[len(start) : -len(end)]
        if inside and text == start + inside + end and start not in inside:
            return inside
    mark = _WRAPPER.match(text)
    if mark and closing_brace(text, mark.end()) == len(text) - 1:
        return text[mark.end() + 1 : -1]
    return text


@dataclass(frozen=True, slots=True)
class Exact:
    """An exact number; `is_decimal` where it is written in digits and not as a fraction."""

    value: Fraction
    is_decimal: bool


_DECIMAL = re.compile(r"[+-]?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+)")
_FRACTION = re.compile(r"([+-]?)([0-9]*)\\frac\{(-?[0-9]+)\}\{([0-9]+)\}")
_SLASH = re.compile(r"([+-]?)()([0-9]+) ?/ ?([0-9]+)")
_TIMES_TEN = re.compile(r"(.+?)(?:\\times|\\cdot|\*) ?10\^(?:\{([+-]?[0-9]{1,3})\}|([0-9]))")
_REPEATING = re.compile(r"([+-]?)([0-9]*)\.([0-9]*)\\overline\{([0-9]+)\}")


@lru_cache(maxsize=65536)
def exact_number(text: str) -> Exact | None:
    """Value of an integer, decimal, fraction, mixed number, power of ten or repeating decimal."""
    if _DECIMAL.fullmatch(text):
        return Exact(Fraction(text.replace(",", "")), True)
    if parts := _FRACTION.fullmatch(text) or _SLASH.fullmatch(text):
        sign, whole, over, under = parts.groups()
        if int(under) == 0 or (whole and over.startswith("-")):
            return None
        value = int(whole or "0") + Fraction(int(over), int(under))
        return Exact(-value if sign == "-" else value, False)
    if parts := _TIMES_TEN.fullmatch(text):
        mantissa, braced, digit = parts.groups()
        if _DECIMAL.fullmatch(mantissa):
            ten = Fraction(10) ** int(braced or digit)
            return Exact(Fraction(mantissa.replace(",", "")) * ten, True)
    if parts := _REPEATING.fullmatch(text):
        sign, whole, fixed, repeated = parts.groups()
        value = Fraction(int(whole + fixed + repeated) - int(whole + fixed or "0"))
        value /= (10 ** len(repeated) - 1) * 10 ** len(fixed)
        return Exact(-value if sign == "-" else value, False)
    return None


_NOT_PROSE = re.compile(r"\\(?:begin|end) ?\{[a-z]*\}|\\[A-Za-z]+|(?:sqrt|infinity)(?![a-z])")
SCRIPTS = "\u00c0-\u024f\u0400-\u04ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Letters of words that are not English: accented, Cyrillic, kana, Chinese characters, Hangul."""
_WORD = re.compile(
    rf"[{SCRIPTS}]"
    r"|[A-Za-z]{4,}|[A-Z][a-z]{2}|(?<![A-Za-z])(?:(?i:yes|no|odd|one|two|six|ten)(?![A-Za-z])"
    r"|[a-z]{2,} (?:[a-z]{2}|[0-9]))"  # "the sum is 5", but not the product ab
)


def has_words(text: str) -> bool:
    """Whether a normal form holds words of a language, so that it must not be read as symbols."""
    return _WORD.search(_NOT_PROSE.sub(" ", text)) is not None


def words_only(text: str) -> tuple[str, ...] | None:
    """The words of an answer in words, in lower case; None where it holds anything else."""
    if has_words(text) and re.fullmatch(r"[A-Za-z ,'\-]+", text):
        return tuple(re.findall(r"[a-z']+", text.casefold()))
    return None
