"""Lines of a batch's files, as plain data: requests out, results in. No I/O.

A request is known by a hash of what it asks (`custom_id`, at most 64 characters), so the same
request has the same name in every run, whoever asks.
Source: OpenAI API reference, "Batch": the request input, output and error objects; limits of a file
as in its guide.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from labeler.http_reply import HttpReply
from labeler.samplers.openai_wire import Json

MOST_REQUESTS = 50_000
MOST_BYTES = 190 << 20
"""Of one file; the API takes 200 MB."""


@dataclass(frozen=True, slots=True)
class Line:
    """A request of a batch: its name and the text of its line, without the line break."""

    key: str
    endpoint: str
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a batch says of a request: a reply with its status, or that it was not carried out."""

    key: str
    reply: HttpReply | None
    code: str = ""
    message: str = ""


def request_line(endpoint: str, body: Json) -> Line:
    """The line of a request; equal requests have equal names."""
    asked = json.dumps([endpoint, body], sort_keys=True, separators=(",", ":"))
    key = hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()
    content = {"custom_id": key, "method": "POST", "url": endpoint, "body": body}
    return Line(key, endpoint, json.dumps(content, separators=(",", ":")))


def files_of(lines: Iterable[Line], most: int) -> Iterator[list[Line]]:
    """Lines cut into files: one endpoint each, at most `most` requests and MOST_BYTES."""
    open_files: dict[str, list[Line]] = {}
    sizes: dict[str, int] = {}
    for line in lines:
        n_bytes = len(line.text.encode()) + 1
        held = open_files.setdefault(line.endpoint, [])
        if held and (len(held) >= most or sizes[line.endpoint] + n_bytes > MOST_BYTES):
            yield held
            held = open_files[line.endpoint] = []
            sizes[line.endpoint] = 0
        held.append(line)
        sizes[line.endpoint] = sizes.get(line.endpoint, 0) + n_bytes
    yield from open_files.values()


def result_of(text: str) -> Result | None:
    """A line of an output or error file; None for one that says nothing of a request."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    key = content.get("custom_id") if isinstance(content, dict) else None
    if not isinstance(key, str):
        return None
    response, error = content.get("response"), content.get("error")
    if isinstance(response, dict) and isinstance(response.get("status_code"), int):
        body = json.dumps(response.get("body")).encode()
        return Result(key, HttpReply(response["status_code"], {}, body))
    told = error if isinstance(error, dict) else {}
    return Result(key, None, str(told.get("code") or ""), str(told.get("message") or "")[:300])


def reasons_of(batch: Json) -> Sequence[tuple[str, str, int | None]]:
    """Why a whole batch failed: code, message, and the line (from 1) where it is one's fault."""
    errors = batch.get("errors")
    entries = errors.get("data") if isinstance(errors, dict) else None
    found = [one for one in entries or [] if isinstance(one, dict)]
    return [
        (
            str(one.get("code") or ""),
            str(one.get("message") or "no reason given")[:300],
            one["line"] if isinstance(one.get("line"), int) else None,
        )
        for one in found
    ]
