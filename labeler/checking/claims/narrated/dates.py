"""Days of the week and of the year: `10 days after Monday is Friday`, `April has 31 days`.

Dates without a year are decided only where no February lies between. Not covered: calendars other
than the Gregorian.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from labeler.checking.claims.decide import Link
from labeler.checking.claims.narrated.base import verdict

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAY, _MONTH = "|".join(_DAYS), "|".join(_MONTHS)
_WEEKDAY = re.compile(
    rf"\b(\d{{1,5}}) days? (after|from|before|later than) (?:a |this |that )?({_DAY})(?: "
    rf"is| will be| would be|,? (?:it is|it will be)) (?:a )?({_DAY})\b",
    re.IGNORECASE,
)
_LENGTH = re.compile(
    rf"\b({_MONTH})(?: \(?(?:which|that))? has (?:only )?(\d\d) days\b|\bthere are "
    rf"(\d\d) days in ({_MONTH})\b",
    re.IGNORECASE,
)
_ON = re.compile(
    rf"\b({_MONTH}) (\d{{1,2}})(?:st|nd|rd|th)?, (\d{{4}}),? (?:is|was|fell on|falls on) "
    rf"(?:a )?({_DAY})\b",
    re.IGNORECASE,
)
_LATER = re.compile(
    rf"\b(\d{{1,4}}) days (after|before|from) ({_MONTH}) (\d{{1,2}})(?:st|nd|rd|th)?(?:, "
    rf"(\d{{4}}))?,? is ({_MONTH}) (\d{{1,2}})(?:st|nd|rd|th)?(?:, (\d{{4}}))?(?!\d)",
    re.IGNORECASE,
)
_REST = re.compile(r"\bremaining (\d{2,3}) days (?:of|in) the (?:first )?year\b", re.IGNORECASE)
_FIRST = re.compile(r"\bfirst (\d{2,3}) days\b", re.IGNORECASE)
_DENIED = re.compile(r"\b(?:not|if|suppose|wrong|incorrect|would be|leap)\b|\?", re.IGNORECASE)


def dates(problem: str, steps: Sequence[str]) -> Iterator[tuple[int, Link]]:
    """What the steps say of days."""
    first = {int(n) for n in _FIRST.findall(problem)}
    for at, step in enumerate(steps):
        if "day" not in step and "fell on" not in step and "was a" not in step:
            continue
        for link, begin in _claims(step, first):
            if not _DENIED.search(step[max(0, begin - 40) : begin]):
                yield at, link


def _claims(step: str, first: set[int]) -> Iterator[tuple[Link, int]]:
    for m in _WEEKDAY.finditer(step):
        days = -int(m[1]) if m[2].lower() == "before" else int(m[1])
        due = _DAYS[(_DAYS.index(m[3].lower()) + days) % 7]
        yield verdict(m[0], due, m[4].lower()), m.start()
    for m in _LENGTH.finditer(step):
        month, days = (m[1], int(m[2])) if m[1] else (m[4], int(m[3]))
        length = _LENGTHS[_MONTHS.index(month.lower())]
        if not (month.lower() == "february" and days == 29):
            yield verdict(m[0], length, days), m.start()
    for m in _ON.finditer(step):
        day = _date(m[3], m[1], m[2])
        if day is not None and day.year > 1752:
            yield verdict(m[0], _DAYS[day.weekday()], m[4].lower()), m.start()
    for m in _LATER.finditer(step):
        if (link := _later(m)) is not None:
            yield link, m.start()
    for m in _REST.finditer(step):
        sums = {n + int(m[1]) for n in first}
        if len(first) == 1 and not sums & {365, 366}:
            yield verdict(m[0], 365 - min(first), int(m[1])), m.start()


def _later(m: re.Match[str]) -> Link | None:
    begin = _date(m[5] or "2023", m[3], m[4])
    end = _date(m[8] or m[5] or "2023", m[6], m[7])
    if begin is None or end is None:
        return None
    days = -int(m[1]) if m[2].lower() == "before" else int(m[1])
    due = begin + timedelta(days=days)
    crosses = not m[5] and (due.year != 2023 or {begin.month < 3, due.month < 3} == {True, False})
    if crosses:
        return None
    return verdict(m[0], (due.month, due.day), (end.month, end.day))


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), _MONTHS.index(month.lower()) + 1, int(day))
    except ValueError:
        return None
