"""Values between the process that tests and the process that is tested, as JSON in frames.

The tested process is not trusted, so nothing that can carry code or crash a reader (pickle,
marshal) is used: what arrives is decoded into exact built-in types, or into a handle of an object
that stays where it is. An int that lies about being equal to everything therefore arrives as a
plain int.
"""

from __future__ import annotations

import builtins
import json
from collections import deque
from collections.abc import Callable
from typing import Any

MAX_FRAME_BYTES = 32 << 20
SMALL = 1 << 53
"""Integers from here on travel as hexadecimal digits: no limit on digits, no quadratic time."""


class Unsent(Exception):
    """A value that has no form on the wire."""


def frame(message: object) -> bytes:
    """A message with its length before it (4 bytes, big-endian)."""
    data = json.dumps(message, separators=(",", ":")).encode()
    if len(data) > MAX_FRAME_BYTES:
        raise Unsent(f"a value of more than {MAX_FRAME_BYTES >> 20} MiB")
    return len(data).to_bytes(4, "big") + data


def encode(value: Any, handle: Callable[[Any], Any]) -> Any:  # noqa: PLR0912 (one case per type)
    """JSON for a value; what is no built-in type is given to `handle`, which may raise `Unsent`."""

    def each(items: Any) -> list[Any]:
        return [encode(item, handle) for item in items]

    match value:
        case None | bool():
            return value
        case int():
            number = int.__add__(value, 0)
            return number if -SMALL < number < SMALL else {"int": hex(number)}
        case float():
            return float.__pos__(value)
        case str():
            return str.__getitem__(value, slice(None))
        case complex():
            return {"complex": [value.real, value.imag]}
        case bytes():
            return {"bytes": bytes.hex(value)}
        case bytearray():
            return {"bytearray": bytearray.hex(value)}
        case list():
            return each(list.__iter__(value))
        case tuple():
            return {"tuple": each(tuple.__iter__(value))}
        case set():
            return {"set": each(set.__iter__(value))}
        case frozenset():
            return {"frozenset": each(frozenset.__iter__(value))}
        case dict():
            return {"dict": each(tuple(pair) for pair in dict.items(value))}
        case range():
            return {"range": [value.start, value.stop, value.step]}
        case deque():
            return {"deque": each(deque.__iter__(value))}
    if name := _name_of_builtin_type(value):
        return {"type": name}
    kind = type(value)
    if (kind.__module__, kind.__name__) in (("decimal", "Decimal"), ("fractions", "Fraction")):
        return {kind.__name__: str(value)}
    return {"handle": handle(value)}


def decode(message: Any, handle: Callable[[Any], Any]) -> Any:  # noqa: PLR0912
    """The value; raises `Unsent` on anything that `encode` does not write."""

    def each(items: Any) -> list[Any]:
        return [decode(item, handle) for item in items]

    if message is None or isinstance(message, (bool, int, float, str)):
        return message
    if isinstance(message, list):
        return each(message)
    try:
        [(tag, content)] = message.items()
        match tag:
            case "int":
                return int(content, 16)
            case "complex":
                return complex(*content)
            case "bytes":
                return bytes.fromhex(content)
            case "bytearray":
                return bytearray.fromhex(content)
            case "tuple":
                return tuple(each(content))
            case "set":
                return set(each(content))
            case "frozenset":
                return frozenset(each(content))
            case "dict":
                return dict(each(content))
            case "range":
                return range(*content)
            case "deque":
                return deque(each(content))
            case "Decimal":
                from decimal import Decimal

                return Decimal(content)
            case "Fraction":
                from fractions import Fraction

                return Fraction(content)
            case "type":
                return _builtin_type(content)
            case "handle":
                return handle(content)
    except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise Unsent(f"a broken value ({type(error).__name__})")
    raise Unsent("a broken value")


def _name_of_builtin_type(value: Any) -> str:
    """The name under which `builtins` has this very type; "" for everything else."""
    is_builtin = isinstance(value, type) and getattr(builtins, value.__name__, None) is value
    return value.__name__ if is_builtin else ""


def _builtin_type(name: Any) -> type:
    kind = getattr(builtins, name)
    if not isinstance(kind, type):
        raise TypeError
    return kind
