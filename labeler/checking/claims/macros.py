"""What signs and the macros of LaTeX are; a macro not here sets type, or is unsupported."""

from __future__ import annotations

from labeler.checking.claims.token import Kind
from labeler.checking.claims.vocabulary import BOUNDARIES, FUNCTIONS, GREEK, OPERATORS, RELATIONS


def _table() -> dict[str, tuple[Kind, str]]:
    """What a macro of LaTeX is; what is not here sets type, or is unsupported."""
    table: dict[str, tuple[Kind, str]] = {name: ("sym", name) for name in GREEK}
    table |= dict.fromkeys(BOUNDARIES, ("boundary", "arrow"))
    table |= {name: ("func", name) for name in FUNCTIONS}
    table |= dict.fromkeys(("frac", "dfrac", "tfrac", "cfrac"), ("func", "frac"))
    table |= dict.fromkeys(("binom", "dbinom", "tbinom"), ("func", "binom"))
    table |= dict.fromkeys(("quad", "qquad"), ("boundary", "gap"))
    table |= dict.fromkeys(("circ", "degree"), ("mark", "degree"))
    table |= dict.fromkeys(("lvert", "rvert", "vert", "mid"), ("bar", "|"))
    table |= {name: ("open", name[1:]) for name in ("lfloor", "lceil")}
    table |= {name: ("close", name[1:]) for name in ("rfloor", "rceil")}
    table["pi"] = ("sym", "pi")
    for name, text in OPERATORS.items():
        table[name] = ("unsupported" if text == "unsupported" else "op", text)
    for name, text in RELATIONS.items():
        table[name] = ("unsupported" if text == "unsupported" else "rel", text)
    return table


MACROS = _table()

SIGNS = {
    "×": "*", "·": "*", "∗": "*", "⋅": "*", "•": "*", "*": "*", "÷": "/", "/": "/", "∕": "/",
    "⁄": "/", "+": "+", "±": "±", "-": "-", "−": "-", "–": "-", "^": "^",
}  # fmt: skip
POWERS = {
    "²": "2", "³": "3", "⁴": "4", "¹": "1", "⁵": "5", "⁶": "6", "⁷": "7", "⁸": "8", "⁹": "9",
    "⁰": "0",
}  # fmt: skip
VULGAR = {"½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3", "⅛": "1/8"}
