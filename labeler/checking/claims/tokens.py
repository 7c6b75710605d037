"""Cuts the text of a step, plain or LaTeX, into tokens; drops what only sets type.

A token that this grammar has no meaning for (sums, moduli, matrices, dots) is `unsupported`:
whatever it stands in is not decided. A `boundary` ends what came before it.
"""

from __future__ import annotations

import re

from labeler.checking.claims.macros import MACROS, POWERS, SIGNS, VULGAR
from labeler.checking.claims.segments import Formulas
from labeler.checking.claims.token import Kind, Token, make_token
from labeler.checking.claims.vocabulary import (
    CLAUSE_WORDS,
    IGNORED,
    KNOWN_UNITS,
    PROSE_GROUPS,
    UNIT_LETTERS,
)

_LEXER = re.compile(
    r"""[ \t]*(?:
    (?P<letters>[^\W\d_π²³¹⁰⁴-⁹½¼¾⅓⅔⅛]+(?:['’][^\W\d_²³¹⁰⁴-⁹]+)*)
  | (?P<number>(?:\d{1,3}(?:(?:,|\{,\}|,\\!|\\,)\d{3})+(?![\d])|\d+)(?:\.\d+)?|\.\d+)
  | (?P<simple>[+/^×·÷∗⋅•∕⁄−–()\[\]%]|=(?![=>])|-(?!-?>)|\*(?!\*))
  | (?P<space>(?:\\[,!;:> ]|~|\\phantom\{[^{}]{0,80}\}|\\[hv]space\*?\{[^{}]{0,40}\}
        |[ \t\r\f\u00a0\u2009])+)
  | (?P<repeating>\.?\\(?:overline|bar|dot|overset)(?![A-Za-z]))
  | (?P<edge>\\\(|\\\)|\\\[|\\\]|\$\$)
  | (?P<money>\\\$|€|£|¥)
  | (?P<dollar>\$)
  | (?P<row>\\\\(?:\[[^\]]{0,20}\])?)
  | (?P<environment>\\(?:begin|end)\{[a-z*]+\})
  | (?P<macro>\\[A-Za-z]+)
  | (?P<newline>\n)
  | (?P<dots>\.\.+|…|⋯)
  | (?P<stop>[.,;:?])
  | (?P<arrow>=>|⇒|→|->|-->|==>|⟹)
  | (?P<unequal><=|>=|(?<=\s)!=|≠|≤|≥|[<>])
  | (?P<congruent>≡)
  | (?P<equal>==?|＝)
  | (?P<near>≈|≅|\u2245)
  | (?P<product>\*\*)
  | (?P<sign>[-*])
  | (?P<bracket>[()\[\]{}]|\\[{}])
  | (?P<subscript>_(?:\{[^{}]{0,60}(?:\{[^{}]{0,60}\}[^{}]{0,60}){0,4}\}|\\[A-Za-z]+|.))
  | (?P<prime>['’]+(?![A-Za-z]))
  | (?P<pi>π)
  | (?P<power>[²³¹⁰⁴-⁹]+)
  | (?P<vulgar>[½¼¾⅓⅔⅛])
  | (?P<root>√)
  | (?P<percent>\\?%)
  | (?P<degree>°)
  | (?P<factorial>!)
  | (?P<bar>\||∣)
  | (?P<align>&)
  | (?P<other>.)
    )""",
    re.VERBOSE | re.DOTALL,
)
_TO_THE_MULTIPLIED = re.compile(r"\s*(?:\\?\$)?[-(]?\s*(?:\\?\$)?[\d.(]")
_FORMULA_GOES_ON = re.compile(r"\s*(?:[-+*/^=)²³.,;]|\Z|\n)")
_SIGN_FOLLOWS = re.compile(r"\s*[-=+*/^)<>]")
_NOT_DIGITS = re.compile(r"[^\d.]")


class _Lexer:
    """One pass over one sentence; `mathematics` tells whether letters are symbols or words."""

    def __init__(self, text: str, dollars: frozenset[int]) -> None:
        self.text = text
        self.dollars = dollars
        self.tokens: list[Token] = []
        self.mathematics = False
        self.spaced = True
        self.prose_depth: list[int] = []
        self.silent: list[int] = []
        self.depth = 0

    def run(self, start: int, end: int) -> list[Token]:
        text, append, new = self.text, self.tokens.append, make_token
        for match in _LEXER.finditer(text, start, end):
            index = match.lastindex
            if index is None:  # blanks at the end
                break
            begin, stop = match.span(index)
            spaced = self.spaced or begin > match.start()
            if index == _LETTERS:
                letters = text[begin:stop]
                if self.mathematics:
                    if stop - begin == 1 and not self.prose_depth:
                        append(new(Token, ("sym", letters, begin, stop, spaced, False)))
                    else:
                        self.spaced = spaced
                        self._letters(letters, begin, stop)
                elif (
                    spaced
                    and stop - begin > 1
                    and (low := letters.lower()) not in _SPECIAL
                    and not (stop - begin < 4 and self._is_formula(letters, stop))
                ):
                    append(new(Token, ("word", low, begin, stop, True, False)))
                else:
                    self.spaced = spaced
                    self._letters(letters, begin, stop)
            elif index == _SIMPLE:
                kind, sign = _SIMPLE_SIGNS[text[begin]]
                append(new(Token, (kind, sign, begin, stop, spaced, False)))
            elif index == _NUMBER:
                number = text[begin:stop]
                if number.isdecimal() and number[0] != "0" and not self.prose_depth:
                    append(new(Token, ("num", number, begin, stop, spaced, False)))
                else:
                    self._number(number, begin, stop, spaced)
            elif (handler := _HANDLER_OF[index]) is not None:
                self.spaced = spaced
                handler(self, text[begin:stop], begin, stop)
                self.spaced = index == _NEWLINE
                continue
            elif (fixed := _FIXED_OF[index]) is not None:
                append(new(Token, (*fixed, begin, stop, spaced, False)))
                self.spaced = index == _ROW
                continue
            else:
                self.spaced = index == _SPACE
                continue
            self.spaced = False
        return self.tokens

    def _add(self, kind: Kind, text: str, begin: int, stop: int) -> None:
        self.tokens.append(make_token(Token, (kind, text, begin, stop, self.spaced, False)))

    def _edge(self, sign: str, begin: int, stop: int) -> None:
        opens = sign in {r"\(", r"\["} or (sign == "$$" and not self.mathematics)
        self.mathematics = opens
        self._add("boundary", "edge", begin, stop)

    def _dollar(self, sign: str, begin: int, stop: int) -> None:
        if begin in self.dollars:
            self.mathematics = not self.mathematics
            self._add("boundary", "edge", begin, stop)
        else:
            self._add("mark", "$", begin, stop)

    def _environment(self, sign: str, begin: int, stop: int) -> None:
        name = sign[sign.index("{") + 1 : -1].rstrip("*")
        known = name in {"align", "aligned", "equation", "gather", "gathered", "split", "eqnarray"}
        if not known:
            self._add("unsupported", name, begin, stop)
        if name in {"align", "equation", "gather", "eqnarray"}:
            self.mathematics = sign.startswith(r"\begin")
        self._add("boundary", "row", begin, stop)

    def _newline(self, sign: str, begin: int, stop: int) -> None:
        if not self.mathematics:
            self._add("boundary", "line", begin, stop)

    def _number(self, text: str, begin: int, stop: int, spaced: bool) -> None:
        if not text.isdecimal():
            text = _NOT_DIGITS.sub("", text)
        kind: Kind = "num"
        if len(text) > 1 and text[0] == "0" and text[1] != ".":  # a clock, a torn-off piece
            kind = "unsupported"
        if self.prose_depth and self.tokens:
            before = self.tokens[-1]
            if before.kind == "word" and before.text not in CLAUSE_WORDS:
                kind, text = "unsupported", "name"  # \\text{pencils in 3 boxes}
        self.tokens.append(make_token(Token, (kind, text, begin, stop, spaced, False)))

    def _macro(self, sign: str, begin: int, stop: int) -> None:
        name = sign[1:]
        known = MACROS.get(name)
        if known is not None:
            self._add(known[0], known[1], begin, stop)
        elif name in PROSE_GROUPS:
            if self.text[stop : stop + 1] == "{":
                self.prose_depth.append(self.depth)
        elif name in _BOLD and _ONE_LETTER.match(self.text, stop):
            self._add("unsupported", "vector", begin, stop)
        elif name in _SILENT:
            if self.text[stop : stop + 1] == "{":
                self.silent.append(self.depth)
        elif name not in IGNORED:
            self._add("unsupported", name, begin, stop)

    def _subscript(self, sign: str, begin: int, stop: int) -> None:
        if not self.tokens:
            return
        last = self.tokens[-1]
        if last.kind == "sym" and not self.spaced:
            name = last.text + re.sub(r"[\s{}\\]", "", sign)
            self.tokens[-1] = Token("sym", name, last.start, stop, last.spaced)
        elif last.kind not in {"word"}:  # a number in a base, a logarithm's base, a sum
            self._add("unsupported", sign, begin, stop)

    def _prime(self, sign: str, begin: int, stop: int) -> None:
        if self.tokens and self.tokens[-1].kind == "sym":
            last = self.tokens[-1]
            self.tokens[-1] = Token("sym", last.text + "'", last.start, stop, last.spaced)
        else:
            self._mark_behind_number("feet", begin, stop)

    def _mark_behind_number(self, unit: str, begin: int, stop: int) -> None:
        """5' and 3" are feet and inches; '5' and "3" are strings, which + joins."""
        last = self.tokens[-1] if self.tokens else None
        if last is not None and last.kind == "num" and last.end == begin:
            quoted = self.text[max(0, last.start - 1) : last.start] in tuple("\"“'‘’")
            self._add("unsupported" if quoted else "word", unit, begin, stop)

    def _letters(self, text: str, begin: int, stop: int) -> None:
        low = text.lower()
        before = self.tokens[-1] if self.tokens else None
        after_number = before is not None and before.kind == "num" and not self.spaced
        if self.mathematics and not self.prose_depth:
            self._symbols(text, low, begin, stop)
        elif len(text) == 1:
            self._letter(text, low, begin, stop, after_number=after_number)
        elif low in _SPECIAL:
            self._special(text, low, begin, stop)
        elif after_number and low in {"st", "nd", "rd", "th"}:
            self._add("unsupported", low, begin, stop)
        elif len(text) <= 3 and (self._may_be_product(low, begin) or self._is_formula(text, stop)):
            self._spell(text, begin)
        else:
            self.tokens.append(Token("word", low, begin, stop, self.spaced, after_number))

    def _is_formula(self, text: str, stop: int) -> bool:
        """Whether letters between signs are a product: `a^2 + ab`, where both stand alone, too."""
        before = self.tokens[-1] if self.tokens else None
        if before is None or before.kind not in {"op", "rel"} or text.lower() in KNOWN_UNITS:
            return False
        if _FORMULA_GOES_ON.match(self.text, stop) is None:
            return False
        alone = {t.text for t in self.tokens if t.kind == "sym"}
        return set(text) <= alone

    def _may_be_product(self, low: str, begin: int) -> bool:
        """Whether letters behind a value are unknowns (`2kh`, `4πr`), not a unit nor a word.

        In plain text two or three letters that stand against a number, a symbol or a bracket are a
        product, unless a unit is written so.
        """
        before = self.tokens[-1] if self.tokens else None
        if before is None or self.spaced or low in KNOWN_UNITS:
            return False
        return before.kind in {"num", "sym", "close"} and before.end == begin

    def _symbols(self, text: str, low: str, begin: int, stop: int) -> None:
        """Letters in mathematics."""
        if len(text) == 1:
            self._add("sym", text, begin, stop)
        elif low in {"mod", "bmod"}:
            self._add("unsupported", low, begin, stop)
        elif text in UNIT_LETTERS or (len(text) > 4 and not text.isupper()):
            self._add("word", low, begin, stop)
        elif len(text) == 4:
            self._add("unsupported", low, begin, stop)
        elif text.isupper():  # a segment AB, a triangle ABC
            self._add("sym", text, begin, stop)
        else:
            self._spell(text, begin)

    def _spell(self, text: str, begin: int) -> None:
        for offset, letter in enumerate(text):
            at = begin + offset
            self.tokens.append(Token("sym", letter, at, at + 1, self.spaced and not offset))

    def _letter(self, text: str, low: str, begin: int, stop: int, *, after_number: bool) -> None:
        """One letter in prose: a symbol, unless it is an article, a product sign or a clock's."""
        if low == "x" and self._between_numbers(stop):
            self._add("op", "*", begin, stop)
        elif low in "ap" and self.text[stop : stop + 2].lower() == ".m":
            self._add("unsupported", "clock", begin, stop)
        elif text not in "aAI" or after_number or self._in_formula(stop):
            self._add("sym", text, begin, stop)
        else:
            self._add("word", low, begin, stop)

    def _special(self, text: str, low: str, begin: int, stop: int) -> None:
        """Words of prose that are signs."""
        if low == "mod":
            self._add("unsupported", low, begin, stop)
        elif low == "pi":
            self._add("sym", "pi", begin, stop)
        elif text in {"sqrt", "gcd", "lcm"} and self.text[stop : stop + 1] == "(":
            self._add("func", text, begin, stop)
        else:
            self._add("word", low, begin, stop)

    def _in_formula(self, stop: int) -> bool:
        """Whether a sign of arithmetic follows, so that this letter is no article."""
        return _SIGN_FOLLOWS.match(self.text, stop, stop + 8) is not None

    def _between_numbers(self, stop: int) -> bool:
        """An x between two numbers is a product sign; "5x" and "5x + 3" are not."""
        before = self.tokens[-1] if self.tokens else None
        after = _TO_THE_MULTIPLIED.match(self.text, stop)
        if before is None or after is None:
            return False
        attached = before.kind in {"num", "close"} and not self.spaced
        tight = not self.text[stop].isspace()
        fits = before.kind in {"num", "close", "mark", "word"}
        return fits and (not attached or (tight and self.text[stop].isdigit()))

    def _unequal(self, sign: str, begin: int, stop: int) -> None:
        self._add("rel", _UNEQUAL.get(sign, sign), begin, stop)

    def _product(self, sign: str, begin: int, stop: int) -> None:
        # A power in programs, bold type in Markdown.
        around = self.text[begin - 1 : begin] + self.text[stop:][:1]
        if re.fullmatch(r"[\w)]{1}[\d(]", around):
            self._add("op", "^", begin, stop)

    def _sign(self, sign: str, begin: int, stop: int) -> None:
        self._add("op", sign, begin, stop)

    def _power(self, sign: str, begin: int, stop: int) -> None:
        self._add("op", "^", begin, stop)
        self._add("num", "".join(POWERS[digit] for digit in sign), begin, stop)

    def _vulgar(self, sign: str, begin: int, stop: int) -> None:
        top, bottom = VULGAR[sign].split("/")
        self._add("func", "frac", begin, stop)
        for number in (top, bottom):
            self._add("open", "{", begin, stop)
            self._add("num", number, begin, stop)
            self._add("close", "}", begin, stop)

    def _bracket(self, sign: str, begin: int, stop: int) -> None:
        text = sign[-1]
        if sign.startswith("\\"):
            self._add("unsupported", "set", begin, stop)
        elif text == "{":
            opened = self.depth in self.prose_depth[-1:] + self.silent[-1:]
            self.depth += 1
            if not opened:
                self._add("open", text, begin, stop)
        elif text == "}":
            self.depth -= 1
            for stack in (self.prose_depth, self.silent):
                if self.depth in stack[-1:]:
                    stack.pop()
                    return
            self._add("close", text, begin, stop)
        else:
            self._add("open" if text in "([" else "close", text, begin, stop)

    def _stop(self, sign: str, begin: int, stop: int) -> None:
        tight = self.text[stop : stop + 1]
        if sign == ":":
            digit = bool(self.tokens) and self.tokens[-1].kind in {"num", "sym"}
            if digit and (tight.isdigit() or self.spaced):
                self._add("unsupported", ":", begin, stop)
                return
        self._add("boundary", sign, begin, stop)

    def _other(self, sign: str, begin: int, stop: int) -> None:
        if sign in '"”':
            self._mark_behind_number("inches", begin, stop)
        elif sign not in "“'’‘`#_":
            self._add("unsupported", sign, begin, stop)


_BOLD = frozenset({"mathbf", "vec", "boldsymbol", "bm", "overrightarrow"})
_ONE_LETTER = re.compile(r"\{[A-Za-z]\}")
_SILENT = frozenset({"boxed", "underline", "mathbf", "displaystyle", "boldsymbol", "fbox"})
_FIXED: dict[str, tuple[Kind, str]] = {
    "equal": ("rel", "="), "money": ("mark", "$"), "percent": ("mark", "%"), "bar": ("bar", "|"),
    "row": ("boundary", "row"), "repeating": ("unsupported", "repeating"), "near": ("rel", "~"),
    "dots": ("unsupported", "..."), "arrow": ("boundary", "arrow"), "root": ("func", "sqrt"),
    "congruent": ("unsupported", "mod"), "pi": ("sym", "pi"), "degree": ("mark", "degree"),
    "factorial": ("mark", "!"),
}  # fmt: skip
"""Tokens that mean the same wherever they stand."""
_UNEQUAL = {"≠": "!=", "≤": "<=", "≥": ">="}
_SIMPLE_SIGNS: dict[str, tuple[Kind, str]] = {
    **{sign: ("op", text) for sign, text in SIGNS.items()},
    **dict.fromkeys("([", ("open", "")), **dict.fromkeys(")]", ("close", "")),
    "=": ("rel", "="), "%": ("mark", "%"),
}  # fmt: skip
_SIMPLE_SIGNS |= {s: (kind, text or s) for s, (kind, text) in _SIMPLE_SIGNS.items()}
_SPECIAL = frozenset({"mod", "pi", "sqrt", "gcd", "lcm"})
_NAMES: tuple[str, ...] = ("", *_LEXER.groupindex)
_LETTERS, _NUMBER, _SIMPLE, _NEWLINE, _ROW, _SPACE = (
    _NAMES.index(name) for name in ("letters", "number", "simple", "newline", "row", "space")
)
_FIXED_OF = tuple(map(_FIXED.get, _NAMES))
_HANDLERS = {
    name: getattr(_Lexer, "_" + name)
    for name in _NAMES[1:]
    if name not in {"letters", "number", "simple", "space", "align", *_FIXED}
}
_HANDLER_OF = tuple(map(_HANDLERS.get, _NAMES))


def tokenize(text: str, known: Formulas, start: int, end: int) -> list[Token]:
    """Tokens of one sentence of a step, in order."""
    return _Lexer(text, known.dollars).run(start, end)
