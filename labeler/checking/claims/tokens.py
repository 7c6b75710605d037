"""Cuts the text of a step, plain or LaTeX, into tokens; drops what only sets type.

A token that this grammar has no meaning for (sums, moduli, matrices, dots) is `poison`: whatever it
stands in is not decided.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from labeler.checking.claims.vocabulary import (
    FUNCTIONS,
    GREEK,
    IGNORED,
    OPERATORS,
    PROSE_GROUPS,
    RELATIONS,
    UNIT_LETTERS,
    WALLS,
)

Kind = Literal[
    "num", "op", "open", "close", "rel", "word", "sym", "func", "mark", "bar", "wall", "poison"
]

MAX_CHARACTERS = 20_000
"""Longer steps are not read."""


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is normal: `*` for every product sign, `=` for every equality, a wall's kind.

    `spaced`: white space stands before it. `start`, `end`: its place in the step.
    """

    kind: Kind
    text: str
    start: int
    end: int
    spaced: bool = False


_SIGNS = {
    "×": "*", "·": "*", "∗": "*", "⋅": "*", "•": "*", "*": "*", "÷": "/", "/": "/", "∕": "/",
    "⁄": "/", "+": "+", "-": "-", "−": "-", "–": "-", "^": "^",
}  # fmt: skip
_POWERS = {"²": "2", "³": "3", "⁴": "4", "¹": "1", "⁵": "5", "⁶": "6"}
_VULGAR = {"½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3", "⅛": "1/8"}

_LEXER = re.compile(
    r"""
    (?P<space>(?:\\[,!;:> ]|~|\\phantom\{[^{}]*\}|\\[hv]space\*?\{[^{}]*\}|[ \t\r\f\u00a0\u2009])+)
  | (?P<edge>\\\(|\\\)|\\\[|\\\]|\$\$)
  | (?P<money>\\\$|€|£|¥)
  | (?P<dollar>\$)
  | (?P<row>\\\\(?:\[[^\]]*\])?)
  | (?P<environment>\\(?:begin|end)\{(?P<environment_name>[a-z*]+)\})
  | (?P<newline>\n)
  | (?P<number>(?:\d{1,3}(?:(?:,|\{,\}|,\\!|\\,)\d{3})+(?![\d])|\d+)(?:\.\d+)?|\.\d+)
  | (?P<repeating>\.?\\(?:overline|bar|dot|overset)(?![A-Za-z]))
  | (?P<macro>\\[A-Za-z]+)
  | (?P<subscript>_(?:\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\\[A-Za-z]+|.))
  | (?P<prime>['’]+(?![A-Za-z]))
  | (?P<pi>π)
  | (?P<letters>[^\W\d_π]+(?:['’][^\W\d_]+)*)
  | (?P<dots>\.\.+|…|⋯)
  | (?P<arrow>=>|⇒|→|->|-->|==>|⟹)
  | (?P<unequal><=|>=|(?<=\s)!=|≠|≤|≥|[<>])
  | (?P<congruent>≡)
  | (?P<equal>==?|＝)
  | (?P<near>≈|≅|\u2245)
  | (?P<product>\*\*)
  | (?P<sign>[×·∗⋅•*÷/∕⁄+\-−–^])
  | (?P<power>[²³⁴¹⁵⁶])
  | (?P<vulgar>[½¼¾⅓⅔⅛])
  | (?P<root>√)
  | (?P<percent>\\?%)
  | (?P<degree>°)
  | (?P<factorial>!)
  | (?P<bracket>[()\[\]{}]|\\[{}])
  | (?P<bar>\||∣)
  | (?P<align>&)
  | (?P<stop>[.,;:?])
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_MATH_CLOSE = re.compile(r"(?<=\S)\$(?!\d)")


class _Lexer:
    """One pass over one text; `mathematics` tells whether letters are symbols or words."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[Token] = []
        self.mathematics = False
        self.spaced = True
        self.close_dollar = -1
        self.prose_depth: list[int] = []
        self.silent: list[int] = []
        self.depth = 0

    def run(self) -> list[Token]:
        position = 0
        while position < len(self.text):
            match = _LEXER.match(self.text, position)
            assert match is not None  # "other" takes any character
            kind = str(match.lastgroup)
            if kind == "environment_name":
                kind = "environment"
            if kind == "space":
                self.spaced = True
            else:
                getattr(self, f"_{kind}")(match)
                self.spaced = kind in {"newline", "row"}
            position = match.end()
        return self.tokens

    def _add(self, kind: Kind, text: str, match: re.Match[str]) -> None:
        self.tokens.append(Token(kind, text, match.start(), match.end(), self.spaced))

    def _edge(self, match: re.Match[str]) -> None:
        opens = match[0] in {r"\(", r"\["} or (match[0] == "$$" and not self.mathematics)
        self.mathematics = opens
        self._add("wall", "edge", match)

    def _money(self, match: re.Match[str]) -> None:
        self._add("mark", "$", match)

    def _dollar(self, match: re.Match[str]) -> None:
        if match.start() == self.close_dollar:
            self.mathematics, self.close_dollar = False, -1
            self._add("wall", "edge", match)
            return
        following = self.text[match.end() : match.end() + 1]
        end = self.text.find("\n\n", match.end())
        close = _MATH_CLOSE.search(self.text, match.end() + 1, end if end > 0 else len(self.text))
        # Pandoc's rule: "$5 and $6" is money, "$5 + 6$" is mathematics.
        if (
            self.mathematics
            or close is None
            or following.isspace()
            or not following
            or "$" in self.text[match.end() : close.start()].replace("\\$", "")
        ):
            self._add("mark", "$", match)
        else:
            self.mathematics, self.close_dollar = True, close.start()
            self._add("wall", "edge", match)

    def _row(self, match: re.Match[str]) -> None:
        self._add("wall", "row", match)

    def _environment(self, match: re.Match[str]) -> None:
        name = match["environment_name"].rstrip("*")
        known = name in {"align", "aligned", "equation", "gather", "gathered", "split", "eqnarray"}
        if not known:
            self._add("poison", name, match)
        if name in {"align", "equation", "gather", "eqnarray"}:
            self.mathematics = match[0].startswith(r"\begin")
        self._add("wall", "row", match)

    def _newline(self, match: re.Match[str]) -> None:
        if not self.mathematics:
            self._add("wall", "line", match)

    def _number(self, match: re.Match[str]) -> None:
        text = re.sub(r"[^\d.]", "", match[0])
        padded = len(text) > 1 and text[0] == "0" and text[1] != "."  # a clock, a torn-off piece
        self._add("poison" if padded else "num", text, match)

    def _repeating(self, match: re.Match[str]) -> None:
        self._add("poison", "repeating", match)

    def _macro(self, match: re.Match[str]) -> None:
        name = match[0][1:]
        if name in {"frac", "dfrac", "tfrac", "cfrac"}:
            self._add("func", "frac", match)
        elif name in {"binom", "dbinom", "tbinom"}:
            self._add("func", "binom", match)
        elif name in FUNCTIONS:
            self._add("func", name, match)
        elif name in OPERATORS:
            text = OPERATORS[name]
            self._add("poison" if text == "poison" else "op", text, match)
        elif name in RELATIONS:
            text = RELATIONS[name]
            self._add("poison" if text == "poison" else "rel", text, match)
        elif name in {"quad", "qquad"}:
            self._add("wall", "gap", match)
        elif name in WALLS:
            self._add("wall", "arrow", match)
        elif name == "pi":
            self._add("sym", "pi", match)
        elif name in {"circ", "degree"}:
            self._add("mark", "degree", match)
        elif name in GREEK:
            self._add("sym", name, match)
        elif name in {"lfloor", "rfloor", "lceil", "rceil"}:
            self._add("open" if name[0] == "l" else "close", name[1:], match)
        elif name in {"lvert", "rvert", "vert", "mid"}:
            self._add("bar", "|", match)
        elif name in PROSE_GROUPS:
            if self.text[match.end() : match.end() + 1] == "{":
                self.prose_depth.append(self.depth)
        elif name in {"boxed", "underline", "mathbf", "displaystyle", "boldsymbol", "fbox"}:
            if self.text[match.end() : match.end() + 1] == "{":
                self.silent.append(self.depth)
        elif name not in IGNORED:
            self._add("poison", name, match)

    def _subscript(self, match: re.Match[str]) -> None:
        if not self.tokens:
            return
        last = self.tokens[-1]
        if last.kind == "sym" and not self.spaced:
            name = last.text + re.sub(r"[\s{}\\]", "", match[0])
            self.tokens[-1] = Token("sym", name, last.start, match.end(), last.spaced)
        elif last.kind not in {"word"}:  # a number in a base, a logarithm's base, a sum
            self._add("poison", match[0], match)

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
            self._add("poison" if quoted else "word", unit, match)

    def _letters(self, match: re.Match[str]) -> None:
        text = match[0]
        low = text.lower()
        after_number = bool(self.tokens) and self.tokens[-1].kind == "num" and not self.spaced
        following = self.text[match.end() : match.end() + 1]
        if self.mathematics and not self.prose_depth:
            if low in {"mod", "bmod"}:
                self._add("poison", low, match)
            elif len(text) == 1:
                self._add("sym", text, match)
            elif text in UNIT_LETTERS or (len(text) > 4 and not text.isupper()):
                self._add("word", low, match)
            elif len(text) == 4:
                self._add("poison", low, match)
            elif text.isupper():  # a segment AB, a triangle ABC
                self._add("sym", text, match)
            else:
                for offset, letter in enumerate(text):
                    at = match.start() + offset
                    self.tokens.append(Token("sym", letter, at, at + 1, self.spaced and not offset))
        elif low in {"x", "X"} and self._between_numbers(match):
            self._add("op", "*", match)
        elif low == "mod":
            self._add("poison", low, match)
        elif text in {"sqrt", "gcd", "lcm"} and following == "(":
            self._add("func", text, match)
        elif low == "pi":
            self._add("sym", "pi", match)
        elif low in {"a", "p"} and self.text[match.end() : match.end() + 3].lower() in {
            ".m.",
            ".m",
        }:
            self._add("poison", "clock", match)
        elif len(text) == 1 and (text not in "aAI" or after_number or self._in_formula(match)):
            self._add("sym", text, match)
        elif after_number and low in {"st", "nd", "rd", "th"}:
            self._add("poison", low, match)
        else:
            self._add("word", low, match)

    def _in_formula(self, match: re.Match[str]) -> bool:
        """Whether a sign of arithmetic follows, so that this letter is no article."""
        return re.match(r"\s*[-=+*/^)<>]", self.text[match.end() : match.end() + 8]) is not None

    def _between_numbers(self, match: re.Match[str]) -> bool:
        """An x between two numbers is a product sign; "5x" and "5x + 3" are not."""
        before = self.tokens[-1] if self.tokens else None
        after = re.match(r"\s*(?:\\?\$)?[-(]?\s*(?:\\?\$)?[\d.(]", self.text[match.end() :])
        if before is None or after is None:
            return False
        attached = before.kind in {"num", "close"} and not self.spaced
        tight = not self.text[match.end()].isspace()
        fits = before.kind in {"num", "close", "mark", "word"}
        return fits and (not attached or (tight and self.text[match.end()].isdigit()))

    def _dots(self, match: re.Match[str]) -> None:
        self._add("poison", "...", match)

    def _arrow(self, match: re.Match[str]) -> None:
        self._add("wall", "arrow", match)

    def _unequal(self, match: re.Match[str]) -> None:
        self._add("rel", "other", match)

    def _congruent(self, match: re.Match[str]) -> None:
        self._add("poison", "mod", match)

    def _equal(self, match: re.Match[str]) -> None:
        self._add("rel", "=", match)

    def _near(self, match: re.Match[str]) -> None:
        self._add("rel", "~", match)

    def _product(self, match: re.Match[str]) -> None:
        # A power in programs, bold type in Markdown.
        around = self.text[match.start() - 1 : match.start()] + self.text[match.end() :][:1]
        if re.fullmatch(r"[\w)]{1}[\d(]", around):
            self._add("op", "^", match)

    def _sign(self, match: re.Match[str]) -> None:
        self._add("op", _SIGNS[match[0]], match)

    def _power(self, match: re.Match[str]) -> None:
        self._add("op", "^", match)
        self._add("num", _POWERS[match[0]], match)

    def _vulgar(self, match: re.Match[str]) -> None:
        top, bottom = _VULGAR[match[0]].split("/")
        self._add("func", "frac", match)
        for number in (top, bottom):
            self._add("open", "{", match)
            self._add("num", number, match)
            self._add("close", "}", match)

    def _root(self, match: re.Match[str]) -> None:
        self._add("func", "sqrt", match)

    def _pi(self, match: re.Match[str]) -> None:
        self._add("sym", "pi", match)

    def _percent(self, match: re.Match[str]) -> None:
        self._add("mark", "%", match)

    def _degree(self, match: re.Match[str]) -> None:
        self._add("mark", "degree", match)

    def _factorial(self, match: re.Match[str]) -> None:
        self._add("mark", "!", match)

    def _bracket(self, match: re.Match[str]) -> None:
        text = match[0][-1]
        if match[0].startswith("\\"):
            self._add("poison", "set", match)
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

    def _bar(self, match: re.Match[str]) -> None:
        self._add("bar", "|", match)

    def _align(self, match: re.Match[str]) -> None:
        pass

    def _stop(self, match: re.Match[str]) -> None:
        tight = self.text[match.end() : match.end() + 1]
        if match[0] == ":":
            digit = bool(self.tokens) and self.tokens[-1].kind in {"num", "sym"}
            if digit and (tight.isdigit() or self.spaced):
                self._add("poison", ":", match)
                return
        self._add("wall", match[0], match)

    def _other(self, match: re.Match[str]) -> None:
        if match[0] in '"”':
            self._mark_behind_number("inches", match)
        elif match[0] not in "“'’‘`#_":
            self._add("poison", match[0], match)


_ANNOTATION = re.compile(r"<<[^<>]*>>")


def tokenize(text: str) -> list[Token]:
    """Tokens of a step, in order; none for a step that is too long.

    GSM8K's calculator annotations `<<48/2=24>>` repeat what the text around them says and go.
    """
    if len(text) > MAX_CHARACTERS:
        return []
    return _Lexer(_ANNOTATION.sub("", text)).run()
