"""What a text is cut into before it is known where each piece stands, and what that tells."""

from __future__ import annotations

import re
from functools import lru_cache

from labeler.checking.claims.macros import MACROS, SIGNS
from labeler.checking.claims.token import Kind
from labeler.checking.claims.vocabulary import IGNORED, PROSE_GROUPS

LEXER = re.compile(
    r"""
    (?P<letters>[^\W\d_π²³¹⁰⁴-⁹½¼¾⅓⅔⅛]+(?:['’][^\W\d_²³¹⁰⁴-⁹]+)*)
  | (?P<blank>[ \t]+)
  | (?P<number>(?:\d{1,3}(?:(?:,|\{,\}|,\\!|\\,)\d{3})+(?![\d])|\d+)(?:\.\d+)?|\.\d+)
  | (?P<simple>[+±/^×·÷∗⋅•∕⁄−–()\[\]%]|=(?![=>])|-(?!-?>)|\*(?!\*))
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
    """,
    re.VERBOSE | re.DOTALL,
)
PIECES = re.compile(re.sub(r"\(\?P<[a-z]+>", "(?:", LEXER.pattern), LEXER.flags)
"""The same without names: what a text is cut into comes as a list of strings at once."""
BLANK, FIXED, LETTERS, PLAIN_NUMBER, BRACE, ROW, HANDLED, DROPPED = range(8)
"""What a piece is, as far as it tells by itself: nothing, the same token wherever it stands,
letters, a number without a point, a brace, the end of a row, what its surroundings explain, a sign
of layout."""
BOLD = frozenset({"mathbf", "vec", "boldsymbol", "bm", "overrightarrow"})
SILENT = frozenset({"boxed", "underline", "mathbf", "displaystyle", "boldsymbol", "fbox"})
FIXED_TOKENS: dict[str, tuple[Kind, str]] = {
    "equal": ("rel", "="), "money": ("mark", "$"), "percent": ("mark", "%"), "bar": ("bar", "|"),
    "row": ("boundary", "row"), "repeating": ("unsupported", "repeating"), "near": ("rel", "~"),
    "dots": ("unsupported", "..."), "arrow": ("boundary", "arrow"), "root": ("func", "sqrt"),
    "congruent": ("unsupported", "mod"), "pi": ("sym", "pi"), "degree": ("mark", "degree"),
    "factorial": ("mark", "!"),
}  # fmt: skip
"""Tokens that mean the same wherever they stand."""
UNEQUAL = {"≠": "!=", "≤": "<=", "≥": ">="}
_SIMPLE_SIGNS: dict[str, tuple[Kind, str]] = {
    **{sign: ("op", text) for sign, text in SIGNS.items()},
    **dict.fromkeys("([", ("open", "")), **dict.fromkeys(")]", ("close", "")),
    "=": ("rel", "="), "%": ("mark", "%"),
}  # fmt: skip
_SIMPLE_SIGNS |= {s: (kind, text or s) for s, (kind, text) in _SIMPLE_SIGNS.items()}
SPECIAL = frozenset({"mod", "pi", "sqrt", "gcd", "lcm"})


@lru_cache(maxsize=8_192)
def known_piece(piece: str) -> tuple[int, Kind, str]:
    """What a piece is, and the token that it makes where that does not depend on its place.

    Kept, for most of all texts are a few thousand pieces.
    """
    match = LEXER.match(piece)
    name = (
        match.lastgroup if match and match.end() == len(piece) else "unequal"
    )  # != behind a blank
    match name:
        case "blank" | "space":
            return BLANK, "end", ""
        case "letters":
            low = piece.lower()
            plain = len(piece) > 1 and low not in SPECIAL
            return LETTERS, "word" if plain else "sym", low
        case "number" if piece.isdecimal() and piece[0] != "0":
            return PLAIN_NUMBER, "num", piece
        case "simple":
            return (FIXED, *_SIMPLE_SIGNS[piece])
        case "row":
            return ROW, "boundary", "row"
        case "bracket" if piece in "{}":
            return BRACE, "open" if piece == "{" else "close", piece
        case "stop" if piece != ":":
            return FIXED, "boundary", piece
        case "macro" if (known := MACROS.get(piece[1:])) is not None:
            return (FIXED, *known)
        case "macro" if piece[1:] in IGNORED - PROSE_GROUPS - BOLD - SILENT:
            return DROPPED, "end", ""
        case "align":
            return DROPPED, "end", ""
        case None | str():
            fixed = FIXED_TOKENS.get(name or "")
            return (FIXED, *fixed) if fixed else (HANDLED, "end", name or "other")
