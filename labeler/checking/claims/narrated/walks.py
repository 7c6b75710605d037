"""Walks on a grid: `Take 3 steps forward`, and then `(0, 3), facing the positive y-axis`.

Each narrated place is compared with the one narrated before and the instruction of its step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from labeler.checking.claims.decide import Link
from labeler.checking.claims.narrated.base import verdict

_TAKE = re.compile(r"\btake (\d{1,4}) steps?(?: (forward|backward|left|right))?\b", re.IGNORECASE)
_TURN = re.compile(r"\bturn (left|right|around)\b", re.IGNORECASE)
_PLACE = re.compile(r"\((-?\d{1,5}), ?(-?\d{1,5})\)")
_FACING = re.compile(
    r"\bfacing (?:the )?(positive|negative) ([xy])[- ]axis|\bfacing (north|south|east|west)\b",
    re.IGNORECASE,
)
_COMPASS = {"north": (0, 1), "south": (0, -1), "east": (1, 0), "west": (-1, 0)}
_TURNS = {"left": 1, "around": 2, "right": 3}


def walks(problem: str, steps: Sequence[str]) -> Iterator[tuple[int, Link]]:
    """The places and directions that the steps narrate."""
    if not re.search(r"\b(?:steps?|walk|instructions|facing|turn)\b", problem, re.IGNORECASE):
        return
    always = re.search(r"always face forward|without turning", problem, re.IGNORECASE) is not None
    place: tuple[int, int] | None = None
    facing: tuple[int, int] | None = None
    for at, step in enumerate(steps):
        places, told = _PLACE.findall(step), _facing(step)
        takes, turns = _TAKE.findall(step), _TURN.findall(step)
        if len(takes) + len(turns) > 1 or len(places) != 1:
            place = facing = None
            continue
        now = (int(places[0][0]), int(places[0][1]))
        if place is not None and facing is not None and (takes or turns):
            due, way = place, facing
            if turns:
                way = _turned(facing, _TURNS[turns[0].lower()])
            else:
                side = {"left": 1, "right": 3, "backward": 2}.get(takes[0][1].lower(), 0)
                dx, dy = _turned(facing, side)
                due = place[0] + dx * int(takes[0][0]), place[1] + dy * int(takes[0][0])
            yield at, verdict(f"({now[0]}, {now[1]})", due, now)
            if told is not None and not always:
                yield at, verdict("facing", way, told)
            facing = told or way
        else:
            facing = told
        place = now


def _facing(step: str) -> tuple[int, int] | None:
    found = list(_FACING.finditer(step))
    if len(found) != 1:
        return None
    match = found[0]
    if match[3]:
        return _COMPASS[match[3].lower()]
    sign = 1 if match[1].lower() == "positive" else -1
    return (sign, 0) if match[2].lower() == "x" else (0, sign)


def _turned(way: tuple[int, int], quarters: int) -> tuple[int, int]:
    for _ in range(quarters):
        way = -way[1], way[0]
    return way
