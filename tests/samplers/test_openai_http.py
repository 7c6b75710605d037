"""The HTTP sampler against a real server that says what the test wants; see also the contract."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from labeler.driver.requests import Completion, Failed, Message, Prompt, Sample, Samples, Score
from labeler.errors import BackendBusy, BackendDown, ConfigError
from labeler.records import Sampling
from labeler.samplers.base import completion_seed
from labeler.samplers.openai_http import OpenAISampler
from tests.http_server import Handler, serving

HELLO = Prompt((Message("system", "Be brief."), Message("user", "Hello")))
ONE = Sample(HELLO, 1, Sampling(max_tokens=9), seed=5)


@dataclass
class Server:
    """Gives its answers in turn, the last one for ever, and keeps what it was asked."""

    answers: list[tuple[int, object]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    pause_s: float = 0.0
    paths: list[str] = field(default_factory=list)
    bodies: list[dict] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def server() -> Iterator[Server]:
    script = Server()

    class Asked(Handler):
        def do_POST(self):
            script.paths.append(self.path)
            script.keys.append(self.headers["Authorization"])
            if (body := self.asked()) is not None:
                script.bodies.append(body)
            time.sleep(script.pause_s)
            first, *rest = script.answers
            script.answers = rest or [first]
            status, body = first
            self.say(status, body, script.headers)

        def do_GET(self):
            # The queue is read between other things, at no certain time; this server has none.
            return self.send_error(404) if self.path == "/metrics" else self.do_POST()

    with serving(Asked) as script.url:
        yield script


@pytest.fixture
def dead_url() -> str:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        return f"http://127.0.0.1:{gone.getsockname()[1]}"


def choices(*texts: str, total: int = 4) -> tuple[int, dict]:
    found = [{"index": i, "text": t, "finish_reason": "stop"} for i, t in enumerate(texts)]
    return 200, {"choices": found, "usage": {"prompt_tokens": 3, "completion_tokens": total}}


def sample(request: Sample, *urls: str, **how):
    """The reply to one request, from a sampler of its own."""

    async def run():
        sampler = OpenAISampler(list(urls), "m", **how)
        try:
            [reply] = await sampler.sample([request])
        finally:
            await sampler.aclose()
        return reply

    return asyncio.run(run())


def test_a_completions_body_without_tokenizer_joins_the_messages(server):
    server.answers = [choices("Hi")]
    assert sample(ONE, server.url) == Samples((Completion("Hi", 4, "stop"),), 3, "m")
    assert server.paths == ["/v1/completions"]
    assert server.bodies == [
        {
            "model": "m",
            "prompt": "Be brief.Hello",
            "n": 1,
            "seed": 5,
            "max_tokens": 9,
            "temperature": 1.0,
            "top_p": 1.0,
        }
    ]


def test_a_completions_body_with_tokenizer_follows_its_template(server, model_dir):
    server.answers = [choices("Hi")]
    request = Sample(Prompt(HELLO.messages, "So"), 1, Sampling(), seed=5)
    sample(request, server.url, tokenizer=model_dir)
    [body] = server.bodies
    assert body["prompt"] == "system: Be brief.\nuser: Hello\nassistant: So"
    assert body["add_special_tokens"] is False


def test_a_chat_body_continues_the_prefix_and_names_what_is_set(server):
    answer = {"message": {"content": "Hi"}, "finish_reason": "length", "index": 0}
    server.answers = [(200, {"choices": [answer], "usage": {"completion_tokens": 2}})]
    how = Sampling(temperature=0.5, top_p=0.9, top_k=4, max_tokens=2, stop=("\n",))
    request = Sample(Prompt(HELLO.messages, "So"), 1, how, seed=5, schema='{"type": "object"}')
    reply = sample(request, server.url + "/v1/", api="chat")
    assert reply == Samples((Completion("Hi", 2, "length"),), 0, "m")
    assert server.paths == ["/v1/chat/completions"]
    assert server.bodies == [
        {
            "model": "m",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Hello"},
                {"role": "assistant", "content": "So"},
            ],
            "continue_final_message": True,
            "add_generation_prompt": False,
            "n": 1,
            "seed": 5,
            "max_tokens": 2,
            "temperature": 0.5,
            "top_p": 0.9,
            "top_k": 4,
            "stop": ["\n"],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "reply", "schema": {"type": "object"}, "strict": True},
            },
        }
    ]


def test_choices_come_in_the_order_of_their_index(server):
    status, body = choices("a", "b", "c")
    server.answers = [(status, {**body, "choices": body["choices"][::-1]})]
    reply = sample(Sample(HELLO, 3, Sampling(), seed=5), server.url)
    assert [c.text for c in reply.completions] == ["a", "b", "c"]


def test_tokens_of_several_completions_are_shared_out_exactly(server):
    server.answers = [choices("aaaa", "a", "aa", total=10)]
    reply = sample(Sample(HELLO, 3, Sampling(), seed=5), server.url)
    assert [c.n_tokens for c in reply.completions] == [6, 1, 3]


def test_missing_choices_are_asked_for_with_another_seed(server):
    """A server that gives one choice instead of three, whenever it is asked, ignores n."""
    server.answers = [choices("a"), choices("a"), choices("a"), choices("b", "c")]
    reply = sample(Sample(HELLO, 3, Sampling(), seed=5), server.url)
    assert [c.text for c in reply.completions] == ["a", "b", "c"]
    asked = [(body["n"], body["seed"]) for body in server.bodies]
    assert asked == [(3, 5), (3, 5), (3, 5), (2, completion_seed(5, 1))]


def test_choices_lost_on_the_way_are_not_replaced_by_others(server):
    server.answers = [choices("b", "c"), choices("a", "b", "c")]
    reply = sample(Sample(HELLO, 3, Sampling(), seed=5), server.url)
    assert [c.text for c in reply.completions] == ["a", "b", "c"]
    assert [(body["n"], body["seed"]) for body in server.bodies] == [(3, 5), (3, 5)]


def test_a_server_that_gave_all_choices_before_has_lost_some(server):
    server.answers = [choices("a", "b", "c"), choices("a", "b")]
    first, second = (Sample(HELLO, 3, Sampling(), seed=seed) for seed in (5, 6))

    async def both():
        sampler = OpenAISampler([server.url], "m")
        await sampler.sample([first])
        try:
            await sampler.sample([second])
        finally:
            await sampler.aclose()

    with pytest.raises(BackendBusy, match="a server sent 2 choices of 3"):
        asyncio.run(both())


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"choices": []}, "sent no choices"),
        (choices("a", "b")[1], "sent 2 choices of 1"),
        (choices("", total=0)[1], "sent empty texts and counts no tokens"),
        ({"choices": [{"text": "a", "finish_reason": None}]}, "broke off a completion"),
        ({"choices": [{"text": "a", "finish_reason": "abort"}]}, "broke off a completion"),
    ],
)
def test_a_reply_that_cannot_be_meant_is_worth_trying_again(server, body, says):
    server.answers = [(200, body)]
    with pytest.raises(BackendBusy, match=says):
        sample(ONE, server.url)


def test_a_text_of_nothing_but_its_end_is_an_answer(server):
    server.answers = [choices("", total=1)]
    assert sample(ONE, server.url) == Samples((Completion("", 1, "stop"),), 3, "m")


def test_at_temperature_0_one_completion_stands_for_all(server):
    server.answers = [choices("a")]
    reply = sample(Sample(HELLO, 3, Sampling(temperature=0.0), seed=5), server.url)
    assert [c.text for c in reply.completions] == ["a", "a", "a"]
    assert [body["n"] for body in server.bodies] == [1]


def test_asked_for_logprobs_that_do_not_come_fail(server):
    server.answers = [choices("a")]
    reply = sample(Sample(HELLO, 1, Sampling(), seed=5, logprobs=True), server.url)
    assert isinstance(reply, Failed)
    assert "log-probabilities" in reply.reason


def test_a_filtered_completion_fails(server):
    answer = {"text": "", "finish_reason": "content_filter"}
    server.answers = [(200, {"choices": [answer]})]
    assert sample(ONE, server.url) == Failed("the server ended a completion with 'content_filter'")


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refused_request_fails_with_the_servers_words(server, status):
    server.answers = [(status, {"error": {"message": "too long\nby far"}})]
    assert sample(ONE, server.url) == Failed(f"{server.url}/v1 answered {status}: too long")


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_wrong_key_or_model_is_not_worth_trying_again(server, status):
    server.answers = [(status, {"error": {"message": "who?"}})]
    with pytest.raises(BackendDown, match=f"answered {status}: who?"):
        sample(ONE, server.url)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_an_overloaded_server_is_worth_trying_again(server, status):
    server.answers = [(status, b"<html>busy</html>")]
    with pytest.raises(BackendBusy, match=f"answered {status}: <html>busy</html>"):
        sample(ONE, server.url)


@pytest.mark.parametrize(
    ("header", "pause_s"),
    [
        ("7", 7.0),
        ("Wed, 21 Oct 2015 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2015 07:27:00 GMT", 0.0),
        ("Wed, 21 Oct", None),
        ("nan", None),
        ("-1", None),
    ],
)
def test_a_server_may_say_when_to_come_back(server, header, pause_s):
    """A date counts from the server's own clock, whatever ours says."""
    server.answers = [(429, {})]
    server.headers = {"Retry-After": header, "Date": "Wed, 21 Oct 2015 07:28:00 GMT"}
    with pytest.raises(BackendBusy) as caught:
        sample(ONE, server.url)
    assert caught.value.retry_after_s == pause_s


@pytest.mark.parametrize("body", [b"", b"not JSON", b"[]", b'{"choices": [{"index": 0}]}'])
def test_a_malformed_reply_is_worth_trying_again(server, body):
    server.answers = [(200, body)]
    with pytest.raises(BackendBusy):
        sample(ONE, server.url)


def test_a_slow_server_is_busy(server):
    server.answers = [choices("late")]
    server.pause_s = 0.3
    with pytest.raises(BackendBusy, match=r"no answer in 0.1 s; raise policy.timeout_s"):
        sample(ONE, server.url, timeout_s=0.1)


def test_a_dead_server_is_busy(dead_url):
    with pytest.raises(BackendBusy, match=f"{dead_url}/v1/completions does not answer"):
        sample(ONE, dead_url)


def test_another_server_takes_over(server, dead_url):
    server.answers = [choices("Hi")]
    for text in "abcdef":
        request = Sample(Prompt((Message("user", text),)), 1, Sampling(), seed=5)
        assert sample(request, dead_url, server.url).completions[0].text == "Hi"


def test_one_failed_request_leaves_the_others_alone(server):
    server.answers = [(400, {"error": {"message": "no"}}), choices("Hi")]

    async def run():
        sampler = OpenAISampler([server.url], "m", concurrency=1)
        replies = await sampler.sample([ONE, ONE])
        await sampler.aclose()
        return replies

    assert [type(reply) for reply in asyncio.run(run())] == [Failed, Samples]


def test_the_key_travels_in_the_header(server, monkeypatch):
    server.answers = [choices("Hi")]
    monkeypatch.setenv("SOME_KEY", "secret")
    sample(ONE, server.url, api_key_env="SOME_KEY")
    assert server.keys == ["Bearer secret"]


def test_what_the_user_can_mend_is_said_at_once(monkeypatch):
    monkeypatch.delenv("SOME_KEY", raising=False)
    with pytest.raises(ConfigError, match="urls is empty"):
        OpenAISampler([], "m")
    with pytest.raises(ConfigError, match="'localhost:8000' is not an address"):
        OpenAISampler(["localhost:8000"], "m")
    with pytest.raises(ConfigError, match="the variable SOME_KEY is not set"):
        OpenAISampler(["http://h"], "m", api_key_env="SOME_KEY")
    with pytest.raises(ConfigError, match="api 'text' is not one of"):
        OpenAISampler(["http://h"], "m", api="text")
    with pytest.raises(ConfigError, match=r"no tokenizer.json in 'absent'"):
        OpenAISampler(["http://h"], "m", tokenizer="absent")


def ready(*urls: str) -> None:
    async def run():
        sampler = OpenAISampler(list(urls), "m")
        try:
            await sampler.ready()
        finally:
            await sampler.aclose()

    asyncio.run(run())


def test_ready_when_one_server_knows_the_model(server, dead_url):
    server.answers = [(200, {"data": [{"id": "m"}]})]
    ready(dead_url, server.url)
    assert server.paths == ["/v1/models"]


def test_not_ready_without_a_server(dead_url):
    with pytest.raises(BackendDown) as caught:
        ready(dead_url)
    line = f"no server answers at {dead_url}/v1; start it or check --set policy.urls"
    assert str(caught.value) == line


def test_not_ready_without_the_model(server):
    server.answers = [(200, {"data": [{"id": "other"}]})]
    with pytest.raises(BackendDown) as caught:
        ready(server.url)
    assert str(caught.value) == f"no model 'm' at {server.url}/v1, only other; check the name"


def score(request: Score, url: str, tokenizer: str | None):
    async def run():
        sampler = OpenAISampler([url], "m", tokenizer=tokenizer)
        [reply] = await sampler.score([request])
        await sampler.aclose()
        return reply

    return asyncio.run(run())


def test_scoring_needs_a_tokenizer(server):
    reply = score(Score(HELLO, "Hi"), server.url, None)
    assert reply == Failed("scoring over HTTP needs the tokenizer: set policy.tokenizer")


def test_a_server_that_cannot_echo_cannot_score(server, model_dir):
    server.answers = [choices("Hi")]
    reply = score(Score(HELLO, "Hi"), server.url, model_dir)
    assert isinstance(reply, Failed)
    assert reply.reason.endswith("(echo); cannot score")
