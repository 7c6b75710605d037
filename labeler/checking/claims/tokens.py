"""Cuts the text of a step, plain or LaTeX, into tokens; drops what only sets type.

A token that this grammar has no meaning for (sums, moduli, matrices, dots) is `unsupported`:
whatever it stands in is not decided. A `boundary` ends what came before it.
"""

from __future__ import annotations

import re

from labeler.checking.claims.macros import POWERS, VULGAR
from labeler.checking.claims.pieces import (
    BLANK,
    BOLD,
    BRACE,
    DROPPED,
    FIXED,
    FIXED_TOKENS,
    LETTERS,
    LEXER,
    PIECES,
    PLAIN_NUMBER,
    ROW,
    SILENT,
    SPECIAL,
    UNEQUAL,
    known_piece,
)
from labeler.checking.claims.segments import Formulas
from labeler.checking.claims.token import Kind, Token, make_token
from labeler.checking.claims.vocabulary import (
    CLAUSE_WORDS,
    IGNORED,
    KNOWN_UNITS,
    PROSE_GROUPS,
    UNIT_LETTERS,
)

_TO_THE_MULTIPLIED = re.compile(r"\s*(?:\\?\$)?[-(]?\s*(?:\\?\$)?[\d.(]")
_FORMULA_GOES_ON = re.compile(r"\s*(?:[-+*/^=)²³.,;]|\Z|\n)")
_SIGN_FOLLOWS = re.compile(r"\s*[-=+*/^)<>]")
_LETTER = re.compile("[A-Za-z]")
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
        pieces = PIECES.findall(text, start, end)
        stop, spaced = start, True
        for piece, (sort, kind, sign) in zip(pieces, map(known_piece, pieces), strict=True):
            begin = stop
            stop += len(piece)
            if sort == BLANK:
                spaced = True
                continue
            if sort == FIXED or (sort == PLAIN_NUMBER and not self.prose_depth):
                append(new(Token, (kind, sign, begin, stop, spaced)))
            elif sort == LETTERS:
                if self.mathematics:
                    if stop - begin == 1 and not self.prose_depth:
                        append(new(Token, ("sym", piece, begin, stop, spaced)))
                    else:
                        self.spaced = spaced
                        self._letters(piece, begin, stop)
                elif (
                    spaced
                    and kind == "word"
                    and not (stop - begin < 4 and self._is_formula(piece, stop))
                ):
                    append(new(Token, ("word", sign, begin, stop, True)))
                else:
                    self.spaced = spaced
                    self._letters(piece, begin, stop)
            elif sort == BRACE and not (self.prose_depth or self.silent):
                self.depth += 1 if kind == "open" else -1
                append(new(Token, (kind, sign, begin, stop, spaced)))
            elif sort == ROW:
                append(new(Token, ("boundary", "row", begin, stop, spaced)))
                spaced = True
                continue
            elif sort != DROPPED:
                self.spaced = spaced
                _HANDLERS[_NAMED.get(sort, sign)](self, piece, begin, stop)
                spaced = piece == "\n"
                continue
            spaced = False
        return self.tokens

    def _add(self, kind: Kind, text: str, begin: int, stop: int) -> None:
        self.tokens.append(make_token(Token, (kind, text, begin, stop, self.spaced)))

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

    def _number(self, text: str, begin: int, stop: int) -> None:
        if not text.isdecimal():
            text = _NOT_DIGITS.sub("", text)
        kind: Kind = "num"
        if len(text) > 1 and text[0] == "0" and text[1] != ".":  # a clock, a torn-off piece
            kind = "unsupported"
        if self.prose_depth and self.tokens:
            before = self.tokens[-1]
            if before.kind == "word" and before.text not in CLAUSE_WORDS:
                kind, text = "unsupported", "name"  # \\text{pencils in 3 boxes}
        self._add(kind, text, begin, stop)

    def _macro(self, sign: str, begin: int, stop: int) -> None:
        """A macro that stands for no token of its own."""
        name = sign[1:]
        if name in PROSE_GROUPS:
            if self.text[stop : stop + 1] == "{":
                self.prose_depth.append(self.depth)
        elif name in BOLD and _ONE_LETTER.match(self.text, stop):
            self._add("unsupported", "vector", begin, stop)
        elif name in SILENT:
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
        if _LETTER.match(self.text, stop):  # it opens or closes a quotation
            return
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
        elif low in SPECIAL:
            self._special(text, low, begin, stop)
        elif after_number and low in {"st", "nd", "rd", "th"}:
            self._add("unsupported", low, begin, stop)
        elif len(text) <= 3 and (self._may_be_product(low, begin) or self._is_formula(text, stop)):
            self._spell(text, begin)
        else:
            self.tokens.append(Token("word", low, begin, stop, self.spaced))

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
        self._add("rel", UNEQUAL.get(sign, sign), begin, stop)

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
        """A colon: a ratio or a clock, or the end of what leads up to something."""
        tight = self.text[stop : stop + 1]
        digit = bool(self.tokens) and self.tokens[-1].kind in {"num", "sym"}
        if digit and (tight.isdigit() or self.spaced):
            self._add("unsupported", ":", begin, stop)
        else:
            self._add("boundary", sign, begin, stop)

    def _other(self, sign: str, begin: int, stop: int) -> None:
        if sign in '"”':
            self._mark_behind_number("inches", begin, stop)
        elif sign not in "“'’‘`#_":
            self._add("unsupported", sign, begin, stop)


_ONE_LETTER = re.compile(r"\{[A-Za-z]\}")
_HANDLERS = {
    name: getattr(_Lexer, "_" + name)
    for name in LEXER.groupindex
    if name not in {"letters", "blank", "simple", "space", "align", "row", *FIXED_TOKENS}
}
_NAMED = {PLAIN_NUMBER: "number", BRACE: "bracket"}


def tokenize(text: str, known: Formulas, start: int, end: int) -> list[Token]:
    """Tokens of one sentence of a step, in order."""
    return _Lexer(text, known.dollars).run(start, end)
