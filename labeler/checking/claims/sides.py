"""The sides of a chain: where an expression begins and ends between words, and what it is.

Where prose touches a side (`she pays 3 + 4 = 7 dollars and ...`) the expression is cut off at the
words, but only if no operator ties it to what is cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from labeler.checking.claims.cursor import NoExpression
from labeler.checking.claims.expression import Either, Facts, Node, Operation, Symbol, facts
from labeler.checking.claims.expression import has_operation as computes
from labeler.checking.claims.flat import flat
from labeler.checking.claims.grammar import MAX_DIGITS, Parser
from labeler.checking.claims.products import literal
from labeler.checking.claims.token import Token
from labeler.checking.claims.vocabulary import (
    CLAUSE_WORDS,
    LEADING_WORDS,
    NUMBER_WORDS,
    OPERATION_WORDS,
    SENTENCE_WORDS,
    TYING_WORDS,
)

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


def prose_begin(piece: Sequence[Token]) -> int | None:
    """Where words begin that stand between two values, as in `12 apples and 3 pears`."""
    if not _has_words(piece):
        return None
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


def _has_words(piece: Sequence[Token]) -> bool:
    return "word" in [token[0] for token in piece]


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


def last_side(piece: Sequence[Token], cut: int | None, text: str) -> tuple[Side, int]:
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
    return read_side(kept, text), kept[-1].end


def _without_tail(piece: Sequence[Token]) -> Sequence[Token]:
    """Drops trailing words from the first that links to something else: `= 7 if he ...`."""
    if not _has_words(piece):
        return piece
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


def first_side(piece: Sequence[Token], text: str) -> Side:
    """The first side: what comes after the words that lead up to it."""
    if len(piece) > 1 and piece[0].text == "bullet" and piece[1].kind == "word":
        piece = piece[1:]
    if len(piece) > 3 and [t.kind for t in piece[:3]] == ["open", "num", "close"]:
        tight = len(piece) > 4 and not piece[4].spaced
        minus = piece[3].text == "-" and tight
        if piece[3].spaced and (piece[3].kind == "open" or minus):
            # "(2) (3 + 4)", "(2) -3": an item of a list, or a product and a difference?
            return Side(_slice(piece, text), None)
        if piece[3].kind in {"num", "word"}:
            piece = piece[3:]
    if not [1 for token in piece if token[0] != "word"]:
        return Side(_slice(piece, text), None, name=_name(piece))
    begin, torn = _expression_begin(piece)
    kept = piece[begin:]
    if not kept:
        return Side(_slice(piece, text), None, name=_name(piece))
    if torn:
        return Side(_slice(piece, text), None)
    side = read_side(kept, text)
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
    if piece and piece[0].kind != "boundary" and not _has_words(piece):
        return 0, False
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
    if last == "in":  # 24 eggs in 1 tray x 2 trays
        return True
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


def read_side(piece: Sequence[Token], text: str) -> Side:
    """The side that a piece makes as a whole.

    What a text of a side was found to be is kept for a while: solutions, and samples of one problem
    more so, write the same expressions again and again.
    """
    if not piece:
        return Side("", None)
    start = piece[0].start
    source = text[start : piece[-1].end].strip()
    if len(piece) == 1 and piece[0].kind in {"num", "sym"}:
        return _single(piece[0], source)
    key = source, tuple([token[0] for token in piece])
    kept = _KEPT.get(key)
    if kept is None:
        if len(_KEPT) >= MAX_KEPT:
            _KEPT.clear()
        kept = _KEPT[key] = _read(piece, source)
    return kept if kept.node is None else _side(Side, (*kept[:-1], start))


_KEPT: dict[tuple[str, tuple[str, ...]], Side] = {}
"""Sides by their text and the kinds of their tokens, which determine all else but the place."""
MAX_KEPT = 4_096


def _read(piece: Sequence[Token], source: str) -> Side:
    bullet = piece[0].kind == "mark" and piece[0].text == "bullet"
    tokens = piece[1:] if bullet else piece
    if tokens and tokens[0].kind == "op" and tokens[0].text in "*/+":
        return Side(source, None)
    node = flat(tokens)
    if node is not None and not bullet:
        name = "" if isinstance(node, Operation) else _name(piece)
        return Side(source, node, name=name, facts=facts(node), computes=True)
    parser = Parser(tokens)
    try:
        node = parser.whole()
        if bullet:
            minus = piece[0]._replace(kind="op", text="-")
            node = Either("bullet", (node, Parser([minus, *tokens]).whole()))
    except NoExpression:
        return Side(source, None, name=_name(piece))
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
    )


_side = tuple.__new__
"""`_side(Side, (...))` with all fields takes a third of the time that `Side(...)` does."""
_NO_UNITS: frozenset[str] = frozenset()


def _single(token: Token, source: str) -> Side:
    """A side that is one number or one symbol, as most are."""
    start = token.start
    if token.kind == "num":
        if len(token.text) > MAX_DIGITS:
            return Side(source, None)
        number = literal(token.text)
        known = NO_FACTS if not number.decimals else facts(number)
        return _side(Side, (source, number, _NO_UNITS, "", False, known, False, False, start))
    symbol = Symbol(token.text)
    name = "" if token.text in LEADING_WORDS else token.text
    return _side(Side, (source, symbol, _NO_UNITS, name, False, facts(symbol), False, False, start))


def _stands_apart(tokens: Sequence[Token]) -> bool:
    """Whether it could be two statements side by side: `16 b^2`, and not `16b^2` or `16 * b^2`."""
    if len(tokens) < 2 or tokens[0].kind != "num":
        return False
    second = tokens[1]
    return second.kind in {"sym", "func"} and second.spaced


def _slice(piece: Sequence[Token], text: str) -> str:
    return text[piece[0].start : piece[-1].end].strip() if piece else ""
