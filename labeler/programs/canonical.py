"""A canonical form: two programs with the same one behave alike, so a mutant that has it is none.

Taken away: comments, layout, docstrings, `pass` beside other statements, the names of a function's
own variables, the side on which a comparison stands (`a > b` is `b < a`), `not a == b` against
`a != b`, double negation, `x += 1` against `x = x + 1` for plain names, `-(1)` against `-1`, adding
zero or multiplying by one. Programs with different canonical forms may still behave alike: that is
undecidable, and is why a mutant that survives its tests is never called right.
"""

from __future__ import annotations

import ast

from labeler.programs.statements import parse

MIRRORED: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Gt: ast.Lt, ast.GtE: ast.LtE}
NEGATED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
SYMMETRIC = (ast.Eq, ast.NotEq)


def canonical_form(source: str) -> str:
    """The canonical form as text. Raises `SyntaxError`."""
    return ast.dump(_Canonicalizer().visit(parse(source)), annotate_fields=False)


class _Canonicalizer(ast.NodeTransformer):
    """Rewrites from the leaves up."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        names = {name: f"local{i}" for i, name in enumerate(_own_names(node))}
        renamed: ast.AST = _Renaming(names).visit(node)
        return renamed

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if len(node.ops) != 1:
            return node
        left, operator, right = node.left, node.ops[0], node.comparators[0]
        mirrored = MIRRORED.get(type(operator))
        if mirrored:
            return ast.Compare(right, [mirrored()], [left])
        if isinstance(operator, SYMMETRIC) and ast.dump(left) > ast.dump(right):
            return ast.Compare(right, [operator], [left])
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        inner = node.operand
        if isinstance(node.op, ast.Not) and isinstance(inner, ast.Compare) and len(inner.ops) == 1:
            negated = NEGATED.get(type(inner.ops[0]))
            if negated:
                return ast.Compare(inner.left, [negated()], inner.comparators)
        if isinstance(inner, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return inner.operand if isinstance(inner.op, ast.USub) else node
        if isinstance(inner, ast.Constant) and type(inner.value) in (int, float):
            if isinstance(node.op, ast.USub):
                return ast.Constant(-inner.value)  # type: ignore[operator]
            if isinstance(node.op, ast.UAdd):
                return inner
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.target, ast.Name):
            return node
        value = ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value)
        return ast.Assign([node.target], self.visit_BinOp(value))

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        match node.op, node.right:
            case (ast.Add() | ast.Sub(), ast.Constant(value=0)):
                return node.left
            case (ast.Mult() | ast.Pow(), ast.Constant(value=1)):
                return node.left
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        body = getattr(node, "body", None)
        if isinstance(body, list) and len(body) > 1:
            node.body = [one for one in body if not _says_nothing(one)] or body[:1]  # type: ignore[attr-defined]
        return node


def _says_nothing(node: ast.AST) -> bool:
    constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return constant or isinstance(node, ast.Pass)


def _own_names(node: ast.FunctionDef) -> list[str]:
    """Variables of a function that nobody outside can name, in the order of the text."""
    shared: set[str] = set()
    arguments = node.args
    for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
        shared.add(argument.arg)
    names: dict[str, None] = {}
    for inner in ast.walk(node):
        if isinstance(inner, (ast.Global, ast.Nonlocal)):
            shared.update(inner.names)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            names[inner.id] = None
    return [name for name in names if name not in shared]


class _Renaming(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self._names.get(node.id, node.id), node.ctx)
