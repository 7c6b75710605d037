"""What a request is: the content that its reply depends on, hashed.

The hash is of JSON text, and journals hold it: the text of a request never changes, however it is
made. Most of it is made once for many requests (a problem's messages, a run's sampling).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any

from labeler.driver.requests import (
    Act,
    Check,
    Classify,
    Message,
    Prompt,
    Request,
    Run,
    Sample,
    Score,
)
from labeler.records import Sampling

NAMES = ("requester", "model", "environment", "group")
_CONTENT = {
    kind: tuple(field.name for field in dataclasses.fields(kind) if field.name not in NAMES)
    for kind in (Sample, Score, Classify, Check, Run, Act)
}
"""Who asks is no part of a request's identity; who answers is known by a fingerprint."""


def request_key(request: Request, fingerprint: str) -> bytes:
    """Identity of a request on a backend: what it asks for, and the backend's hash."""
    kind = type(request)
    if isinstance(request, Check):
        problem = request.problem
        # Programs are judged with the text and the reference: they hold what the tests call.
        of_code = [problem.text, problem.reference_solution] if problem.tests else []
        aliases = [problem.known.aliases] if problem.known and problem.known.aliases else []
        content = _text(
            [problem.domain, problem.gold_answer, problem.tests, *of_code, *aliases, request.answer]
        )
    else:
        content = _object(request, _CONTENT[kind])
    text = f'["{kind.__name__}",{_text(fingerprint)},{content}]'
    return hashlib.sha256(text.encode()).digest()


def _text(value: object) -> str:
    """JSON of a part of a request, quickly for the parts that most requests have."""
    kind = type(value)
    if kind is str:
        return encode_basestring_ascii(value)  # type: ignore[arg-type]
    if kind is int:
        return repr(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is Prompt:
        return _object(value, _OF_PROMPT)
    if kind is Sampling:
        return _of_record(value)
    if kind is tuple and value and type(value[0]) is Message:  # type: ignore[index]
        return _of_messages(value)
    return _ENCODER.encode(value)


def _object(record: object, names: tuple[str, ...]) -> str:
    return "{" + ",".join([f'"{name}":{_text(getattr(record, name))}' for name in names]) + "}"


@lru_cache(maxsize=64)
def _of_messages(messages: tuple[Message, ...]) -> str:
    """Texts alone, so that what is equal has equal JSON (1 and 1.0 would not)."""
    return _ENCODER.encode(messages)


_KNOWN: dict[int, tuple[object, str]] = {}
_MOST_KNOWN = 256


def _of_record(record: object) -> str:
    """By identity, not by value: of 1 and 1.0 each has its own text."""
    known = _KNOWN.get(id(record))
    if known is None:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        # The record is held, so that no other has its id.
        known = _KNOWN[id(record)] = (record, _ENCODER.encode(record))
    return known[1]


def _plain(record: Any) -> dict[str, Any]:
    """A record inside a request, as `dataclasses.asdict` gives it but without its deep copies."""
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


_OF_PROMPT = tuple(field.name for field in dataclasses.fields(Prompt))
_ENCODER = json.JSONEncoder(separators=(",", ":"), default=_plain)
