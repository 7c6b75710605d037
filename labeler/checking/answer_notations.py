r"""Answers whose notation alone differs, and notations that must not be read as a product.

- A column or row vector is the tuple of its components: `\begin{pmatrix}1\\2\end{pmatrix}`, (1,2).
- `\pm` inside of a fraction or root stands for both values.
- `f(x)=x^2` and `y=x^2` state one function.
- A list in square brackets (`[1,2,3]`) is that list; of two values it may be an interval.
- A decimal that goes on and repeats (`0.1212...`) is that number; any other is unknown.
- Unknown: capital letters in another order (ABC, CAB: points or digits), unit vectors against
  components (`2\mathbf{i}-\mathbf{j}`), j against anything without it, a letter against a matrix.
Both arguments are normal forms (`answer_text`).
"""

from __future__ import annotations

import re

from labeler.driver.requests import CheckResult
from labeler.records import Verdict

_VECTOR = re.compile(
    r"\\begin ?\{(?P<name>[pb]?matrix|array)\}(?:\{[lcr|]+\})?"
    r"(?P<inside>[^{}]*(?:\{[^{}]*\}[^{}]*)*)\\end ?\{(?P=name)\}"
)
_TUPLE = re.compile(r"\(.*,.*\)", re.DOTALL)
_FUNCTION = re.compile(r"(?P<name>y|[fgh]\([a-z]\))=(?P<value>[^=]+)")
_CAPITALS = re.compile(r"[A-Z]{2,8}")
_UNIT_VECTORS = re.compile(r"\\(?:text|hat|vec|overrightarrow)\{[ijk]\}|\\[ij]math(?![A-Za-z])")
_IMAGINARY_J = re.compile(r"(?<![A-Za-z\\])j(?![A-Za-z])")
_DOTS = r"(?:\.{2,3}|\\[lc]?dots ?)"
_GOES_ON = re.compile(rf"-?[0-9]*\.[0-9]+{_DOTS}")
_REPEATS = re.compile(rf"(?P<fixed>-?[0-9]*\.[0-9]*?)(?P<period>[0-9]{{1,6}}?)(?P=period)+{_DOTS}")


def compare_notations(gold: str, answer: str) -> tuple[str, str] | CheckResult:
    """Both answers in one notation, as they came where there is nothing to change; or a verdict."""
    if _CAPITALS.fullmatch(gold) and _CAPITALS.fullmatch(answer):
        if sorted(gold) == sorted(answer):
            return CheckResult(Verdict.UNKNOWN, "the same letters in another order")
        return CheckResult(Verdict.WRONG, "different letters")
    if why := _ambiguous(gold, answer) or _ambiguous(answer, gold):
        return CheckResult(Verdict.UNKNOWN, why)
    functions = [_FUNCTION.fullmatch(text) for text in (gold, answer)]
    if functions[0] and functions[1]:
        names = {functions[0]["name"], functions[1]["name"]}
        if len(names) == 2 and "y" in names:
            return functions[0]["value"], functions[1]["value"]
    return _like(gold, answer), _like(answer, gold)


def _ambiguous(one: str, other: str) -> str | None:
    """Why `one` cannot be compared with `other`, or None."""
    if _GOES_ON.fullmatch(one) and not _REPEATS.fullmatch(one):
        return "a decimal that goes on, nobody says how"
    if _UNIT_VECTORS.search(one) and (_TUPLE.fullmatch(other) or r"\begin" in other):
        return "unit vectors against components"
    if _IMAGINARY_J.search(one) and not _IMAGINARY_J.search(other):
        return "j may be the imaginary unit"
    if re.fullmatch(r"[A-Z]", one) and r"\begin" in other:
        return "a letter against what it may stand for"
    return None


def _like(one: str, other: str) -> str:
    """`one` in the notation of `other`, or as it came."""
    if one.count(r"\pm") == 1 and one.count("{", 0, one.index(r"\pm")) > one.count(
        "}", 0, one.index(r"\pm")
    ):
        return ",".join(one.replace(r"\pm", sign) for sign in "+-")
    if repeats := _REPEATS.fullmatch(one):
        return rf"{repeats['fixed']}\overline{{{repeats['period']}}}"
    vector = _VECTOR.fullmatch(one)
    if vector is None or not _TUPLE.fullmatch(other):
        return one
    inside = vector["inside"].strip().removesuffix(r"\\")
    components = re.split(r"\\\\|&", inside)
    if len(components) < 2 or (r"\\" in inside and "&" in inside):
        return one
    return f"({','.join(part.strip() for part in components)})"


def enclosing(text: str) -> str:
    """The bracket that a whole answer stands in, "" for none: `(1,2),(3,4)` stands in none."""
    opening = next((sign for sign in ("(", "[", r"\{") if text.startswith(sign)), "")
    closing = {"(": ")", "[": "]", r"\{": r"\}"}.get(opening, "")
    depth = 0
    for at in range(len(text) if opening else 0):
        depth += text.startswith(opening, at) - text.startswith(closing, at)
        if depth == 0 and at >= len(opening) and at < len(text) - len(closing):
            return ""
    return opening


def list_in_brackets(text: str) -> str | None:
    """`1,2,3` of `[1,2,3]`, as a program would write it; None for anything else."""
    found = re.fullmatch(r"\[([^\[\]()]*,[^\[\]()]*)\]", text)
    return found[1] if found else None


def is_plain_list(text: str) -> bool:
    r"""Whether values stand side by side or as a set: `1,2`, `\{1,2\}`."""
    return "," in text and re.fullmatch(r"(?:\\\{)?[^\[\]()<>]*?(?:\\\})?", text) is not None
