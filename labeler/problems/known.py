"""What is known of a problem beside its gold answer, as files say it.

`gold_answers` (or `aliases`): answers as good as the gold one; `gold_calls`: calls that a right
trajectory makes, as {name, arguments} (or `parameters`, as MatchTIR's sets have it); `entities`.
What is there in another shape is `Unfit`: nothing is guessed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from labeler.problems.forms.base import listed
from labeler.problems.written import Unfit, text_of
from labeler.records import Call, Known

ANSWERS = ("gold_answers", "aliases")


def known_of(record: Mapping[str, Any], gold: str | None) -> Known | None:
    """None where a record says nothing of it. Raises `Unfit`."""
    aliases = [one for name in ANSWERS for one in _texts(record, name) if one != gold]
    calls = _listed(record, "gold_calls")
    known = Known(
        tuple(dict.fromkeys(aliases)), tuple(map(gold_call, calls)), _texts(record, "entities")
    )
    return known if known != Known() else None


def known_in(column: Any) -> Known | None:
    """The column `known` of a file that this package wrote. Raises `Unfit`."""
    if column is None:
        return None
    if not isinstance(column, Mapping) or column.keys() - {"aliases", "calls", "entities"}:
        raise Unfit("known is not {aliases, calls, entities}")
    calls = _listed(column, "calls")
    known = Known(
        _texts(column, "aliases"), tuple(map(gold_call, calls)), _texts(column, "entities")
    )
    return known if known != Known() else None


def gold_call(value: Any) -> Call:
    """A call as OpenAI's form has it, or as {name, arguments} or {name, parameters}."""
    held = value.get("function", value) if isinstance(value, Mapping) else value
    if not isinstance(held, Mapping) or not isinstance(held.get("name"), str) or not held["name"]:
        raise Unfit("a call has no name")
    arguments = held.get("arguments", held.get("parameters"))
    if arguments is None:
        arguments = {}
    if isinstance(arguments, str):
        return Call(held["name"], arguments)
    return Call(held["name"], json_text(arguments))


def json_text(value: Any) -> str:
    """A value that was read from JSON, as text again: numbers keep the digits of the file."""
    if isinstance(value, Mapping):
        inside = (f"{json.dumps(k, ensure_ascii=False)}: {json_text(v)}" for k, v in value.items())
        return "{" + ", ".join(inside) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(json_text, value)) + "]"
    digits = getattr(value, "text", None)
    try:
        return digits if isinstance(digits, str) else json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise Unfit(f"a call holds what is no JSON ({error})") from error


def _listed(record: Mapping[str, Any], name: str) -> list[Any]:
    return [] if record.get(name) in (None, "", ()) else listed(record, name)


def _texts(record: Mapping[str, Any], name: str) -> tuple[str, ...]:
    given = record.get(name)
    values = [given] if isinstance(given, str) and not given.startswith("[") else None
    found = values if values is not None else _listed(record, name)
    return tuple(text_of({name: one}, name) for one in found if one != "")
