"""Values of functions that the problem or a step defines: `f(x) = x^2 + 1`, then `f(3) = 9`.

A definition is a rule for all values of its arguments: not one by cases, by recursion, or on a
condition. A function that gets a second rule has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from labeler.checking.claims.chains import Chain
from labeler.checking.claims.context import Context
from labeler.checking.claims.decide import Kind, Link, numeric_link
from labeler.checking.claims.expression import (
    Either,
    Node,
    Operation,
    Symbol,
    facts,
    has_operation,
)
from labeler.checking.claims.sides import Side
from labeler.records import Verdict

MAX_NESTING = 8

_CONDITIONAL = re.compile(
    r"\b(?:if|when|cases?|otherwise|suppos\w+|assum\w+|try|where|mod|except|piecewise|interval|inverse|recur\w+|guess|"
    r"for all|such that|satisf\w+|polynomial such)\b|\\begin\{|\\le|\\ge|[<>≤≥]",
    re.IGNORECASE,
)


class Definitions:
    """What functions are so far: arguments and rule, None where there is more than one."""

    def __init__(self) -> None:
        self.rules: dict[str, tuple[tuple[str, ...], Node] | None] = {}

    def note(self, chain: Chain) -> None:
        """Learns the rule that a chain gives."""
        call = chain.sides[0].node
        if not is_call(call) or chain.relations[0] != "=":
            return
        assert isinstance(call, Operation)
        names = tuple(part.name for part in call.parts if isinstance(part, Symbol))
        if len(names) != len(call.parts):
            return
        body = chain.sides[1]
        rule = None
        if body.node is not None and body.facts.names and body.facts.names <= set(names):
            calls = any(op[-1] == ")" for op in body.facts.operations)
            if not calls and not _CONDITIONAL.search(chain.sentence):
                rule = names, body.node
        if call.name not in self.rules:
            self.rules[call.name] = rule
        elif rule is None or self.rules[call.name] != rule:
            self.rules[call.name] = None

    def check(self, chain: Chain, context: Context) -> Iterator[Link]:
        """Links between a value of a known function and the number given for it."""
        for left, right, relation in zip(
            chain.sides, chain.sides[1:], chain.relations, strict=False
        ):
            if relation != "=" or left.node is None or right.node is None:
                continue
            if left.facts.names or right.facts.names or not is_call(left.node):
                continue
            filled = self._filled(left.node, 0)
            if filled is None or any(op[-1] == ")" for op in right.facts.operations):
                continue
            side = _side(left, filled)
            link = numeric_link(side, right, relation, context, chain)
            if link.verdict is not Verdict.UNKNOWN:
                yield link._replace(left=left, kind=Kind.FUNCTION)

    def _filled(self, node: Node, depth: int) -> Node | None:
        """The expression with the rules put in for calls; None where one has none."""
        if depth > MAX_NESTING:
            return None
        if isinstance(node, Either):
            one, two = (self._filled(part, depth + 1) for part in node.readings)
            return None if one is None or two is None else Either(node.kind, (one, two))
        if not isinstance(node, Operation):
            return node
        parts = [self._filled(part, depth + 1) for part in node.parts]
        known = tuple(part for part in parts if part is not None)
        if len(known) != len(parts):
            return None
        if not is_call(node):
            return Operation(node.name, known)
        rule = self.rules.get(node.name)
        if rule is None or len(rule[0]) != len(known):
            return None
        return put(rule[1], dict(zip(rule[0], known, strict=True)))


def is_call(node: Node | None) -> bool:
    """Whether a tree is `f(...)` as a whole."""
    return isinstance(node, Operation) and node.name[-1] == ")"


def put(node: Node, values: dict[str, Node]) -> Node:
    """The tree with others in the places of symbols."""
    if isinstance(node, Symbol):
        return values.get(node.name, node)
    if isinstance(node, Operation):
        return Operation(node.name, tuple(put(part, values) for part in node.parts))
    if isinstance(node, Either):
        first, second = node.readings
        return Either(node.kind, (put(first, values), put(second, values)))
    return node


def _side(side: Side, node: Node) -> Side:
    return side._replace(
        node=node,
        facts=facts(node),
        computes=has_operation(node),
        units=frozenset(),
        has_lead_in=False,
    )
