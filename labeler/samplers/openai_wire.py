"""The OpenAI completions and chat formats as plain data: request fields out, status codes in.

Status codes become this project's errors here and nowhere else; what a good reply says is read by
`openai_reply.py`. No I/O.
Source: OpenAI API reference; extensions as in vLLM's OpenAI-compatible server.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import Any

from labeler.api_key import masked
from labeler.driver.requests import Sample
from labeler.errors import BackendBusy, BackendDown, BackendError, RequestError
from labeler.http_reply import HttpReply

Json = dict[str, Any]

BUSY = (408, 409, 425, 429)
OVERLOADED = (503, 529)
DOWN = (401, 403, 404, 405)


class Unreachable(BackendError):
    """This server does not answer or is broken; another one may do."""

    retry_helps = True


class Overloaded(Unreachable):
    """This server says that it has too much to do."""


class Silent(BackendBusy):
    """This server took a request and said nothing in time."""


def server_seed(seed: int) -> int:
    """Servers take 63 bits. vLLM gives completion i the seed + i: seeds should lie far apart."""
    return seed % 2**63


def sampling_fields(request: Sample, *, chat: bool) -> Json:
    """The fields of a request body that say how to draw."""
    sampling = request.sampling
    fields: Json = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
    }
    if sampling.top_k > 0:
        fields["top_k"] = sampling.top_k
    if sampling.stop:
        fields["stop"] = list(sampling.stop)
    if request.logprobs:
        fields["logprobs"] = True if chat else 1
    if request.schema:
        schema = {"name": "reply", "schema": json.loads(request.schema), "strict": True}
        fields["response_format"] = {"type": "json_schema", "json_schema": schema}
    return fields


def checked_json(reply: HttpReply, url: str, secrets: Sequence[str] = ()) -> Json:
    """The body of a good reply; any other raises what its status code means.

    Words of the server are repeated without `secrets`.
    """
    status = reply.status_code
    if status < 300:
        try:
            body = reply.json()
        except ValueError:
            body = None
        if isinstance(body, dict):
            return body
        raise Unreachable(f"{url} sent a body that is not a JSON object")
    line = f"{url} answered {status}: {_message(reply, secrets)}"
    if status in DOWN:
        raise BackendDown(f"{line}; check address, model name and key")
    if status in BUSY:
        raise BackendBusy(line, _retry_after_s(reply))
    if status in OVERLOADED:
        raise Overloaded(line)
    if status >= 500:
        raise Unreachable(line)
    raise RequestError(line)


def _retry_after_s(reply: HttpReply) -> float | None:
    """The pause that is asked for, in seconds or up to a date; None if none is, or nonsense."""
    said = reply.headers.get("Retry-After", "")
    try:
        # A date counts from the server's own clock: ours may differ.
        pause = float(said) if said.isdecimal() else _date(said) - _date(reply.headers["Date"])
    except (KeyError, ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0.0, pause)


def _date(text: str) -> float:
    return parsedate_to_datetime(text).timestamp()


def _message(reply: HttpReply, secrets: Sequence[str]) -> str:
    """The first line of what the server says, wherever it says it."""
    try:
        body = reply.json()
    except ValueError:
        body = reply.text
    error = body.get("error", body) if isinstance(body, dict) else body
    said = error.get("message", error) if isinstance(error, dict) else error
    # Masked before it is cut: half of a key would not be known for one.
    text = masked(_written(said), secrets).encode("utf-8", "replace").decode()
    return (text.strip().splitlines() or ["no reason given"])[0][:300]


def _written(value: object) -> str:
    try:
        return str(value)
    except (ValueError, RecursionError):  # digits without end, a nest without end
        return "no reason that could be read"
