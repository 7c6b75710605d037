"""Cuts the tokens of a step into runs that nothing interrupts, and joins what only looks cut.

Sentences end a run; so do line ends and edges of mathematics, unless a sign on either side shows
that the line goes on. Whatever may be a torn-off piece is marked by a token of unsupported.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from labeler.checking.claims.token import Token

_SOFT = frozenset({"edge", "row", "line"})
_GOES_ON = frozenset({"rel", "close"})
_GOES_ON_BEHIND = frozenset({"rel", "open", "op"})
"""Kinds of tokens before which, and behind which, a line or a formula does not end a chain."""


def runs(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Pieces between boundaries that hold a relation; commas inside brackets are no boundaries."""
    joined = _joined(_bracketed(tokens))
    run: list[Token] = []
    begin = 0
    for index in [i for i, token in enumerate(joined) if token[0] == "boundary"]:
        piece = joined[begin:index]
        run = [*run, *piece] if run else piece
        begin = index + 1
        boundary = joined[index]
        if boundary[1] == "," and _depth(run) > 0:
            run.append(boundary)
            continue
        if _is_related(run):
            yield run
        run = [boundary] if boundary[1] == "behind" else []
    run = [*run, *joined[begin:]] if run else joined[begin:]
    if _is_related(run):
        yield run


def _is_related(run: Sequence[Token]) -> bool:
    return "rel" in [token[0] for token in run]


def _depth(run: Sequence[Token]) -> int:
    """How many brackets are open at the end of these tokens."""
    kinds = [token[0] for token in run]
    return kinds.count("open") - kinds.count("close")


def _bracketed(tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens, with what is no bracket of an expression made a boundary or unsupported."""
    stack: list[str] = []
    inside = False
    for token in [token for token in tokens if token[0] in _NESTING]:
        kind = token[0]
        if kind == "open":
            stack.append(token[1])
        elif kind == "close":
            if not stack or stack.pop() != _PAIRS[token[1]]:
                return _asides(_brackets(tokens))
        elif stack and kind == "rel":
            inside = True
    if stack:
        return _asides(_brackets(tokens))
    return _asides(tokens) if inside else tokens


_NESTING = frozenset({"open", "close", "rel"})
_PAIRS = {")": "(", "]": "[", "}": "{", "floor": "floor", "ceil": "ceil"}


def _brackets(tokens: Sequence[Token]) -> list[Token]:
    """Brackets without a partner: that of `1)` is a boundary, that of `x+1)(x-1)` unsupported."""
    result = list(tokens)
    stack: list[int] = []
    for index, token in enumerate(tokens):
        if token.kind == "open":
            stack.append(index)
        elif token.kind == "close":
            if stack and tokens[stack[-1]].text == _PAIRS[token.text]:
                stack.pop()
            else:
                result[index] = (
                    token._replace(kind="unsupported")
                    if _tears(tokens, index)
                    else token._replace(kind="boundary", text="aside")
                )
    for index in stack:
        result[index] = tokens[index]._replace(kind="unsupported")
    return result


def _tears(tokens: Sequence[Token], index: int) -> bool:
    """Whether an expression stands on both sides of a closing bracket that nothing opened."""
    before, after = tokens[max(0, index - 2) : index], tokens[index + 1 : index + 2]
    inside = [token.kind for token in before]
    goes_on = after and (
        (after[0].kind == "op" and after[0].text != "-")
        or (after[0].kind == "open" and not after[0].spaced)
    )
    return bool(goes_on) or (len(inside) == 2 and (inside[0] == "op" or inside[1] == "close"))


def _asides(tokens: Sequence[Token]) -> list[Token]:
    """Brackets around a whole claim, `(3 * 4 = 12)`, end it; in f(x = 3) they are unsupported."""
    result = list(tokens)
    stack: list[tuple[int, bool]] = []
    for index, token in enumerate(tokens):
        if token.kind == "open":
            stack.append((index, False))
        elif token.kind == "rel" and stack:
            stack[-1] = (stack[-1][0], True)
        elif token.kind == "close":
            begin, holds = stack.pop()
            if holds:
                before = tokens[begin - 1] if begin else None
                tied = before is not None and before.kind in {"sym", "func", "op"}
                for at in (begin, index):
                    if tied or tokens[begin].text == "{":
                        result[at] = tokens[at]._replace(kind="unsupported")
                    else:
                        side = "aside" if at == begin else "behind"
                        result[at] = tokens[at]._replace(kind="boundary", text=side)
    return result


def _joined(tokens: Sequence[Token]) -> list[Token]:
    """Drops line ends and edges of mathematics over which a chain goes on."""
    result: list[Token] = []
    length = len(tokens)
    index, depth = _bullet(result, tokens, 0), 0
    kinds = [token[0] for token in tokens]
    stops = [i for i, kind in enumerate(kinds) if kind == "boundary"]
    nests = "open" in kinds
    for stop in stops:
        if stop < index:  # of a row of boundaries that was read already
            continue
        result += tokens[index:stop]
        if nests:
            between = kinds[index:stop]
            depth += between.count("open") - between.count("close")
        end = stop + 1
        while end < length and kinds[end] == "boundary":
            end += 1
        boundaries = tokens[stop:end]
        before = result[-1] if result else None
        after = tokens[end] if end < length else None
        # `\\(x = 1\\) - \\(x = 2\\)`: a difference or the next item of a list?
        bullet = end + 1 < length and kinds[end + 1] == "boundary"
        negative = end + 1 < length and not tokens[end + 1].spaced
        result += _kept(boundaries, before, after, depth, bullet=bullet, negative=negative)
        index = end
        index += _bullet(result, tokens, index)
    result += tokens[index:]
    return result


def _bullet(result: list[Token], tokens: Sequence[Token], index: int) -> int:
    """Marks a sign that may begin an item of a list; how many tokens it took."""
    if index + 1 >= len(tokens) or (result and result[-1][0] != "boundary"):
        return 0
    sign = tokens[index]
    if sign[0] != "op":
        return 0
    behind = bool(result) and result[-1].text == "behind"
    if sign.text in "-*" and tokens[index + 1].spaced and not behind:
        result.append(sign._replace(kind="mark", text="bullet"))
        return 1
    return 0


def _kept(
    boundaries: Sequence[Token],
    before: Token | None,
    after: Token | None,
    depth: int,
    *,
    bullet: bool,
    negative: bool,
) -> list[Token]:
    """What remains of the boundaries between two tokens."""
    kinds = {boundary[1] for boundary in boundaries}
    if "row" in kinds:
        kinds.discard("gap")
    soft = kinds <= _SOFT
    if depth > 0 and soft:
        return []
    if before is not None and after is not None and _is_torn_number(boundaries, before, after):
        return [boundaries[0], boundaries[0]._replace(kind="unsupported")]
    if before is None or after is None or not soft:
        return list(boundaries[:1]) if soft else [w for w in boundaries if w.text not in _SOFT][:1]
    if after[0] in _GOES_ON or before[0] in _GOES_ON_BEHIND:
        return []
    if kinds == {"edge"}:
        value = len(boundaries) == 1 and before.kind in {"num", "close", "sym", "mark"}
        tying = before.kind == "word" and before.text in {"of", "times", "by", "plus", "minus"}
        if after.kind == "op" and len(boundaries) > 1:  # one display after another
            return [
                boundaries[0] if after.text == "-" else boundaries[0]._replace(kind="unsupported")
            ]
        if after.kind == "op" and after.text == "-" and len(boundaries) == 1 and bullet:
            return [boundaries[0]._replace(kind="unsupported")]
        if after.kind == "op" and after.text == "-" and before.kind == "word":
            # "subtract $-4$" begins anew; "5 apples $- 3$" may go on.
            return [boundaries[0]] if negative else [boundaries[0]._replace(kind="unsupported")]
        if after.kind == "op" and after.text == "-" and value and negative and before.kind == "num":
            # "line 4 $-3 + 5 = 2$": a number of the prose, and a formula that begins anew?
            return [boundaries[0]._replace(kind="unsupported")]
        if after.kind == "op" or (before.kind == "mark" and before.text == "$") or tying:
            return []
        if (value and after.kind in {"word", "mark"}) or before.text == "bullet":
            return []
    elif "row" in kinds and after.kind == "op":
        return [boundaries[0]._replace(kind="unsupported")] if after.text == "-" else []
    elif after.kind == "op" and after.text in "+/":
        return [boundaries[0]._replace(kind="unsupported")]
    line = next((boundary for boundary in boundaries if boundary.text == "line"), boundaries[0])
    return [line]


def _is_torn_number(boundaries: Sequence[Token], before: Token, after: Token) -> bool:
    """A stop inside a number (`14, 400`, `13,2000`), a product `3 . 4`, or `.8 + . 84`."""
    if boundaries[0].text not in {",", "."}:
        return False
    if before.kind == "op":
        return True
    if len(boundaries) > 1 or before.kind != "num" or after.kind != "num":
        return False
    if boundaries[0].text == ".":  # 3 . 4, a product
        return boundaries[0].spaced and after.spaced
    return not after.spaced or len(after.text) == 3
