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

from labeler.checking.claims.layout import runs
from labeler.checking.claims.notations import without_notations
from labeler.checking.claims.segments import RELATION, clauses, formulas
from labeler.checking.claims.sides import Side, first_side, last_side, prose_begin, read_side
from labeler.checking.claims.token import MAX_CHARACTERS, Token
from labeler.checking.claims.tokens import tokenize

_SENTENCE_END = re.compile(r"[.!?\n](?:(?<=[.!])(?=\s)|(?<=\?)|(?<=\n)\n)")
BEHIND = 120
CACHED = 1_024
MAX_CLAUSE = 3_000
MAX_READ = 4_000
"""Characters of one clause, and of the clauses of one step, that are read."""
MAX_CHAINS = 150
"""Of one step; the rest is not read."""
REACH = 400
"""Characters before and behind a chain that count as its sentence, at most."""

_LISTED = re.compile(r"(?:\\[lc]?dots|\.\.\.|…)\s*(?:,|and)\s*\$?\s*\Z")
"""The end of a list such as `45, 90, ..., 990 = 1 * 45, 2 * 45`."""


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


def find_chains(text: str) -> tuple[Chain, ...]:
    """All chains of a step, in order of their place; none of a step that is too long."""
    return read_chains(text)[0]


@lru_cache(maxsize=CACHED)
def read_chains(text: str) -> tuple[tuple[Chain, ...], int]:
    """The chains, and how many characters were read token by token to find them.

    The last few are kept: samples of one problem share it, and often their first steps.
    """
    if len(text) > MAX_CHARACTERS or not RELATION.search(text):
        return (), 0
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
    return tuple(_placed(found, text)), read


def _placed(found: list[Chain], text: str) -> Iterator[Chain]:
    """The chains with the text around them."""
    last, begin_of, end_of = 0, -1, -1
    lists = "dots" in text or "..." in text or "…" in text
    for chain in found[:MAX_CHAINS]:
        if lists and _LISTED.search(text, max(0, chain.start - 20), chain.start):
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
    kinds = [token[0] for token in run]
    if "unsupported" in kinds and any(t.kind == "unsupported" and t.text in _MODULI for t in run):
        return
    at = [i for i, kind in enumerate(kinds) if kind == "rel"]
    if "open" in kinds:
        at = [i for i in at if kinds[:i].count("open") <= kinds[:i].count("close")]
    if not at:
        return
    relations = [run[i].text for i in at]
    pieces = [run[i + 1 : j] for i, j in zip([-1, *at], [*at, len(run)], strict=True)]
    sides = [first_side(pieces[0], text)]
    joined: list[str] = []
    begin = pieces[0][0].start if pieces[0] else run[0].start
    for number, whole in enumerate(pieces[1:]):
        is_last = number == len(relations) - 1
        nearly = len(whole) > 1 and whole[0][1] in _NEARLY and whole[0][0] == "word"
        piece = whole[1:] if nearly else whole  # = approximately 3.2
        joined.append("~" if nearly else relations[number])
        cut = prose_begin(piece)
        if cut is None and not is_last:
            sides.append(read_side(piece, text))
            continue
        side, end = last_side(piece, cut, text)
        sides.append(side)
        yield Chain(tuple(sides), tuple(joined), begin, end)
        if is_last:
            return
        rest = piece if cut is None else piece[cut:]
        sides, joined = [first_side(rest, text)], []
        begin = rest[0].start if rest else end


_NEARLY = frozenset({"approximately", "about", "roughly", "around", "approx", "nearly"})
_MODULI = frozenset({"mod", "bmod", "pmod", "pod"})
