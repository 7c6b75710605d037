"""Expressions that a solution states again: each time they must be the same for all values.

Kinds of claim:
- named: `R = (500 + 20n)(450 - 5n)`, and "expanding gives" `R = 225000 + 4000n - 50n^2`;
- of the problem: "Simplify (10r^3)(4r^6)", and then "the expression becomes" `40r^3`;
- turned round: `42 * 56 = c`, "or" `c = 2336`.

Only where nothing but the rewriting is announced between the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from labeler.checking.claims.chains import Chain
from labeler.checking.claims.context import Context
from labeler.checking.claims.cursor import NoExpression
from labeler.checking.claims.decide import Kind, Link, claim, numeric_link
from labeler.checking.claims.excuses import not_stated
from labeler.checking.claims.expression import Node, Symbol, facts
from labeler.checking.claims.grammar import Parser
from labeler.checking.claims.identities import identical
from labeler.checking.claims.segments import RELATION, formulas
from labeler.checking.claims.tokens import tokenize
from labeler.records import Verdict

MAX_BETWEEN = 250

_REWRITES = re.compile(
    r"\b(?:expand\w*|simplif\w*|combin\w*|distribut\w*|like terms|collect\w*|foil)\b", re.IGNORECASE
)
_CHANGES = re.compile(
    r"\b(?:if|let\b(?!['’]s|\sus\b)|when|case|cases|where|substitut\w*|plug\w*|sett?\w*|differentiat\w*|deriv\w*|"
    r"new|now,|another|other|instead|suppose|assume|since|because|using|mod|modulo|square\w*|divid\w*|"
    r"multiply\w* both|both sides|solv\w*|root|roots|recall|know|given|first|second|not|but|"
    r"however|wait|approx\w*|for)\b|[<>≤≥≈≡]|\\(?:[gl]eq?|approx|equiv)\b",
    re.IGNORECASE,
)
_TURNED = re.compile(
    r"[\s$.,;:\\()\[\]]*(?:so|thus|or|hence|therefore|then|and so|which means|that is)"
    r"[\s,$\\(\[]*(?:that\s+)?[\s$\\(\[]*\Z",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"\A\s*(?:\w+ ){0,2}?(?:simplify|expand|multiply|factor)\b[^$\n]{0,80}(\$\$?|\\\[|\\\()(.+?)"
    r"(\$\$?|\\\]|\\\))",
    re.IGNORECASE | re.DOTALL,
)
_BECOMES = re.compile(
    r"\b(?:the|our|so the|simplified|final|resulting|original|given|whole|entire) expression"
    r"(?: now)? (?:becomes|simplifies to|is now|is equal to|can be (?:re)?written as|is)[:,]?\s*"
    r"(\$\$?|\\\[|\\\()([^=<>≈]{3,200}?)(\$\$?|\\\]|\\\))(?=[\s.,;]|\Z)",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"[.:;]\s|\\\]|\$\$|\n")
_PART = re.compile(
    r"\b(?:numerator|denominator|inside|parenthes\w*|bracket\w*|first|second|third|inner|term|part|"
    r"radical|exponent|left|right|if|let\b(?!['’]s|\sus\b)|where|substitut\w*|not)\b",
    re.IGNORECASE,
)


class Restated:
    """What names stand for, as expressions, and the expression that the problem asks to rewrite."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        self._named: dict[str, tuple[Chain, int]] = {}
        self._turned: dict[str, tuple[Chain, int]] = {}

    def check(self, chain: Chain, at: int, texts: list[str], context: Context) -> Iterator[Link]:
        """What a chain of step `at` states anew; `texts` are the steps up to this one."""
        first = chain.sides[0]
        if not isinstance(first.node, Symbol) or chain.relations[0] != "=":
            self._note_turned(chain, at)
            return
        name = first.node.name
        if (source := self._turned.pop(name, None)) is not None:
            between = _between(source, chain, at, texts)
            if _TURNED.match(between):
                yield from self._number(source[0], chain, context)
        known = self._named.get(name)
        if known is not None and len(chain.sides) == 2 and set(chain.relations) == {"="}:
            between = _between(known, chain, at, texts)
            if len(between) <= MAX_BETWEEN and _REWRITES.search(between):
                yield from _same(known[0], chain, between, context)
        last = chain.sides[-1]
        if set(chain.relations) == {"="} and last.computes and last.facts.names:
            self._named[name] = chain, at
        else:
            self._named.pop(name, None)

    def _note_turned(self, chain: Chain, at: int) -> None:
        source, name = chain.sides[-2:]
        numeric = source.computes and not source.facts.names and not source.units
        if isinstance(name.node, Symbol) and chain.relations == ("=",) and numeric:
            self._turned[name.node.name] = chain, at

    @staticmethod
    def _number(source: Chain, chain: Chain, context: Context) -> Iterator[Link]:
        result = chain.sides[1]
        if len(chain.sides) != 2 or result.node is None or result.facts.names or result.computes:
            return
        link = numeric_link(source.sides[-2], result, "=", context, chain)
        if link.verdict is not Verdict.UNKNOWN:
            yield link._replace(kind=Kind.EQUATION)

    def of_problem(self, step: str, context: Context) -> Iterator[Link]:
        """What the step calls the expression, where the problem asks to rewrite one."""
        if "expression" not in step:
            return
        asked = _asked(self.problem)
        if asked is None:
            return
        for match in _BECOMES.finditer(step):
            sentence = _CLAUSE_END.split(step[max(0, match.start() - 200) : match.start()])[-1]
            node = _read(match[1], match[2], match[3])
            if node is None or _PART.search(sentence) or facts(node).names != facts(asked).names:
                continue
            verdict = identical(asked, node, context)
            if verdict is not Verdict.UNKNOWN:
                shown = "not the expression of the problem" if verdict is Verdict.WRONG else ""
                yield claim(match[0], verdict, Kind.IDENTITY, shown=shown)


def _between(source: tuple[Chain, int], chain: Chain, at: int, texts: list[str]) -> str:
    """The text between two chains; long where they are more than one step apart."""
    before, then = source
    if then == at:
        return texts[-1][before.end : chain.start]
    if then == at - 1:
        return texts[-2][before.end :] + "\n" + texts[-1][: chain.start]
    return " " * (MAX_BETWEEN + 1)


def _same(known: Chain, chain: Chain, between: str, context: Context) -> Iterator[Link]:
    """Whether a name stands for the same expression as before."""
    old, new = known.sides[-1], chain.sides[1]
    if old.node is None or new.node is None or old.facts.names != new.facts.names:
        return
    if old.text == new.text or "abs" in old.facts.operations | new.facts.operations:
        return
    if old.facts.names & {"i", "e"} or old.facts.decimals or new.facts.decimals:
        return
    verdict = identical(old.node, new.node, context)
    if verdict is Verdict.UNKNOWN:
        return
    if verdict is Verdict.WRONG and (_CHANGES.search(between) or not_stated(chain, 0, 1)):
        return
    name = chain.sides[0].text
    text = f"{name} = {old.text}; {name} = {new.text}"
    shown = "not the same" if verdict is Verdict.WRONG else ""
    yield claim(text, verdict, Kind.IDENTITY, shown=shown)


@lru_cache(maxsize=64)
def _asked(problem: str) -> Node | None:
    """The only expression of a problem that asks to rewrite it."""
    match = _ASKED.match(problem)
    if match is None or RELATION.search(problem):
        return None
    if "$" in problem[match.end() :] or "\\[" in problem[match.end() :]:
        return None
    node = _read(match[1], match[2], match[3])
    return node if node is not None and facts(node).names else None


def _read(opening: str, inside: str, closing: str) -> Node | None:
    """The expression that a formula is as a whole; None where it is none."""
    text = f"{opening}{inside.rstrip(' .,;')}{closing}"
    tokens = [t for t in tokenize(text, formulas(text), 0, len(text)) if t.kind != "boundary"]
    try:
        return Parser(tokens).whole()
    except NoExpression:
        return None
