"""Finds chains of equations in a step: `total = 3 * 4 + 2 = 12 + 2 = 14 apples`.

A chain is a run of sides joined by relation signs that nothing interrupts: no end of a sentence, no
line that does not go on. Where prose touches a side (`she pays 3 + 4 = 7 dollars and ...`) the
expression is cut off at the words, but only if no operator ties it to what is cut off; a side that
may be a torn-off piece of something longer has no expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from labeler.checking.claims.cursor import NoExpression
from labeler.checking.claims.expression import Either, Facts, Node, Operation, Symbol, facts
from labeler.checking.claims.expression import has_operation as computes
from labeler.checking.claims.grammar import MAX_DIGITS, Parser
from labeler.checking.claims.layout import runs
from labeler.checking.claims.notations import without_notations
from labeler.checking.claims.products import literal
from labeler.checking.claims.segments import RELATION, clauses, formulas
from labeler.checking.claims.tokens import MAX_CHARACTERS, Token, tokenize
from labeler.checking.claims.vocabulary import (
    CLAUSE_WORDS,
    LEADING_WORDS,
    NUMBER_WORDS,
    OPERATION_WORDS,
    SENTENCE_WORDS,
    TYING_WORDS,
)

_SENTENCE_END = re.compile(r"[.!](?=\s)|\?|\n\n|\Z")
BEHIND = 120
CACHED = 256
MAX_CLAUSE = 4_000
MAX_READ = 6_000
"""Characters of one clause, and of the clauses of one step, that are read."""
MAX_CHAINS = 150
"""Of one step; the rest is not read."""
REACH = 400
"""Characters before and behind a chain that count as its sentence, at most."""

_LISTED = re.compile(r"(?:\\[lc]?dots|\.\.\.|…)\s*(?:,|and)\s*\$?\s*\Z")
"""The end of a list such as `45, 90, ..., 990 = 1 * 45, 2 * 45`."""


NO_FACTS = Facts(frozenset(), frozenset(), frozenset(), ())


class Side(NamedTuple):
    """One side; `node` is None where it is prose, torn off or beyond the grammar.

    `has_lead_in`: words lead up to it. `name`: its words, where it is nothing but words or one
    symbol. `units`: words behind values. `facts` of the node; `computes`: it is more than a
    literal. `start`: where it begins in the text. `apart`: a number and, behind a space, a symbol,
    which may begin the next statement.
    """

    text: str
    node: Node | None
    units: frozenset[str] = frozenset()
    name: str = ""
    has_lead_in: bool = False
    facts: Facts = NO_FACTS
    computes: bool = False
    apart: bool = False
    start: int = -1


class Chain(NamedTuple):
    """`relations[i]` (`=`, `~`, an inequality's sign or "other") stands between sides i and i + 1.

    `start` and `end` are places in the text; `before` is the text since the last chain, up to the
    first side's expression,
    `behind` what follows it, into the next sentence. `asked`: a question ends on the chain's line.
    """

    sides: tuple[Side, ...]
    relations: tuple[str, ...]
    start: int
    end: int
    before: str = ""
    behind: str = ""
    sentence: str = ""
    asked: bool = False

    def __str__(self) -> str:
        signs = {"~": "≈", "other": "?"}
        rest = zip(self.relations, self.sides[1:], strict=True)
        return self.sides[0].text + "".join(f" {signs.get(r, r)} {s.text}" for r, s in rest)


_ANNOTATION = re.compile(r"<<[^<>]{0,200}>>")


def without_annotations(text: str) -> str:
    """GSM8K's calculator annotations `<<48/2=24>>` repeat what the text around them says and go."""
    return _ANNOTATION.sub("", text) if "<<" in text else text


@lru_cache(maxsize=CACHED)
def find_chains(text: str) -> tuple[Chain, ...]:
    """All chains of a step, in order of their place; none of a step that is too long.

    The last few are kept: samples of one problem share it, and often their first steps.
    """
    if len(text) > MAX_CHARACTERS or not RELATION.search(text):
        return ()
    known = formulas(text)
    found: list[Chain] = []
    read = 0
    for start, end in clauses(text, known.spans):
        if end - start > MAX_CLAUSE or read > MAX_READ:
            continue
        read += end - start
        tokens = without_notations(tokenize(text, known, start, end))
        for run in runs(tokens):
            found += _chains(run, text)
    found.sort(key=lambda chain: chain.start)
    return tuple(_placed(found, text))


def _placed(found: list[Chain], text: str) -> Iterator[Chain]:
    """The chains with the text around them."""
    last, begin_of, end_of = 0, -1, -1
    for chain in found[:MAX_CHAINS]:
        if _LISTED.search(text, max(0, chain.start - 20), chain.start):
            continue
        if not begin_of <= chain.start < chain.end <= end_of:
            begin_of, end_of = _sentence_start(text, chain.start), _sentence_end(text, chain.end)
        sentence = text[begin_of:end_of]
        asked = sentence.endswith("?") and "\n" not in text[chain.end : end_of]
        begin = max(chain.start, chain.sides[0].start)  # behind the words that lead up to it
        before = text[max(last, begin - REACH) : begin]
        behind = text[chain.end : chain.end + BEHIND]
        yield Chain(
            chain.sides, chain.relations, chain.start, chain.end, before, behind, sentence, asked
        )
        last = max(last, chain.end)


def goes_on(before: Chain, after: Chain) -> Chain:
    """A chain that begins with its sign, with the last side of the one before it in front."""
    return after._replace(sides=(before.sides[-1], *after.sides[1:]))


def _sentence_start(text: str, at: int) -> int:
    ends = [text.rfind(mark, max(0, at - REACH), at) for mark in (". ", ".\n", "\n\n", "? ", "! ")]
    return max(ends) + 1 if max(ends) >= 0 else max(0, at - REACH)


def _sentence_end(text: str, at: int) -> int:
    match = _SENTENCE_END.search(text, at, at + REACH)
    return match.end() if match else min(len(text), at + REACH)


def _chains(run: Sequence[Token], text: str) -> Iterator[Chain]:
    """Cuts a run at its relations, and where prose stands between two of them."""
    pieces: list[list[Token]] = [[]]
    relations: list[str] = []
    depth, has_modulus = 0, False
    for token in run:
        kind = token.kind
        if kind == "rel" and depth <= 0:
            relations.append(token.text)
            pieces.append([])
            continue
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
        elif kind == "unsupported" and token.text in _MODULI:
            has_modulus = True
        pieces[-1].append(token)
    if not relations or has_modulus:
        return
    sides = [_first_side(pieces[0], text)]
    joined: list[str] = []
    begin = pieces[0][0].start if pieces[0] else run[0].start
    for relation, piece, is_last in zip(
        relations, pieces[1:], [False] * (len(relations) - 1) + [True], strict=True
    ):
        joined.append(relation)
        cut = _prose_begin(piece)
        if cut is None and not is_last:
            sides.append(_side(piece, text))
            continue
        side, end = _last_side(piece, cut, text)
        sides.append(side)
        yield Chain(tuple(sides), tuple(joined), begin, end)
        rest = piece if cut is None else piece[cut:]
        sides, joined = [_first_side(rest, text)], []
        begin = rest[0].start if rest else end


_MODULI = frozenset({"mod", "bmod", "pmod", "pod"})


def _prose_begin(piece: Sequence[Token]) -> int | None:
    """Where words begin that stand between two values, as in `12 apples and 3 pears`."""
    depth = 0
    for index, token in enumerate(piece):
        kind = token.kind
        if kind != "word":
            depth += (kind == "open") - (kind == "close")
            continue
        if depth > 0 or index == 0:
            continue
        if piece[index - 1].kind == "word" or token.text in {"times", "of", "percent"}:
            continue
        if piece[index - 1].kind == "op":
            continue
        end = _words_end(piece, index)
        if end < len(piece) and piece[end].kind in {"num", "sym", "func", "open", "mark", "bar"}:
            if _is_aside(piece, end):
                continue
            return index
    return None


def _words_end(piece: Sequence[Token], index: int) -> int:
    while index < len(piece) and piece[index].kind == "word":
        index += 1
    return index


def _is_aside(piece: Sequence[Token], index: int) -> bool:
    """Whether a bracket with nothing but words opens here."""
    if piece[index].kind != "open":
        return False
    end = _words_end(piece, index + 1)
    return end > index + 1 and end < len(piece) and piece[end].kind == "close"


def _last_side(piece: Sequence[Token], cut: int | None, text: str) -> tuple[Side, int]:
    """The last side, and where it ends: before the words that follow its value."""
    kept = piece if cut is None else piece[:cut]
    if cut is not None:
        word = piece[cut].text
        half = word == "and" and cut + 1 < len(piece) and piece[cut + 1].kind == "num"  # 3 and 1/2
        if half or (word in NUMBER_WORDS and word not in SENTENCE_WORDS):
            return Side(_slice(piece, text), None), piece[-1].end
    else:
        kept = _without_tail(piece)
    if not kept:
        return Side("", None), piece[-1].end if piece else 0
    return _side(kept, text), kept[-1].end


def _without_tail(piece: Sequence[Token]) -> Sequence[Token]:
    """Drops trailing words from the first that links to something else: `= 7 if he ...`."""
    depth = 0
    for index, token in enumerate(piece):
        depth += (token.kind == "open") - (token.kind == "close")
        if depth == 0 and token.kind == "word" and index and token.text in SENTENCE_WORDS:
            rest = piece[index:]
            if all(t.kind in {"word", "mark"} for t in rest) and rest[0].text != "and":
                return piece[:index]
            if all(t.kind == "word" for t in rest) and not any(
                t.text in {"half", "quarter", "third"} for t in rest
            ):
                return piece[:index]
    return piece


def _first_side(piece: Sequence[Token], text: str) -> Side:
    """The first side: what comes after the words that lead up to it."""
    if len(piece) > 1 and piece[0].text == "bullet" and piece[1].kind == "word":
        piece = piece[1:]
    if [t.kind for t in piece[:3]] == ["open", "num", "close"] and len(piece) > 3:
        tight = len(piece) > 4 and not piece[4].spaced
        minus = piece[3].text == "-" and tight
        if piece[3].spaced and (piece[3].kind == "open" or minus):
            # "(2) (3 + 4)", "(2) -3": an item of a list, or a product and a difference?
            return Side(_slice(piece, text), None)
        if piece[3].kind in {"num", "word"}:
            piece = piece[3:]
    if all(t.kind == "word" for t in piece):
        return Side(_slice(piece, text), None, name=_name(piece))
    begin, torn = _expression_begin(piece)
    kept = piece[begin:]
    if not kept:
        return Side(_slice(piece, text), None, name=_name(piece))
    if torn:
        return Side(_slice(piece, text), None)
    side = _side(kept, text)
    if side.node is None:
        return side._replace(name=_name(piece))
    return side._replace(has_lead_in=True) if begin else side


def _name(piece: Sequence[Token]) -> str:
    words = [t.text for t in piece if t.kind not in {"mark", "boundary"}]
    if any(t.kind not in {"word", "sym", "mark", "boundary", "open", "close"} for t in piece):
        return ""
    while words and words[0] in LEADING_WORDS:
        words = words[1:]
    return " ".join(words) if len(words) <= 12 else ""


def _expression_begin(piece: Sequence[Token]) -> tuple[int, bool]:
    """Where the expression of a first side begins, and whether it was torn off from before."""
    begin, index = 0, 0
    torn = taken = False
    if piece and piece[0].kind == "boundary":  # behind a bracket that was taken out
        begin = index = 1
        torn = len(piece) > 1 and piece[1].kind not in {"word"}
    while index < len(piece):
        token = piece[index]
        if token.kind == "open":
            index = _group_end(piece, index)
            continue
        if token.kind != "word":
            index += 1
            continue
        end = _words_end(piece, index)
        before = piece[index - 1] if index > begin else None
        after = piece[end] if end < len(piece) else None
        if after is not None and _is_aside(piece, end):
            end = _group_end(piece, end)
            after = piece[end] if end < len(piece) else None
        if before is not None and before.kind == "op":
            unit = before.text in "/-" and not (before.spaced or token.spaced)
            torn = torn or not (unit or (before.text == "/" and piece[index - 2].kind == "word"))
            if after is not None and after.kind in {"num", "open", "sym", "func", "mark", "bar"}:
                begin, torn = end, True
        elif before is not None and token.text in {"times", "of", "percent"} and end == index + 1:
            pass
        elif after is None or after.kind == "op":
            if before is None:  # words, then an operator or nothing
                torn = torn or (after is not None and not _is_negative(piece, end))
                taken = _takes_in(piece, index, end)
                begin = end
        elif before is None or after.kind != "close":
            if before is not None and any(t.text in CLAUSE_WORDS for t in piece[index:end]):
                torn = taken = False  # "dividing by 2 we get u": a statement begins anew
            tied = any(t.kind == "op" for t in piece[begin:index])
            torn = torn or tied or piece[end - 1].text in TYING_WORDS
            if piece[end - 1].text == "of" and end - 2 >= index:
                torn = torn or piece[end - 2].text in NUMBER_WORDS
            taken = _takes_in(piece, index, end)
            if not after.spaced and after.kind == "open":
                torn = True  # cost(3)
            begin = end
        index = end
    return begin, torn or taken


def _takes_in(piece: Sequence[Token], index: int, end: int) -> bool:
    """Whether words make what follows part of something: `the root of 9`, `3 to the 2`."""
    words = [t.text for t in piece[index:end]]
    last = words[-1]
    if last == "of" and len(words) > 1:
        # "an average of 8 / 2" has taken it already
        by_name = words[-3:-1] == ["absolute", "value"] or words[-2] in OPERATION_WORDS
        if by_name and not {"a", "an"} & set(words[-3:-2]):
            return True
    if index == 0 or piece[index - 1].kind != "num":
        return False
    if words[-2:] == ["to", "the"] or (last in {"to", "from", "into"} and len(words) <= 2):
        return not any(t.text == "from" for t in piece[:index])  # from 4 to 4 * 2 = 8
    if last == "as":
        return words[0] == "times"
    return words == ["and"] or (last == "of" and len(words) == 2)


def _is_negative(piece: Sequence[Token], index: int) -> bool:
    """Whether a minus belongs to the number behind it: `then -1 + 3`, not `price - 1`."""
    sign = piece[index]
    tight = index + 1 < len(piece) and not piece[index + 1].spaced
    return sign.text == "-" and sign.spaced and tight


def _group_end(piece: Sequence[Token], index: int) -> int:
    depth = 0
    while index < len(piece):
        depth += (piece[index].kind == "open") - (piece[index].kind == "close")
        index += 1
        if depth <= 0:
            break
    return index


def _side(piece: Sequence[Token], text: str) -> Side:
    if len(piece) == 1 and piece[0].kind in {"num", "sym"}:
        return _single(piece[0], text)
    source = _slice(piece, text)
    bullet = bool(piece) and piece[0].kind == "mark" and piece[0].text == "bullet"
    tokens = piece[1:] if bullet else piece
    if tokens and tokens[0].kind == "op" and tokens[0].text in "*/+":
        return Side(source, None)
    parser = Parser(tokens)
    try:
        node = parser.whole()
        if bullet:
            minus = piece[0]._replace(kind="op", text="-")
            node = Either("bullet", (node, Parser([minus, *tokens]).whole()))
    except NoExpression:
        name = _name(piece)
        return Side(source, None, name=name)
    name = ""
    if not isinstance(node, Operation):
        name = _name(piece)
    elif node.name[-1] == ")":  # f(x)
        name = source
    return Side(
        source,
        node,
        frozenset(parser.units),
        name,
        facts=facts(node),
        computes=computes(node),
        apart=_stands_apart(tokens),
        start=piece[0].start,
    )


def _single(token: Token, text: str) -> Side:
    """A side that is one number or one symbol, as most are."""
    source, start = text[token.start : token.end], token.start
    if token.kind == "num":
        if len(token.text) > MAX_DIGITS:
            return Side(source, None)
        number = literal(token.text)
        known = NO_FACTS if not number.decimals else facts(number)
        return Side(source, number, facts=known, start=start)
    symbol = Symbol(token.text)
    return Side(source, symbol, name=_name([token]), facts=facts(symbol), start=start)


def _stands_apart(tokens: Sequence[Token]) -> bool:
    """Whether it could be two statements side by side: `16 b^2`, and not `16b^2` or `16 * b^2`."""
    if len(tokens) < 2 or tokens[0].kind != "num":
        return False
    second = tokens[1]
    return second.kind in {"sym", "func"} and second.spaced


def _slice(piece: Sequence[Token], text: str) -> str:
    return text[piece[0].start : piece[-1].end].strip() if piece else ""
