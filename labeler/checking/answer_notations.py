r"""Answers whose notation alone differs, and notations that must not be read as a product.

- A column or row vector is the tuple of its components: `\begin{pmatrix}1\\2\end{pmatrix}`, (1,2).
- `\pm` inside of a fraction or root stands for both values.
- `f(x)=x^2`, `f(t)=t^2` and `y=x^2` state one function.
- A list in square brackets (`[1,2,3]`) is that list; of two values it may be an interval.
- Rows in square brackets, as a program writes them, are the matrix; `(1,2)^T` is the column.
- `2k\pi` and `2n\pi` differ in the name of an integer; without a period it is unknown.
- `4 \pmod 7` is the residue 4; another number of its class is unknown.
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
_FUNCTION = re.compile(r"(?P<name>y|[a-zA-Z]\((?P<of>[a-z])\))=(?P<value>[^=]+)")
_ROWS = re.compile(r"\[\[[^\[\]()]+\](?:, ?\[[^\[\]()]+\])*\]")
_TRANSPOSED = re.compile(r"(\([^()]+,[^()]+\))\^\{?(?:T|t|\\top|\\intercal|\\text\{T\})\}?")
_INTEGER_NAMES = re.compile(r"(?<![A-Za-z\\])[kmn](?![A-Za-z])")
_RESIDUE = re.compile(
    r"(?:[A-Za-z](?:_\{?[0-9a-z]\}?)? ?\\equiv ?)?(?P<value>-?[0-9]{1,12})"
    r"\\pmod\{(?P<by>[0-9]{1,9})\}"
)
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
        of, other = functions[0]["of"], functions[1]["of"]
        if len(names) == 2 and functions[0]["name"][0] == functions[1]["name"][0]:
            renamed = _renamed(functions[1]["value"], other, of)
            return (functions[0]["value"], renamed) if renamed else (gold, answer)
    if (by_residue := _compare_residues(gold, answer)) is not None:
        return by_residue
    if renamed := _with_integer_of(gold, answer):
        if r"\pi" in gold or r"^\circ" in gold:
            return gold, renamed
        return CheckResult(Verdict.UNKNOWN, "two names that may stand for one integer")
    return _like(gold, answer), _like(answer, gold)


def _renamed(text: str, old: str, new: str) -> str | None:
    """A formula with another name for its variable; None where that name has a meaning in it."""
    if re.search(rf"(?<![A-Za-z\\]){new}(?![A-Za-z])", text):
        return None
    return re.sub(rf"(?<![A-Za-z\\]){old}(?![A-Za-z])", new, text)


def _with_integer_of(gold: str, answer: str) -> str | None:
    """The answer with the gold answer's name for an integer (k, m, n), where each has one only."""
    one, other = set(_INTEGER_NAMES.findall(gold)), set(_INTEGER_NAMES.findall(answer))
    if len(one) != 1 or len(other) != 1 or one == other:
        return None
    return _renamed(answer, other.pop(), one.pop())


def _compare_residues(gold: str, answer: str) -> CheckResult | None:
    """Where one answer at least is a number modulo another."""
    residues = [_RESIDUE.fullmatch(text) for text in (gold, answer)]
    if not any(residues):
        return None
    values, moduli = [], []
    for text, residue in zip((gold, answer), residues, strict=True):
        plain = residue["value"] if residue else text
        if not re.fullmatch(r"-?[0-9]{1,12}", plain):
            return CheckResult(Verdict.UNKNOWN, "a residue against something else")
        values.append(int(plain))
        moduli += [int(residue["by"])] if residue else []
    if len(set(moduli)) > 1:
        return CheckResult(Verdict.UNKNOWN, "residues of different moduli")
    if len(moduli) == 2:
        congruent = moduli[0] > 0 and (values[0] - values[1]) % moduli[0] == 0
        if congruent:
            return CheckResult(Verdict.CORRECT)
        return CheckResult(Verdict.WRONG, "different residues")
    if values[0] == values[1]:
        if residues[1]:
            return CheckResult(Verdict.CORRECT)
        return CheckResult(Verdict.UNKNOWN, "one number of a class of residues")
    if moduli[0] > 0 and (values[0] - values[1]) % moduli[0] == 0:
        return CheckResult(Verdict.UNKNOWN, "a residue, or a number of its class")
    return CheckResult(Verdict.WRONG, "different residues")


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
    if _ROWS.fullmatch(one) and r"\begin" in other:
        rows = r"\\".join(row.replace(",", "&") for row in re.split(r"\], ?\[", one[2:-2]))
        return rf"\begin{{pmatrix}}{rows}\end{{pmatrix}}"
    if (row := _TRANSPOSED.fullmatch(one)) and r"\begin" in other:
        return row[1]
    vector = _VECTOR.fullmatch(one)
    if vector is None or not (_TUPLE.fullmatch(other) or _TRANSPOSED.fullmatch(other)):
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
