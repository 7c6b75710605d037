"""Cuts the text of a step, plain or LaTeX, into tokens; drops what only sets type.

A token that this grammar has no meaning for (sums, moduli, matrices, dots) is `unsupported`:
whatever it stands in is not decided. A `boundary` ends what came before it.
"""

from __future__ import annotations

import re

from labeler.checking.claims.macros import MACROS, POWERS, SIGNS, VULGAR
from labeler.checking.claims.segments import Formulas
from labeler.checking.claims.token import Kind, Token
from labeler.checking.claims.vocabulary import (
    CLAUSE_WORDS,
    IGNORED,
    KNOWN_UNITS,
    PROSE_GROUPS,
    UNIT_LETTERS,
)

_LEXER = re.compile(
    r"""
    (?P<space>(?:\\[,!;:> ]|~|\\phantom\{[^{}]{0,80}\}|\\[hv]space\*?\{[^{}]{0,40}\}
        |[ \t\r\f\u00a0\u2009])+)
  | (?P<letters>[^\W\d_π²³¹⁰⁴-⁹½¼¾⅓⅔⅛]+(?:['’][^\W\d_²³¹⁰⁴-⁹]+)*)
  | (?P<number>(?:\d{1,3}(?:(?:,|\{,\}|,\\!|\\,)\d{3})+(?![\d])|\d+)(?:\.\d+)?|\.\d+)
  | (?P<repeating>\.?\\(?:overline|bar|dot|overset)(?![A-Za-z]))
  | (?P<edge>\\\(|\\\)|\\\[|\\\]|\$\$)
  | (?P<money>\\\$|€|£|¥)
  | (?P<dollar>\$)
  | (?P<row>\\\\(?:\[[^\]]{0,20}\])?)
  | (?P<environment>\\(?:begin|end)\{(?P<environment_name>[a-z*]+)\})
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
  | (?P<sign>[×·∗⋅•*÷/∕⁄+\-−–^])
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
    """,
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
        handlers = _HANDLERS
        for match in _LEXER.finditer(self.text, start, end):
            kind = match.lastgroup
            assert kind is not None
            if kind == "space":
                self.spaced = True
            elif kind in _DIRECT:
                begin, stop = match.span()
                name, texts = _DIRECT[kind]
                text = match[0]
                self.tokens.append(Token(name, texts.get(text, text), begin, stop, self.spaced))
                self.spaced = False
            elif kind == "letters" and not self.mathematics:
                text = match[0]
                begin, stop = match.span()
                if (
                    self.spaced
                    and len(text) > 1
                    and (low := text.lower()) not in _SPECIAL
                    and not (len(text) < 4 and self._is_formula(text, match))
                ):
                    self.tokens.append(Token("word", low, begin, stop, True))
                else:
                    self._letters(match)
                self.spaced = False
            else:
                handlers[kind](self, match)
                self.spaced = kind in {"newline", "row"}
        return self.tokens

    def _add(self, kind: Kind, text: str, match: re.Match[str]) -> None:
        self.tokens.append(Token(kind, text, match.start(), match.end(), self.spaced))

    def _edge(self, match: re.Match[str]) -> None:
        opens = match[0] in {r"\(", r"\["} or (match[0] == "$$" and not self.mathematics)
        self.mathematics = opens
        self._add("boundary", "edge", match)

    def _dollar(self, match: re.Match[str]) -> None:
        if match.start() in self.dollars:
            self.mathematics = not self.mathematics
            self._add("boundary", "edge", match)
        else:
            self._add("mark", "$", match)

    def _row(self, match: re.Match[str]) -> None:
        self._add("boundary", "row", match)

    def _environment(self, match: re.Match[str]) -> None:
        name = match["environment_name"].rstrip("*")
        known = name in {"align", "aligned", "equation", "gather", "gathered", "split", "eqnarray"}
        if not known:
            self._add("unsupported", name, match)
        if name in {"align", "equation", "gather", "eqnarray"}:
            self.mathematics = match[0].startswith(r"\begin")
        self._add("boundary", "row", match)

    def _newline(self, match: re.Match[str]) -> None:
        if not self.mathematics:
            self._add("boundary", "line", match)

    def _number(self, match: re.Match[str]) -> None:
        text = match[0]
        if not text.isdecimal():
            text = _NOT_DIGITS.sub("", text)
        if self.prose_depth and self.tokens:
            before = self.tokens[-1]
            if before.kind == "word" and before.text not in CLAUSE_WORDS:
                self._add("unsupported", "name", match)  # \\text{pencils in 3 boxes}
                return
        padded = len(text) > 1 and text[0] == "0" and text[1] != "."  # a clock, a torn-off piece
        self._add("unsupported" if padded else "num", text, match)

    def _repeating(self, match: re.Match[str]) -> None:
        self._add("unsupported", "repeating", match)

    def _macro(self, match: re.Match[str]) -> None:
        name = match[0][1:]
        known = MACROS.get(name)
        if known is not None:
            self._add(known[0], known[1], match)
        elif name in PROSE_GROUPS:
            if self.text[match.end() : match.end() + 1] == "{":
                self.prose_depth.append(self.depth)
        elif name in _BOLD and _ONE_LETTER.match(self.text, match.end()):
            self._add("unsupported", "vector", match)
        elif name in _SILENT:
            if self.text[match.end() : match.end() + 1] == "{":
                self.silent.append(self.depth)
        elif name not in IGNORED:
            self._add("unsupported", name, match)

    def _subscript(self, match: re.Match[str]) -> None:
        if not self.tokens:
            return
        last = self.tokens[-1]
        if last.kind == "sym" and not self.spaced:
            name = last.text + re.sub(r"[\s{}\\]", "", match[0])
            self.tokens[-1] = Token("sym", name, last.start, match.end(), last.spaced)
        elif last.kind not in {"word"}:  # a number in a base, a logarithm's base, a sum
            self._add("unsupported", match[0], match)

    def _prime(self, match: re.Match[str]) -> None:
        if self.tokens and self.tokens[-1].kind == "sym":
            last = self.tokens[-1]
            self.tokens[-1] = Token("sym", last.text + "'", last.start, match.end(), last.spaced)
        else:
            self._mark_behind_number("feet", match)

    def _mark_behind_number(self, unit: str, match: re.Match[str]) -> None:
        """5' and 3" are feet and inches; '5' and "3" are strings, which + joins."""
        last = self.tokens[-1] if self.tokens else None
        if last is not None and last.kind == "num" and last.end == match.start():
            quoted = self.text[max(0, last.start - 1) : last.start] in tuple("\"“'‘’")
            self._add("unsupported" if quoted else "word", unit, match)

    def _letters(self, match: re.Match[str]) -> None:
        text = match[0]
        low = text.lower()
        before = self.tokens[-1] if self.tokens else None
        after_number = before is not None and before.kind == "num" and not self.spaced
        if self.mathematics and not self.prose_depth:
            self._symbols(text, low, match)
        elif len(text) == 1:
            self._letter(text, low, match, after_number=after_number)
        elif low in _SPECIAL:
            self._special(text, low, match)
        elif after_number and low in {"st", "nd", "rd", "th"}:
            self._add("unsupported", low, match)
        elif len(text) <= 3 and (self._may_be_product(low, match) or self._is_formula(text, match)):
            self._spell(text, match)
        else:
            start, end = match.span()
            self.tokens.append(Token("word", low, start, end, self.spaced, after_number))

    def _is_formula(self, text: str, match: re.Match[str]) -> bool:
        """Whether letters between signs are a product: `a^2 + ab`, where both stand alone, too."""
        before = self.tokens[-1] if self.tokens else None
        if before is None or before.kind not in {"op", "rel"} or text.lower() in KNOWN_UNITS:
            return False
        if _FORMULA_GOES_ON.match(self.text, match.end()) is None:
            return False
        alone = {t.text for t in self.tokens if t.kind == "sym"}
        return set(text) <= alone

    def _may_be_product(self, low: str, match: re.Match[str]) -> bool:
        """Whether letters behind a value are unknowns (`2kh`, `4πr`), not a unit nor a word.

        In plain text two or three letters that stand against a number, a symbol or a bracket are a
        product, unless a unit is written so.
        """
        before = self.tokens[-1] if self.tokens else None
        if before is None or self.spaced or low in KNOWN_UNITS:
            return False
        return before.kind in {"num", "sym", "close"} and before.end == match.start()

    def _symbols(self, text: str, low: str, match: re.Match[str]) -> None:
        """Letters in mathematics."""
        if len(text) == 1:
            self._add("sym", text, match)
        elif low in {"mod", "bmod"}:
            self._add("unsupported", low, match)
        elif text in UNIT_LETTERS or (len(text) > 4 and not text.isupper()):
            self._add("word", low, match)
        elif len(text) == 4:
            self._add("unsupported", low, match)
        elif text.isupper():  # a segment AB, a triangle ABC
            self._add("sym", text, match)
        else:
            self._spell(text, match)

    def _spell(self, text: str, match: re.Match[str]) -> None:
        for offset, letter in enumerate(text):
            at = match.start() + offset
            self.tokens.append(Token("sym", letter, at, at + 1, self.spaced and not offset))

    def _letter(self, text: str, low: str, match: re.Match[str], *, after_number: bool) -> None:
        """One letter in prose: a symbol, unless it is an article, a product sign or a clock's."""
        if low == "x" and self._between_numbers(match):
            self._add("op", "*", match)
        elif low in "ap" and self.text[match.end() : match.end() + 2].lower() == ".m":
            self._add("unsupported", "clock", match)
        elif text not in "aAI" or after_number or self._in_formula(match):
            self._add("sym", text, match)
        else:
            self._add("word", low, match)

    def _special(self, text: str, low: str, match: re.Match[str]) -> None:
        """Words of prose that are signs."""
        if low == "mod":
            self._add("unsupported", low, match)
        elif low == "pi":
            self._add("sym", "pi", match)
        elif text in {"sqrt", "gcd", "lcm"} and self.text[match.end() : match.end() + 1] == "(":
            self._add("func", text, match)
        else:
            self._add("word", low, match)

    def _in_formula(self, match: re.Match[str]) -> bool:
        """Whether a sign of arithmetic follows, so that this letter is no article."""
        return _SIGN_FOLLOWS.match(self.text, match.end(), match.end() + 8) is not None

    def _between_numbers(self, match: re.Match[str]) -> bool:
        """An x between two numbers is a product sign; "5x" and "5x + 3" are not."""
        before = self.tokens[-1] if self.tokens else None
        after = _TO_THE_MULTIPLIED.match(self.text, match.end())
        if before is None or after is None:
            return False
        attached = before.kind in {"num", "close"} and not self.spaced
        tight = not self.text[match.end()].isspace()
        fits = before.kind in {"num", "close", "mark", "word"}
        return fits and (not attached or (tight and self.text[match.end()].isdigit()))

    def _dots(self, match: re.Match[str]) -> None:
        self._add("unsupported", "...", match)

    def _arrow(self, match: re.Match[str]) -> None:
        self._add("boundary", "arrow", match)

    def _unequal(self, match: re.Match[str]) -> None:
        self._add("rel", _UNEQUAL.get(match[0], match[0]), match)

    def _congruent(self, match: re.Match[str]) -> None:
        self._add("unsupported", "mod", match)

    def _near(self, match: re.Match[str]) -> None:
        self._add("rel", "~", match)

    def _product(self, match: re.Match[str]) -> None:
        # A power in programs, bold type in Markdown.
        around = self.text[match.start() - 1 : match.start()] + self.text[match.end() :][:1]
        if re.fullmatch(r"[\w)]{1}[\d(]", around):
            self._add("op", "^", match)

    def _power(self, match: re.Match[str]) -> None:
        self._add("op", "^", match)
        self._add("num", "".join(POWERS[digit] for digit in match[0]), match)

    def _vulgar(self, match: re.Match[str]) -> None:
        top, bottom = VULGAR[match[0]].split("/")
        self._add("func", "frac", match)
        for number in (top, bottom):
            self._add("open", "{", match)
            self._add("num", number, match)
            self._add("close", "}", match)

    def _root(self, match: re.Match[str]) -> None:
        self._add("func", "sqrt", match)

    def _pi(self, match: re.Match[str]) -> None:
        self._add("sym", "pi", match)

    def _degree(self, match: re.Match[str]) -> None:
        self._add("mark", "degree", match)

    def _factorial(self, match: re.Match[str]) -> None:
        self._add("mark", "!", match)

    def _bracket(self, match: re.Match[str]) -> None:
        text = match[0][-1]
        if match[0].startswith("\\"):
            self._add("unsupported", "set", match)
        elif text == "{":
            opened = self.depth in self.prose_depth[-1:] + self.silent[-1:]
            self.depth += 1
            if not opened:
                self._add("open", text, match)
        elif text == "}":
            self.depth -= 1
            for stack in (self.prose_depth, self.silent):
                if self.depth in stack[-1:]:
                    stack.pop()
                    return
            self._add("close", text, match)
        else:
            self._add("open" if text in "([" else "close", text, match)

    def _align(self, match: re.Match[str]) -> None:
        pass

    def _stop(self, match: re.Match[str]) -> None:
        tight = self.text[match.end() : match.end() + 1]
        if match[0] == ":":
            digit = bool(self.tokens) and self.tokens[-1].kind in {"num", "sym"}
            if digit and (tight.isdigit() or self.spaced):
                self._add("unsupported", ":", match)
                return
        self._add("boundary", match[0], match)

    def _other(self, match: re.Match[str]) -> None:
        if match[0] in '"”':
            self._mark_behind_number("inches", match)
        elif match[0] not in "“'’‘`#_":
            self._add("unsupported", match[0], match)


_BOLD = frozenset({"mathbf", "vec", "boldsymbol", "bm", "overrightarrow"})
_ONE_LETTER = re.compile(r"\{[A-Za-z]\}")
_SILENT = frozenset({"boxed", "underline", "mathbf", "displaystyle", "boldsymbol", "fbox"})
_UNEQUAL = {"≠": "!=", "≤": "<=", "≥": ">="}
_DIRECT: dict[str, tuple[Kind, dict[str, str]]] = {
    "sign": ("op", SIGNS),
    "equal": ("rel", {"==": "=", "＝": "="}),
    "money": ("mark", {r"\$": "$", "€": "$", "£": "$", "¥": "$"}),
    "percent": ("mark", {r"\%": "%"}),
    "bar": ("bar", {"∣": "|"}),
}
"""Tokens that mean the same wherever they stand."""
_SPECIAL = frozenset({"mod", "pi", "sqrt", "gcd", "lcm"})
_HANDLERS = {
    name: getattr(_Lexer, "_" + name.removesuffix("_name"))
    for name in _LEXER.groupindex
    if name not in {"space", *_DIRECT}
}


def tokenize(text: str, known: Formulas, start: int, end: int) -> list[Token]:
    """Tokens of one sentence of a step, in order."""
    return _Lexer(text, known.dollars).run(start, end)
