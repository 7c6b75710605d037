"""Cuts the tokens of a step into runs that nothing interrupts, and joins what only looks cut.

Sentences end a run; so do line ends and edges of mathematics, unless a sign on either side shows
that the line goes on. Whatever may be a torn-off piece is marked by a token of poison.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from labeler.checking.claims.tokens import Token

_SOFT = frozenset({"edge", "row", "line"})


def runs(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Pieces between walls that hold a relation; commas inside brackets are no walls."""
    tokens = _joined(_asides(_brackets(tokens)))
    run: list[Token] = []
    depth = 0
    for token in tokens:
        depth += (token.kind == "open") - (token.kind == "close")
        if token.kind == "wall" and not (token.text == "," and depth > 0):
            if any(t.kind == "rel" for t in run):
                yield run
            run, depth = [], 0
            if token.text == "behind":
                run = [token]
        else:
            run.append(token)
    if any(t.kind == "rel" for t in run):
        yield run


def _brackets(tokens: Sequence[Token]) -> list[Token]:
    """Brackets without a partner, such as in `1)`, become walls."""
    result = list(tokens)
    stack: list[int] = []
    pairs = {")": "(", "]": "[", "}": "{", "floor": "floor", "ceil": "ceil"}
    for index, token in enumerate(tokens):
        if token.kind == "open":
            stack.append(index)
        elif token.kind == "close":
            if stack and tokens[stack[-1]].text == pairs[token.text]:
                stack.pop()
            else:
                result[index] = replace(token, kind="wall", text="aside")
    for index in stack:
        result[index] = replace(tokens[index], kind="poison")
    return result


def _asides(tokens: Sequence[Token]) -> list[Token]:
    """Brackets around a whole claim, `(3 * 4 = 12)`, become walls; in f(x = 3) they are poison."""
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
                        result[at] = replace(tokens[at], kind="poison")
                    else:
                        side = "aside" if at == begin else "behind"
                        result[at] = replace(tokens[at], kind="wall", text=side)
    return result


def _joined(tokens: Sequence[Token]) -> list[Token]:
    """Drops line ends and edges of mathematics over which a chain goes on."""
    result: list[Token] = []
    index, depth = _bullet(result, tokens, 0), 0
    while index < len(tokens):
        token = tokens[index]
        if token.kind != "wall":
            depth += (token.kind == "open") - (token.kind == "close")
            result.append(token)
            index += 1
            continue
        end = index
        while end < len(tokens) and tokens[end].kind == "wall":
            end += 1
        walls = tokens[index:end]
        before = result[-1] if result else None
        after = tokens[end] if end < len(tokens) else None
        # `\(x = 1\) - \(x = 2\)`: a difference or the next item of a list?
        bullet = end + 1 < len(tokens) and tokens[end + 1].kind == "wall"
        negative = end + 1 < len(tokens) and not tokens[end + 1].spaced
        result.extend(_kept(walls, before, after, depth, bullet=bullet, negative=negative))
        index = end
        index += _bullet(result, tokens, index)
    return result


def _bullet(result: list[Token], tokens: Sequence[Token], index: int) -> int:
    """Marks a sign that may begin an item of a list; how many tokens it took."""
    if index + 1 >= len(tokens) or (result and result[-1].kind != "wall"):
        return 0
    sign = tokens[index]
    behind = bool(result) and result[-1].text == "behind"
    if sign.kind == "op" and sign.text in "-*" and tokens[index + 1].spaced and not behind:
        result.append(replace(sign, kind="mark", text="bullet"))
        return 1
    return 0


def _kept(
    walls: Sequence[Token],
    before: Token | None,
    after: Token | None,
    depth: int,
    *,
    bullet: bool,
    negative: bool,
) -> list[Token]:
    """What remains of the walls between two tokens."""
    kinds = {wall.text for wall in walls}
    if "row" in kinds:
        kinds.discard("gap")
    if depth > 0 and kinds <= _SOFT:
        return []
    if before is not None and after is not None and _is_torn_number(walls, before, after):
        return [walls[0], replace(walls[0], kind="poison")]
    if before is None or after is None or not kinds <= _SOFT:
        return list(walls[:1]) if kinds <= _SOFT else [w for w in walls if w.text not in _SOFT][:1]
    if after.kind == "rel" or before.kind in {"rel", "open"} or after.kind == "close":
        return []
    if before.kind == "op":
        return []
    if kinds == {"edge"}:
        value = len(walls) == 1 and before.kind in {"num", "close", "sym", "mark"}
        tying = before.kind == "word" and before.text in {"of", "times", "by", "plus", "minus"}
        if after.kind == "op" and len(walls) > 1:  # one display after another
            return [walls[0] if after.text == "-" else replace(walls[0], kind="poison")]
        if after.kind == "op" and after.text == "-" and len(walls) == 1 and bullet:
            return [replace(walls[0], kind="poison")]
        if after.kind == "op" and after.text == "-" and before.kind == "word":
            # "subtract $-4$" begins anew; "5 apples $- 3$" may go on.
            return [walls[0]] if negative else [replace(walls[0], kind="poison")]
        if after.kind == "op" or (before.kind == "mark" and before.text == "$") or tying:
            return []
        if (value and after.kind in {"word", "mark"}) or before.text == "bullet":
            return []
    elif "row" in kinds and after.kind == "op":
        return [replace(walls[0], kind="poison")] if after.text == "-" else []
    elif after.kind == "op" and after.text in "+/":
        return [replace(walls[0], kind="poison")]
    line = next((wall for wall in walls if wall.text == "line"), walls[0])
    return [line]


def _is_torn_number(walls: Sequence[Token], before: Token, after: Token) -> bool:
    """A stop inside a number (`14, 400`, `13,2000`), a product `3 . 4`, or `.8 + . 84`."""
    if walls[0].text not in {",", "."}:
        return False
    if before.kind == "op":
        return True
    if len(walls) > 1 or before.kind != "num" or after.kind != "num":
        return False
    if walls[0].text == ".":  # 3 . 4, a product
        return walls[0].spaced and after.spaced
    return not after.spaced or len(after.text) == 3
