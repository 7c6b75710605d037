"""The body of an OpenAI-compatible reply as completions or scores, each field checked.

What a server sends is a stranger's text: any field may have any type, size or value. A reply that
is not what the API promises is "busy, ask again" (`BackendBusy`); no other exception leaves this
module but `RequestError`, for what the server says it will never do. Token counts go into the bill,
so one that cannot be is malformed, too: a negative or endless one, or more tokens than were asked
for and than the text has bytes.

Source: OpenAI API reference; vLLM's and SGLang's replies. No I/O.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from labeler.driver.requests import Completion, Sample, Score
from labeler.errors import BackendBusy, RequestError
from labeler.samplers.token_texts import pieces_of

Json = dict[str, Any]

CUT_OFF = (None, "abort", "error")
"""How completions end that the server, not the model, ended: vLLM's, SGLang's, some routers'."""

SPARE_TOKENS = 16
"""Per completion, beyond those asked for: end tokens, which some count."""
TEMPLATE_TOKENS = 20_000
"""A chat template or a server may put its own instructions before a prompt."""
ABOVE_ZERO = 1e-2
"""Log-probabilities are at most 0, but for rounding."""

BASE_BYTES, PROMPT_TIMES = 256 << 10, 4
"""Of any reply; and how many times the prompt, which some servers repeat, as text or numbers."""
BYTES_PER_TOKEN, BYTES_PER_TOLD_TOKEN = 64, 512
"""Of a reply: a token is some 4 characters, 6 bytes each where escaped; with its log-probability,
its text stands there twice or thrice, with its bytes as a list of numbers."""
MOST_BYTES = 256 << 20


def most_bytes(request: Sample | Score, n_tokens: int = 0) -> int:
    """How long an honest reply may be. `n_tokens` are those of a prompt that is to be repeated."""
    if isinstance(request, Sample):
        tokens = request.n * (request.sampling.max_tokens + SPARE_TOKENS)
        each = BYTES_PER_TOLD_TOKEN if request.logprobs else BYTES_PER_TOKEN
    else:
        tokens, each = n_tokens, BYTES_PER_TOLD_TOKEN
    return min(MOST_BYTES, BASE_BYTES + PROMPT_TIMES * _prompt_bytes(request) + tokens * each)


def completions_of(answer: Json, request: Sample, *, chat: bool) -> tuple[list[Completion], int]:
    """Completions in order, at least one, and the tokens of the prompt."""
    choices = sorted(_choices(answer), key=_index)
    texts = [_text(choice, chat=chat) for choice in choices]
    n = len(choices)
    room = max(n * request.sampling.max_tokens, sum(len(text.encode()) for text in texts))
    made = _count(answer, "completion_tokens", room + n * SPARE_TOKENS)
    if not any(texts) and made == 0:
        # A model that has nothing to say still makes the token that ends its text.
        raise BackendBusy("the server sent empty texts and counts no tokens")
    told = [_by_token(choice) for choice in choices]
    counts = _token_counts([len(values) for _, values in told], texts, made or 0)
    completions = [
        _completion(choice, text, count, request, *tokens)
        for choice, text, count, tokens in zip(choices, texts, counts, told, strict=True)
    ]
    read = _count(answer, "prompt_tokens", n * (_prompt_bytes(request) + TEMPLATE_TOKENS))
    return completions, read or 0


def echoed_logprobs(answer: Json, n_prompt: int, n_continuation: int) -> tuple[float, ...]:
    """Log-probabilities of the continuation from a reply that repeats the whole prompt."""
    told = _choices(answer)[0].get("logprobs") or {}
    echoed = told.get("token_logprobs") if isinstance(told, dict) else told
    if not isinstance(echoed or [], list):
        raise _malformed("logprobs")
    found = (echoed or [])[n_prompt : n_prompt + n_continuation]
    if len(found) < n_continuation or None in found:
        raise RequestError("the server gives no log-probabilities of prompts (echo); cannot score")
    return tuple(map(_logprob, found))


def models_in(answer: Json) -> set[str]:
    """The names in a list of models; entries that have none count for nothing."""
    entries = answer.get("data")
    found = entries if isinstance(entries, list) else []
    names = (entry.get("id") for entry in found if isinstance(entry, dict))
    return {name for name in names if isinstance(name, str)}


def work_in(answer: Json) -> int:
    """Tokens that an answer cost the server: those it made, or read where it made none."""
    usage = answer.get("usage")
    told = usage if isinstance(usage, dict) else {}
    counts = [told.get("completion_tokens"), told.get("prompt_tokens"), 1]
    return next(n for n in counts if isinstance(n, int) and 0 < n < MOST_BYTES)


def _malformed(what: str) -> BackendBusy:
    return BackendBusy(f"the server's reply is malformed ({what})")


def _choices(answer: Json) -> list[Json]:
    choices = answer.get("choices")
    if choices in (None, [], {}):
        raise BackendBusy("the server sent no choices")
    if not isinstance(choices, list) or not all(isinstance(one, dict) for one in choices):
        raise _malformed("choices")
    return choices


def _index(choice: Json) -> int:
    index = choice.get("index", 0)
    if isinstance(index, bool) or not isinstance(index, int):
        raise _malformed("index")
    return index


def _text(choice: Json, *, chat: bool) -> str:
    """What was said; "" where it is null, as it is of a model that only thought."""
    holder, name = (choice.get("message"), "content") if chat else (choice, "text")
    if not isinstance(holder, dict) or name not in holder:
        raise _malformed(name)
    text = holder[name]
    return "" if text is None else _characters(text, name)


def _characters(text: object, name: str) -> str:
    if not isinstance(text, str):
        raise _malformed(name)
    try:
        text.encode()
    except UnicodeEncodeError:
        # Half of a character: no file could hold it.
        raise _malformed(f"{name}: half of a surrogate pair")
    return text


def _count(answer: Json, name: str, at_most: int) -> int | None:
    """A number of tokens; None where the server does not count."""
    usage = answer.get("usage")
    if usage is None:
        return None
    if not isinstance(usage, dict):
        raise _malformed("usage")
    count = usage.get(name)
    if isinstance(count, float) and count.is_integer():
        count = int(count)  # 12.0, as some languages write it
    if count is None:
        return None
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= at_most:
        raise _malformed(name)
    return count


def _prompt_bytes(request: Sample | Score) -> int:
    """Each token of a prompt is made of at least one."""
    prompt = request.prompt
    texts = [*(message.content for message in prompt.messages), prompt.prefix]
    return sum(len(text.encode("utf-8", "replace")) for text in texts)


def _completion(
    choice: Json, text: str, n_tokens: int, request: Sample,
    tokens: Sequence[str], logprobs: tuple[float, ...],
) -> Completion:  # fmt: skip
    finish = choice.get("finish_reason")
    if finish is not None:
        finish = _characters(finish, "finish_reason")
    if finish in CUT_OFF:
        raise BackendBusy(f"the server broke off a completion ({finish})")
    if finish not in ("stop", "length"):
        # Not cut: half of a repeated key would not be known for one.
        said = repr(finish) if len(finish) <= 200 else "more words than a reason has"
        raise RequestError(f"the server ended a completion with {said}")
    if not request.logprobs:
        return Completion(text, n_tokens, finish)
    if not tokens:
        raise RequestError("the server sent no log-probabilities; it cannot answer this request")
    return Completion(text, n_tokens, finish, pieces_of(text, tokens), logprobs)


def _by_token(choice: Json) -> tuple[list[str], tuple[float, ...]]:
    """Token texts and log-probabilities; empty where the server gives none."""
    found = choice.get("logprobs")
    if not found:
        return [], ()
    if not isinstance(found, dict):
        raise _malformed("logprobs")
    if "content" in found:
        entries = _list(found, "content")
        if not all(isinstance(entry, dict) for entry in entries):
            raise _malformed("logprobs")
        tokens = [entry.get("token") for entry in entries]
        values = [entry.get("logprob") for entry in entries]
    else:
        tokens, values = _list(found, "tokens"), _list(found, "token_logprobs")
    if len(tokens) != len(values):
        raise _malformed("logprobs")
    return [_characters(token, "token") for token in tokens], tuple(map(_logprob, values))


def _list(record: Json, name: str) -> list[Any]:
    found = record.get(name) or []
    if not isinstance(found, list):
        raise _malformed(name)
    return found


def _logprob(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _malformed("a log-probability")
    if not -math.inf < value <= ABOVE_ZERO:
        raise _malformed("a log-probability")
    try:
        return float(value)
    except OverflowError:
        raise _malformed("a log-probability")


def _token_counts(told: Sequence[int], texts: Sequence[str], total: int) -> list[int]:
    """Tokens per choice: its own where told, else `total` shared out by length of text."""
    if all(told):
        return list(told)
    length = sum(map(len, texts)) or 1
    ends = [0]
    for text in texts:
        ends.append(ends[-1] + len(text))
    marks = [round(total * end / length) for end in ends]
    marks[-1] = total
    return [after - before for before, after in pairwise(marks)]
