"""The OpenAI completions and chat formats as plain data: request fields out, replies in.

Status codes and bodies become this project's errors here and nowhere else. No I/O.
Source: OpenAI API reference; extensions as in vLLM's OpenAI-compatible server.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Any

import httpx

from labeler.driver.requests import Completion, Sample
from labeler.errors import BackendBusy, BackendDown, BackendError, RequestError
from labeler.samplers.token_texts import pieces_of

Json = dict[str, Any]

BUSY = (408, 409, 425, 429)
OVERLOADED = (503, 529)
DOWN = (401, 403, 404, 405)

CUT_OFF = (None, "abort", "error")
"""How completions end that the server, not the model, ended: vLLM's, SGLang's, some routers'."""


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


def checked_json(response: httpx.Response, url: str) -> Json:
    """The body of a good response; any other raises what its status code means."""
    status = response.status_code
    if status < 300:
        try:
            body = response.json()
        except ValueError:
            body = None
        if isinstance(body, dict):
            return body
        raise Unreachable(f"{url} sent a body that is not a JSON object")
    line = f"{url} answered {status}: {_message(response)}"
    if status in DOWN:
        raise BackendDown(f"{line}; check address, model name and key")
    if status in BUSY:
        raise BackendBusy(line, _retry_after_s(response))
    if status in OVERLOADED:
        raise Overloaded(line)
    if status >= 500:
        raise Unreachable(line)
    raise RequestError(line)


def completions_of(answer: Json, request: Sample, *, chat: bool) -> tuple[list[Completion], int]:
    """Completions in order, at least one, and the tokens of the prompt."""
    choices = answer.get("choices")
    if not choices:
        raise BackendBusy("the server sent no choices")
    usage = answer.get("usage") or {}
    try:
        choices = sorted(choices, key=lambda choice: choice.get("index", 0))
        texts = [str((c["message"]["content"] if chat else c["text"]) or "") for c in choices]
        if not any(texts) and usage.get("completion_tokens") == 0:
            # A model that has nothing to say still makes the token that ends its text.
            raise BackendBusy("the server sent empty texts and counts no tokens")
        counts = _token_counts(choices, texts, int(usage.get("completion_tokens") or 0))
        made = [
            _completion(choice, text, count, request)
            for choice, text, count in zip(choices, texts, counts, strict=True)
        ]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BackendBusy(f"the server's reply is malformed ({type(error).__name__}: {error})")
    return made, int(usage.get("prompt_tokens") or 0)


def work_in(answer: Json) -> int:
    """Tokens that an answer cost the server: those it made, or read where it made none."""
    usage = answer.get("usage") or {}
    counts = [usage.get("completion_tokens"), usage.get("prompt_tokens"), 1]
    return next(count for count in counts if isinstance(count, int) and count > 0)


def echoed_logprobs(answer: Json, n_prompt: int, n_continuation: int) -> tuple[float, ...]:
    """Log-probabilities of the continuation from a reply that repeats the whole prompt."""
    choice = (answer.get("choices") or [{}])[0]
    echoed = (choice.get("logprobs") or {}).get("token_logprobs") or []
    found = echoed[n_prompt : n_prompt + n_continuation]
    if len(found) < n_continuation or None in found:
        raise RequestError("the server gives no log-probabilities of prompts (echo); cannot score")
    return tuple(float(value) for value in found)


def _completion(choice: Json, text: str, n_tokens: int, request: Sample) -> Completion:
    finish = choice.get("finish_reason")
    if finish in CUT_OFF:
        raise BackendBusy(f"the server broke off a completion ({finish})")
    if finish not in ("stop", "length"):
        raise RequestError(f"the server ended a completion with {finish!r}")
    if not request.logprobs:
        return Completion(text, n_tokens, finish)
    tokens, logprobs = _by_token(choice)
    if not tokens:
        raise RequestError("the server sent no log-probabilities; it cannot answer this request")
    return Completion(text, n_tokens, finish, pieces_of(text, tokens), logprobs)


def _by_token(choice: Json) -> tuple[list[str], tuple[float, ...]]:
    """Token texts and log-probabilities; empty where the server gives none."""
    found = choice.get("logprobs") or {}
    if "content" in found:
        entries = found["content"] or ()
        return [e["token"] for e in entries], tuple(float(e["logprob"]) for e in entries)
    tokens, values = found.get("tokens") or [], found.get("token_logprobs") or []
    return list(tokens), tuple(float(value) for value in values)


def _token_counts(choices: Sequence[Json], texts: Sequence[str], total: int) -> list[int]:
    """Tokens per choice: its own where told, else `total` shared out by length of text."""
    told = [len(_by_token(choice)[1]) for choice in choices]
    if all(told):
        return told
    length = sum(map(len, texts)) or 1
    ends = [0]
    for text in texts:
        ends.append(ends[-1] + len(text))
    marks = [round(total * end / length) for end in ends]
    marks[-1] = total
    return [after - before for before, after in pairwise(marks)]


def _retry_after_s(response: httpx.Response) -> float | None:
    """The pause that is asked for, in seconds or up to a date; None if none is, or nonsense."""
    said = response.headers.get("Retry-After", "")
    try:
        # A date counts from the server's own clock: ours may differ.
        pause = float(said) if said.isdecimal() else _date(said) - _date(response.headers["Date"])
    except (KeyError, ValueError):
        return None
    return max(0.0, pause)


def _date(text: str) -> float:
    return parsedate_to_datetime(text).timestamp()


def _message(response: httpx.Response) -> str:
    """The first line of what the server says, wherever it says it."""
    try:
        body = response.json()
    except ValueError:
        body = response.text
    error = body.get("error", body) if isinstance(body, dict) else body
    text = error.get("message", error) if isinstance(error, dict) else error
    return (str(text).strip().splitlines() or ["no reason given"])[0][:300]
