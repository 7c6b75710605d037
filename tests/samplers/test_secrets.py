"""A key that a server repeats stands in no error and in no reply that is kept."""

from __future__ import annotations

import asyncio

import pytest

from labeler.api_key import masked
from labeler.driver.requests import Failed, Message, Prompt, Sample
from labeler.errors import BackendError
from labeler.records import Sampling
from labeler.samplers.openai_http import OpenAISampler
from tests.http_server import Handler, serving

KEY = "sk-secret+SENTINEL/123="
ONE = Sample(Prompt((Message("user", "Hello"),)), 1, Sampling(max_tokens=9), seed=5)


def said_of(status: int, body: object, monkeypatch) -> str:
    """What a person is told of a server that always answers so."""
    monkeypatch.setenv("SOME_KEY", KEY)

    class Repeating(Handler):
        def do_POST(self):
            self.asked()
            self.say(status, body)

        do_GET = do_POST

    async def ask(url: str) -> str:
        sampler = OpenAISampler([url], "m", api_key_env="SOME_KEY", concurrency=1)
        try:
            if isinstance(body, dict) and "data" in body:
                await sampler.ready()
            [reply] = await sampler.sample([ONE])
            assert isinstance(reply, Failed)
            return reply.reason
        except BackendError as error:
            return str(error)
        finally:
            await sampler.aclose()

    with serving(Repeating) as url:
        return asyncio.run(ask(url))


def test_a_key_in_a_refusal_is_masked(monkeypatch):
    said = said_of(401, {"error": {"message": f"Incorrect API key provided: {KEY}."}}, monkeypatch)
    assert "answered 401: Incorrect API key provided: ***.; check" in said
    assert KEY not in said


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": f"no such key: {KEY}"}),
        (429, f"Bearer {KEY} asks too much".encode()),
        (500, {"detail": {"headers": {"authorization": [f"Bearer {KEY}"]}}}),
        (200, {"choices": [{"text": "Hi", "finish_reason": f"blocked for {KEY}"}]}),
        (200, {"data": [{"id": KEY}]}),
    ],
)
def test_wherever_a_server_repeats_it(monkeypatch, status, body):
    said = said_of(status, body, monkeypatch)
    assert "***" in said
    assert "SENTINEL" not in said


def test_a_key_at_which_a_long_message_is_cut_leaves_no_half(monkeypatch):
    said = said_of(403, ("x" * 290 + KEY).encode(), monkeypatch)
    assert "xxx***" in said
    assert "sk-" not in said


def test_a_key_that_is_escaped_is_known_for_one(monkeypatch):
    escaped = "".join(f"\\u{ord(c):04x}" for c in KEY)
    said = said_of(401, f'{{"error": "{escaped}"}}'.encode(), monkeypatch)
    assert "answered 401: ***;" in said


def test_short_keys_that_are_no_secrets_are_masked_as_words():
    assert masked("no EMPTY key, not EMPTYING: key=EMPTY", ["EMPTY"]) == (
        "no *** key, not EMPTYING: key=***"
    )
