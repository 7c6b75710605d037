"""Programs that differ in one statement: mutants, meant to behave otherwise, and refactorings.

Operators of the mutation-testing literature (arithmetic, comparison, logic, constants, jumps,
deleted statements, swapped arguments, neighbouring functions), on LibCST's syntax tree, which keeps
every character that is not changed. A mutant that is no Python, or has the normal form of the
original or of another mutant, is not given out (`labeler.programs.canonical`).

Not covered: several changes at once, changes that move code between statements, types.
Sources: Ye et al., PRLCoder (arXiv 2502.01715) for mutating and refactoring statements; the
operators are those of mutmut and Cosmic Ray.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from labeler.programs.canonical import canonical_form
from labeler.programs.statements import LINE, Statement, statements

if TYPE_CHECKING:
    import libcst as cst

ARITHMETIC = {
    "Add": "Subtract",
    "Subtract": "Add",
    "Multiply": "Add",
    "Divide": "Multiply",
    "FloorDivide": "Divide",
    "Modulo": "FloorDivide",
    "Power": "Multiply",
    "LeftShift": "RightShift",
    "RightShift": "LeftShift",
    "BitAnd": "BitOr",
    "BitOr": "BitAnd",
    "BitXor": "BitAnd",
}
COMPARISON = {
    "LessThan": ("LessThanEqual", "GreaterThan"),
    "LessThanEqual": ("LessThan", "GreaterThan"),
    "GreaterThan": ("GreaterThanEqual", "LessThan"),
    "GreaterThanEqual": ("GreaterThan", "LessThan"),
    "Equal": ("NotEqual",),
    "NotEqual": ("Equal",),
    "In": ("NotIn",),
    "NotIn": ("In",),
    "Is": ("IsNot",),
    "IsNot": ("Is",),
}
MIRROR = {
    "LessThan": "GreaterThan",
    "GreaterThan": "LessThan",
    "LessThanEqual": "GreaterThanEqual",
    "GreaterThanEqual": "LessThanEqual",
    "Equal": "Equal",
    "NotEqual": "NotEqual",
}
NAMES = {
    **{"True": "False", "False": "True", "min": "max", "max": "min", "any": "all", "all": "any"},
    **{"sum": "max", "sorted": "list", "append": "extend", "floor": "ceil", "ceil": "floor"},
    **{"lower": "upper", "upper": "lower", "find": "rfind", "startswith": "endswith"},
    **{"isupper": "islower", "islower": "isupper", "heappush": "heappop", "keys": "values"},
}


@dataclass(frozen=True, slots=True)
class Variant:
    """A program with one statement changed: which (from 0), its new text, and by what operator."""

    statement: int
    steps: tuple[str, ...]
    operator: str
    change: str
    refactored: bool = False
    """Meant to behave as before."""

    @property
    def text(self) -> str:
        return "".join(self.steps)


def mutants(program: str, start: int = 0) -> list[Variant]:
    """All mutants of the statements from character `start` on, each with another normal form."""
    seen = {canonical_form(program)}
    found = []
    for variant in _variants(program, start, _mutations):
        form = _form(program[:start] + variant.text)
        if form is not None and form not in seen:
            seen.add(form)
            found.append(variant)
    return found


def refactorings(program: str, start: int = 0) -> list[Variant]:
    """Other ways to write one statement, meant to behave alike; they parse, and differ in text."""
    seen = {program[start:]}
    found = []
    for variant in _variants(program, start, _rewritings):
        if variant.text not in seen and _form(program[:start] + variant.text) is not None:
            seen.add(variant.text)
            found.append(variant)
    return found


def _form(program: str) -> str | None:
    try:
        return canonical_form(program)
    except (SyntaxError, ValueError, RecursionError):
        return None


Edit = tuple["cst.CSTNode", str, str]
"""A node, the operator, and the text that takes the node's place."""


def _variants(
    program: str, start: int, edits_of: Callable[[cst.CSTNode], Iterator[Edit]]
) -> Iterator[Variant]:
    """Each edit spliced into the text. Raises `SyntaxError` where the program is no Python."""
    import libcst as cst
    from libcst.metadata import MetadataWrapper, PositionProvider

    try:
        wrapper = MetadataWrapper(cst.parse_module(program), unsafe_skip_copy=True)
    except cst.ParserSyntaxError as error:
        raise SyntaxError(str(error).splitlines()[0])
    positions = wrapper.resolve(PositionProvider)
    offsets = _offsets(wrapper.module.code)
    found = statements(program, start)
    steps = tuple(program[one.start : one.end] for one in found)
    for node in _nodes(wrapper.module):
        for edited, operator, text in edits_of(node):
            position = positions[edited]
            begin = offsets[position.start.line - 1] + position.start.column
            end = offsets[position.end.line - 1] + position.end.column
            index = _holding(found, begin, end)
            if index is None:
                continue
            one = found[index]
            changed = program[one.start : begin] + text + program[end : one.end]
            before = " ".join(program[begin:end].split())
            change = f"`{before[:60]}` became `{' '.join(text.split())[:60]}`"
            new_steps = (*steps[:index], changed, *steps[index + 1 :])
            yield Variant(index, new_steps, operator, change, edits_of is _rewritings)


def _holding(found: list[Statement], begin: int, end: int) -> int | None:
    """The statement whose own text holds the whole place; None if there is none."""
    for index, one in enumerate(found):
        if one.start <= begin and end <= one.end:
            return index
    return None


def _offsets(code: str) -> list[int]:
    return [0, *accumulate(len(line) for line in LINE.findall(code))]


def _nodes(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield node
    for child in node.children:
        yield from _nodes(child)


def _code(node: cst.CSTNode) -> str:
    import libcst as cst

    return cst.Module([]).code_for_node(node)


def _mutations(node: cst.CSTNode) -> Iterator[Edit]:  # noqa: PLR0912 (one case per operator)
    import libcst as cst

    match node:
        case cst.BinaryOperation():
            if other := ARITHMETIC.get(type(node.operator).__name__):
                changed = node.with_changes(operator=getattr(cst, other)())
                yield node, "arithmetic", _code(changed)
        case cst.AugAssign():
            name = type(node.operator).__name__.removesuffix("Assign")
            if other := ARITHMETIC.get(name):
                operator = getattr(cst, f"{other}Assign")()
                yield node, "arithmetic", _code(node.with_changes(operator=operator))
        case cst.Comparison(comparisons=[target]):
            for other in COMPARISON.get(type(target.operator).__name__, ()):
                new = target.with_changes(operator=getattr(cst, other)())
                yield node, "comparison", _code(node.with_changes(comparisons=[new]))
        case cst.BooleanOperation():
            other_operator = cst.Or() if isinstance(node.operator, cst.And) else cst.And()
            yield node, "logic", _code(node.with_changes(operator=other_operator))
        case cst.UnaryOperation(operator=cst.Not()):
            yield node, "logic", f"({_code(node.expression)})"
        case cst.UnaryOperation(operator=cst.Minus()):
            yield node, "arithmetic", f"({_code(node.expression)})"
        case cst.Integer():
            yield node, "constant", str(node.evaluated_value + 1)
            yield node, "constant", f"({node.evaluated_value - 1})"
        case cst.Float():
            yield node, "constant", repr(node.evaluated_value + 1)
        case cst.SimpleString():
            yield node, "constant", '""' if node.evaluated_value else '"mutant"'
        case cst.Name(value=value):
            if value in NAMES:
                yield node, "name", NAMES[value]
        case cst.If(test=test) | cst.While(test=test) | cst.IfExp(test=test):
            yield test, "condition", f"(not ({_code(test)}))"
        case cst.Return(value=cst.BaseExpression() as value):
            yield value, "result", "None"
        case cst.Break():
            yield node, "jump", "continue"
        case cst.Continue():
            yield node, "jump", "break"
        case cst.Call(args=[first, second, *rest]) if not (first.keyword or second.keyword):
            new_first = second.with_changes(comma=first.comma)
            new_second = first.with_changes(comma=second.comma)
            yield node, "arguments", _code(node.with_changes(args=[new_first, new_second, *rest]))
        case cst.Call(func=cst.Name(value="range"), args=[cst.Arg(keyword=None) as only]):
            yield node, "bound", f"range(({_code(only.value)}) - 1)"
        case cst.Slice(lower=cst.BaseExpression() as lower):
            yield lower, "bound", f"({_code(lower)}) + 1"
        case cst.Expr(value=cst.Call()):
            yield node, "deletion", "pass"


def _rewritings(node: cst.CSTNode) -> Iterator[Edit]:
    import libcst as cst

    match node:
        case cst.AugAssign(target=cst.Name() as target):
            name = type(node.operator).__name__.removesuffix("Assign")
            symbol = _code(getattr(cst, name)()).strip()
            value = f"{target.value} {symbol} ({_code(node.value)})"
            yield node, "in full", f"{target.value} = {value}"
        case cst.Comparison(comparisons=[target]):
            if other := MIRROR.get(type(target.operator).__name__):
                symbol = _code(getattr(cst, other)()).strip()
                left, right = _code(node.left), _code(target.comparator)
                yield node, "mirrored", f"(({right}) {symbol} ({left}))"
        case cst.If(test=test) | cst.While(test=test):
            yield test, "twice negated", f"(not (not ({_code(test)})))"
        case cst.Return(value=cst.BaseExpression() as value):
            yield value, "in brackets", f"({_code(value)})"
        case cst.Call(func=cst.Name(value="range"), args=[cst.Arg(keyword=None) as only]):
            yield node, "in full", f"range(0, {_code(only.value)})"
