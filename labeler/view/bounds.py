"""What an address or a form may hold: checked before anything is read, counted or allocated.

A number in an address costs nothing to write and may name five million steps or fill pages with
digits; whatever is beyond these bounds is answered with 400 and changes nothing. Within them a
value that does not fit the dataset keeps its own answer: no such row is 404, a list stays on its
last page.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

MOST_DIGITS = 9
"""Of a version, row or page."""
MOST_STEPS = 1_000_000
MOST_QUERY = 8_000
MOST_FIELDS = 100

_HOST = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[A-Za-z0-9._-]{0,255}))(?::\d{0,5})?"
)
_LONG_NUMBER = re.compile(rf"\d{{{MOST_DIGITS + 1}}}")


class OutOfBounds(Exception):
    """A request that no page of ours makes; the message is one line."""


def check_address(path: str, query: bytes, host: str) -> None:
    """Raises `OutOfBounds`."""
    if _LONG_NUMBER.search(path):
        raise OutOfBounds(f"a number in the address has more than {MOST_DIGITS} digits")
    if len(query) > MOST_QUERY or len(path) > MOST_QUERY:
        raise OutOfBounds(f"the address is longer than {MOST_QUERY:,} characters")
    if query.count(b"&") >= MOST_FIELDS:
        raise OutOfBounds(f"the address has more than {MOST_FIELDS} parameters")
    host_name(host)


def host_name(host: str) -> str:
    """The name in a Host header, lower case, "" without one. Raises `OutOfBounds`."""
    found = _HOST.fullmatch(host)
    if found is None:
        raise OutOfBounds("the Host header is no address")
    return (found["six"] or found["name"]).lower()


def number(text: str, what: str, most: int = 10**MOST_DIGITS - 1) -> int | None:
    """A number from 0; None for what is none. Raises `OutOfBounds` above `most`."""
    if not (text.isascii() and text.isdecimal()):
        return None
    if len(text) > MOST_DIGITS or int(text) > most:
        raise OutOfBounds(f"{what} is above {most:,}")
    return int(text)


def form_of(body: bytes) -> dict[str, str]:
    """The fields of a form. Raises `OutOfBounds`."""
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS))
    except ValueError:
        raise OutOfBounds(f"the form has more than {MOST_FIELDS} fields")
