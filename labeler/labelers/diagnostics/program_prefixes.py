"""A program as it stands after each of its statements, made whole so that a type checker reads it.

What comes later is taken out of the syntax tree; a body left empty becomes `pass`, a `try` left
without handlers gets one. Programs are written anew from the tree, so comments are gone: none can
suppress anything. Earlier statements keep their lines as later ones are added, but for bodies that
fill up.
"""

from __future__ import annotations

import ast

from labeler.programs.statements import parse, statements


def unfinished(program: str, start: int = 0) -> list[str]:
    """The program before any step, then after each statement from character `start` on.

    Raises `SyntaxError`.
    """
    total = len(statements(program))
    steps = len(statements(program, start))
    return [_first(program, total - steps + n) for n in range(steps + 1)]


def _first(program: str, n: int) -> str:
    """The first `n` statements; a new tree each time, for pruning changes it."""
    tree = parse(program)
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    nodes.sort(key=_place)
    kept = set(nodes[:n])
    _prune(tree, kept)
    return ast.unparse(tree) + "\n"


def _place(node: ast.stmt) -> tuple[int, int]:
    """As in `statements`: a decorated one begins with its decorators."""
    lines = [decorator.lineno for decorator in getattr(node, "decorator_list", [])]
    return min([node.lineno, *lines]), node.col_offset


def _prune(node: ast.AST, kept: set[ast.stmt]) -> None:
    for _name, field in ast.iter_fields(node):
        if not isinstance(field, list):
            continue
        if field and isinstance(field[0], ast.stmt):
            field[:] = [inner for inner in field if inner in kept]
        if field and isinstance(field[0], (ast.ExceptHandler, ast.match_case)):
            field[:] = [part for part in field if kept.intersection(part.body)]
        for inner in field:
            if isinstance(inner, (ast.stmt, ast.ExceptHandler, ast.match_case)):
                _prune(inner, kept)
    match node:
        case ast.Try() | ast.TryStar() if not node.handlers and not node.finalbody:
            node.handlers = [_handler(ast.Name("BaseException", ast.Load()))]
        case ast.Match() if not node.cases:
            node.cases = [ast.match_case(ast.MatchAs(), None, [ast.Pass()])]
    if not isinstance(node, ast.Module) and getattr(node, "body", None) == []:
        setattr(node, "body", [ast.Pass()])  # noqa: B010 (every kind of compound statement)


def _handler(kind: ast.expr) -> ast.ExceptHandler:
    return ast.ExceptHandler(kind, None, [ast.Pass()])
