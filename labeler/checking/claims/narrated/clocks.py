"""Times of day: `from 2:15 to 2:38 is 23 minutes`, `3 hours after 11 am is 2 pm`.

A span is decided with am and pm on both times, or with none on either and less than twelve hours
between them; the same span read as all other readings allow it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from labeler.checking.claims.decide import Link
from labeler.checking.claims.narrated.base import verdict

_TIME = r"(\d{1,2})(?::(\d\d))?(?:\s*([ap])\.?m\.?)?"
_SPAN = (
    r"(?:(\d{1,2}) hours?)?(?:,? ?(?:and )?(\d{1,4}) minutes?)?(?![\w/])(?! (?:and|of|"
    r"each|per|less|more|early|late))"
)
_BETWEEN = re.compile(
    rf"\b(?:from|between) {_TIME} (?:to|until|and|till) {_TIME},? (?:is|was|are|there "
    rf"are|it is|equals|takes|lasts) {_SPAN}",
    re.IGNORECASE,
)
_AFTER = re.compile(
    rf"\b(?:(\d{{1,2}}) hours?)?(?:,? ?(?:and )?(\d{{1,3}}) minutes?)? (after|before) "
    rf"{_TIME},? is {_TIME}(?![\d:/]|\s*[-+])",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|if|suppose|wrong|incorrect|instead|zone|ratio)\b|\?", re.IGNORECASE)
_HALF = 12 * 60


def clocks(problem: str, steps: Sequence[str]) -> Iterator[tuple[int, Link]]:
    """What the steps say of times."""
    del problem
    for at, step in enumerate(steps):
        if "hour" not in step and "minute" not in step:
            continue
        for m in _BETWEEN.finditer(step):
            begin, end = _minutes(m, 1), _minutes(m, 4)
            if begin is None or end is None or not (m[7] or m[8]) or _denied(step, m):
                continue
            if not (m[2] or m[3] or m[5] or m[6]):
                continue  # bare numbers need be no times
            span = int(m[7] or 0) * 60 + int(m[8] or 0)
            period = _HALF * 2 if m[3] and m[6] else _HALF
            if bool(m[3]) == bool(m[6]) or (m[6] and span < _HALF):
                due = (end - begin) % period
                yield at, verdict(m[0], f"{due} minutes", f"{span % period} minutes")
        for m in _AFTER.finditer(step):
            begin, end = _minutes(m, 4), _minutes(m, 7)
            if begin is None or end is None or not (m[1] or m[2]) or _denied(step, m):
                continue
            if not (m[5] or m[6] or m[8] or m[9]):
                continue
            span = int(m[1] or 0) * 60 + int(m[2] or 0)
            period = _HALF * 2 if m[6] and m[9] else _HALF
            due = (begin + (span if m[3].lower() == "after" else -span)) % period
            yield at, verdict(m[0], _time(due), _time(end % period))


def _denied(step: str, match: re.Match[str]) -> bool:
    return _DENIED.search(step[max(0, match.start() - 40) : match.start()]) is not None


def _minutes(match: re.Match[str], group: int) -> int | None:
    hour, minute = int(match[group]), int(match[group + 1] or 0)
    if hour > 23 or minute > 59 or (match[group + 2] and not 1 <= hour <= 12):
        return None
    half = match[group + 2]
    if half:
        hour = hour % 12 + (12 if half.lower() == "p" else 0)
    return hour * 60 + minute


def _time(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"
