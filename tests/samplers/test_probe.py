"""What servers cannot do is said before the first problem: real servers, each with one lack."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace

import pytest

from labeler.driver.requests import Message, Prompt
from labeler.errors import BackendDown
from labeler.samplers.base import Needs
from labeler.samplers.openai_http import OpenAISampler
from tests.http_server import Handler, serving

ANSWER = "First, 6 * 7 = 42. Then we take 2 away, and 42 - 2 = 40. The answer is 40."
OTHER = "Sure! Let me think about it: 6 * 7 = 42, so 42 - 2 = 40 and that is it."
ASKED = Prompt((Message("user", "What is 6 * 7 - 2?"),))
ROLLS_OUT = Needs(ASKED, continues=True)


def honest(body: dict, **lacks) -> tuple[int, dict]:
    """Replies as a model would: greedy ones are the answer's rest, hot ones hang on the seed.

    `lacks` say what the server does instead, by field.
    """
    chat = "messages" in body
    text = body["messages"][-1]["content"] if chat else body["prompt"]
    prefix = text if chat and body["messages"][-1]["role"] == "assistant" else ""
    if not chat:
        prefix = text.partition("?")[2]
    if prefix and lacks.get("refuses"):
        return 400, {"error": {"message": "the last message must be the user's"}}
    rest = ANSWER[len(prefix) :] if not lacks.get("afresh") else ANSWER
    if prefix and lacks.get("talks"):
        rest = OTHER[len(prefix) % 7 :]
    rest = rest.lstrip() if lacks.get("strips") else rest
    n = 1 if lacks.get("one choice") else body["n"]
    texts = [rest] * n
    if body["temperature"] > 0 and not lacks.get("one text"):
        lacks["count"] += 1
        seed = lacks["count"] if lacks.get("seedless") else body["seed"]
        texts = [hashlib.sha256(f"{seed} {i}".encode()).hexdigest() for i in range(n)]
    if not lacks.get("stopless"):
        texts = [text.partition(stop)[0] for stop in body.get("stop", ["\0"]) for text in texts]
    if "logprobs" in body and lacks.get("silent on odds") == "refuses":
        return 400, {"error": {"message": "logprobs is not supported"}}
    choices = []
    for index, said in enumerate(texts):
        choice = {"index": index, "finish_reason": "stop", "text": said}
        if chat:
            choice["message"] = {"role": "assistant", "content": said}
        if "logprobs" in body and not lacks.get("silent on odds"):
            choice["logprobs"] = {"tokens": [said], "token_logprobs": [-1.0]}
            if chat:
                choice["logprobs"] = {"content": [{"token": said, "logprob": -1.0}]}
        choices.append(choice)
    return 200, {"choices": choices, "usage": {"prompt_tokens": 9, "completion_tokens": 9 * n}}


def probed(needs: Needs = ROLLS_OUT, api: str = "chat", **lacks):
    """Lines on a server with these lacks, without its address; and how often it was asked."""
    bodies = []
    state = {"count": 0}

    class Asked(Handler):
        def do_POST(self):
            body = self.asked()
            bodies.append(body)
            lacks["count"] = state["count"]
            status, reply = honest(body, **lacks)
            state["count"] += body["temperature"] > 0
            self.say(status, reply)

    async def run(url: str) -> list[str]:
        sampler = OpenAISampler([url], "m", api=api)
        try:
            return await sampler.probe(needs)
        finally:
            await sampler.aclose()

    lines, error = [], None
    with serving(Asked) as url:
        try:
            lines = asyncio.run(run(url))
        except BackendDown as caught:
            error = caught
    if error is not None:
        raise error
    return [line.removeprefix(f"{url}/v1 ") for line in lines], bodies


def test_of_an_honest_server_nothing_is_said_and_little_asked():
    lines, bodies = probed()
    assert lines == []
    assert len(bodies) == 6
    assert sum(body["n"] * body["max_tokens"] for body in bodies) <= 3 * 32 + 9 * 12


def test_each_server_is_asked_at_its_own_address():
    hosts = []

    class Asked(Handler):
        def do_POST(self):
            hosts.append(self.headers["Host"])
            self.say(*honest(self.asked(), count=0))

    async def run(*urls: str) -> list[str]:
        sampler = OpenAISampler(list(urls), "m", api="chat")
        try:
            return await sampler.probe(ROLLS_OUT)
        finally:
            await sampler.aclose()

    with serving(Asked) as one, serving(Asked) as other:
        assert asyncio.run(run(one, other)) == []
    assert len(hosts) == 12
    assert [hosts.count(url.removeprefix("http://")) for url in (one, other)] == [6, 6]


@pytest.mark.parametrize("lack", ["afresh", "talks"])
@pytest.mark.parametrize("api", ["chat", "completions"])
def test_a_server_that_does_not_continue_is_refused_where_rollouts_need_it(api, lack):
    with pytest.raises(BackendDown) as caught:
        probed(api=api, **{lack: True})
    line = str(caught.value)
    assert "answers anew instead of continuing a given beginning, so rollouts from" in line
    assert "\n" not in line


def test_a_server_that_refuses_a_beginning_is_refused_with_its_words():
    with pytest.raises(BackendDown, match=r"refuses to continue .*the last message must be the"):
        probed(refuses=True)


def test_without_rollouts_it_is_only_told():
    [line], _ = probed(Needs(ASKED), afresh=True)
    assert line.startswith("answers anew instead of continuing a given beginning; labelers that")


def test_texts_without_their_first_space_are_told():
    [line], _ = probed(strips=True)
    assert line.startswith("drops white space where it continues")


@pytest.mark.parametrize("how", [True, "refuses"])
def test_missing_log_probabilities_are_told_and_refused_where_needed(how):
    [line], _ = probed(**{"silent on odds": how})
    assert line == "gives no log-probabilities; labelers that weigh tokens cannot be used with it"
    with pytest.raises(BackendDown, match=r"gives no log-probabilities, which alphamath needs"):
        probed(Needs(ASKED, logprobs=("alphamath",)), **{"silent on odds": how})


def test_ignored_stop_strings_are_told_and_refused_where_needed():
    [line], _ = probed(stopless=True)
    assert line == "goes on behind stop strings; sampling.stop cannot be used with it"
    with pytest.raises(BackendDown, match="goes on behind stop strings, which this run's samples"):
        probed(Needs(ASKED, stop=True), stopless=True)


@pytest.mark.parametrize(
    ("lack", "line"),
    [
        ("one choice", "does not keep n: of 3 completions it gives 1 (slow)"),
        ("seedless", "does not keep to seeds: its replies cannot be had again"),
        ("one text", "gives one text whatever the seed: n rollouts tell no more than one"),
    ],
)
def test_what_only_slows_down_is_told(lack, line):
    assert probed(**{lack: True})[0] == [line]


def test_completions_without_a_tokenizer_say_so():
    lines, _ = probed(api="completions")
    assert lines == [
        "m is asked by api: completions without policy.tokenizer: its prompts have no chat "
        "template; name the model's folder, unless it is a base model"
    ]


def test_a_server_that_fails_is_asked_again_and_then_left_alone():
    answers = 3 * [(503, {"error": "busy"})]

    class Busy(Handler):
        def do_POST(self):
            body = self.asked()
            self.say(*(answers.pop() if answers else honest(body, count=0)))

    class Broken(Handler):
        def do_POST(self):
            self.asked()
            self.say(500, {"error": "broken"})

    async def run(url: str) -> list[str]:
        sampler = OpenAISampler([url], "m", api="chat")
        try:
            return await sampler.probe(ROLLS_OUT)
        finally:
            await sampler.aclose()

    with serving(Busy) as url:
        assert asyncio.run(run(url)) == []
    with serving(Broken) as url:
        [line] = asyncio.run(run(url))
        assert line == f"what {url}/v1 can do is not known ({url}/v1 answered 500: broken)"


def test_a_server_that_cannot_score_given_texts_is_told_where_a_labeler_would():
    [line], _ = probed(replace(ROLLS_OUT, scores=("surprise",)))
    assert line == (
        "m cannot score given texts (scoring over HTTP needs the tokenizer: set policy.tokenizer): "
        "no surprise of given solutions"
    )
