"""What a request is: the content that its reply depends on, hashed.

The hash is of JSON text, and journals hold it: the text of a request never changes, however it is
made. Most of it is made once for many requests (a problem's messages, a run's sampling).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from operator import attrgetter
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
"""Who asks is no part of a request's identity; who answers is known by a fingerprint."""


def request_key(request: Request, fingerprint: str) -> bytes:
    """Identity of a request on a backend: what it asks for, and the backend's hash."""
    kind = type(request)
    if isinstance(request, Sample):
        content = _of_sample(request)
    elif isinstance(request, Check):
        problem = request.problem
        # Programs are judged with the text and the reference: they hold what the tests call.
        of_code = [problem.text, problem.reference_solution] if problem.tests else []
        aliases = [problem.known.aliases] if problem.known and problem.known.aliases else []
        content = _text(
            [problem.domain, problem.gold_answer, problem.tests, *of_code, *aliases, request.answer]
        )
    else:
        content = _object(request)
    text = f'["{kind.__name__}",{_text(fingerprint)},{content}]'
    return hashlib.sha256(text.encode()).digest()


def _text(value: object) -> str:
    """JSON of a part of a request, quickly for the parts that most requests have."""
    return _TEXTS.get(type(value), _other)(value)


def _object(record: object) -> str:
    form, values = _FORMS[type(record)]
    return form % tuple(map(_text, values(record)))


def _of_sample(asked: Sample) -> str:
    """As `_object` has it, in one piece: nearly all requests of a run are samples."""
    prompt = asked.prompt
    return (
        f'{{"prompt":{{"messages":{_other(prompt.messages)},'
        f'"prefix":{encode_basestring_ascii(prompt.prefix)}}},"n":{asked.n},'
        f'"sampling":{_of_record(asked.sampling)},"seed":{asked.seed},'
        f'"logprobs":{"true" if asked.logprobs else "false"},'
        f'"schema":{encode_basestring_ascii(asked.schema)}}}'
    )


def _other(value: object) -> str:
    if type(value) is tuple and value and type(value[0]) is Message:
        return _of_messages(value)
    return _ENCODER.encode(value)


@lru_cache(maxsize=512)
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


_ENCODER = json.JSONEncoder(separators=(",", ":"), default=_plain)


def _form(kind: type) -> tuple[str, Callable[[object], tuple[object, ...]]]:
    """The object's text but for its values, and how they are read, of its identity's fields."""
    names = [field.name for field in dataclasses.fields(kind) if field.name not in NAMES]
    return "{" + ",".join(f'"{name}":%s' for name in names) + "}", _values(names)


def _values(names: list[str]) -> Callable[[object], tuple[object, ...]]:
    read = attrgetter(*names)
    return read if len(names) > 1 else lambda record: (read(record),)


_FORMS: dict[type, tuple[str, Callable[[object], tuple[object, ...]]]] = {
    kind: _form(kind) for kind in (Prompt, Score, Classify, Run, Act)
}
_TEXTS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring_ascii,
    int: repr,
    bool: {False: "false", True: "true"}.__getitem__,
    Prompt: _object,
    Sampling: _of_record,
}
