"""Requests by the Batch API: nothing is asked twice, whatever goes wrong; labels stay the same."""

from __future__ import annotations

import asyncio
import hashlib
import json
import multiprocessing
import os
import re
import signal
from collections import Counter

import pytest

from labeler.dataset import open_dataset
from labeler.driver.requests import Failed, Message, Prompt, Sample
from labeler.errors import BackendBusy, BackendDown, ConfigError
from labeler.records import Sampling
from labeler.samplers.batches.collector import BatchOptions
from labeler.samplers.batches.lines import MOST_BYTES, Line, files_of, request_line
from labeler.samplers.openai_http import OpenAISampler
from tests.samplers.batch_server import BatchServer, batch_api

QUICK = BatchOptions(most=100, poll_s=0.01, gather_s=0.02)


def chat(endpoint, body):
    """One choice for each of n: what was asked last, and a number that the seed decides."""
    said = body["messages"][-1]["content"]
    texts = [f"{said} {hash_of(body, i)}" for i in range(body["n"])]
    return 200, chat_reply(texts)


def hash_of(body, i):
    asked = json.dumps([body, i], sort_keys=True).encode()
    return int.from_bytes(hashlib.sha256(asked).digest()[:2], "big")


def chat_reply(texts):
    return {
        "choices": [
            {"index": i, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            for i, text in enumerate(texts)
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2 * len(texts)},
    }


def ask(text, n=1):
    return Sample(Prompt((Message("user", text),)), n, Sampling(temperature=0.5, max_tokens=20), 7)


def asked(server, texts, folder=None, options=QUICK):
    """What a sampler of its own gets for these texts: a text or a reason each."""
    with batch_api(server) as url:
        return by(url, texts, folder, options)


def by(url, texts, folder=None, options=QUICK):
    sampler = OpenAISampler([url], "judge", api="chat", batch=options, timeout_s=5.0)
    if folder is not None:
        sampler.remember_in(folder)

    async def all_of_them():
        try:
            return await sampler.sample([ask(text) for text in texts])
        finally:
            await sampler.aclose()

    replies = asyncio.run(all_of_them())
    return [one.reason if isinstance(one, Failed) else one.completions[0].text for one in replies]


def words(replies):
    return [reply.split()[0] for reply in replies]


def once(server):
    return set(server.carried_out.values()) == {1}


def test_requests_that_wait_together_go_out_together(tmp_path):
    server = BatchServer(chat)
    assert words(asked(server, ["a", "b", "a"], tmp_path)) == ["a", "b", "a"]
    assert (len(server.batches), len(server.carried_out), server.live) == (1, 2, [])


def test_requests_that_come_one_after_another_go_out_together():
    server = BatchServer(chat)
    with batch_api(server) as url:
        options = BatchOptions(most=1000, poll_s=0.01, gather_s=0.2)
        sampler = OpenAISampler([url], "judge", api="chat", batch=options)

        async def late(i):
            for _ in range(i):
                await asyncio.sleep(0)
            return await sampler.sample([ask(f"{i}")])

        async def everybody():
            try:
                return await asyncio.gather(*map(late, range(200)))
            finally:
                await sampler.aclose()

        replies = asyncio.run(everybody())
    assert [reply.completions[0].text.split()[0] for [reply] in replies] == [*map(str, range(200))]
    assert len(server.batches) == 1


def test_results_that_nobody_took_are_given_again_without_another_batch(tmp_path):
    """The process died between the end of a batch and the journal."""
    server = BatchServer(chat)
    with batch_api(server) as url:
        first, again = (by(url, list("abc"), tmp_path) for _ in range(2))
    assert first == again
    assert (len(server.batches), once(server)) == (1, True)


def test_a_file_holds_so_many_requests_and_no_more():
    server = BatchServer(chat)
    options = BatchOptions(most=2, poll_s=0.01, gather_s=0.02)
    assert words(asked(server, list("abcde"), options=options)) == list("abcde")
    sizes = [one["request_counts"]["total"] for one in server.batches.values()]
    assert sorted(sizes) == [1, 2, 2]


def test_files_have_one_endpoint_and_a_size_that_the_api_takes():
    long = "x" * (MOST_BYTES // 2)
    lines = [Line("1", "a", long), Line("2", "b", "y"), Line("3", "a", "z"), Line("4", "a", long)]
    keys = [[line.key for line in file] for file in files_of(lines, 10)]
    assert keys == [["1", "3"], ["4"], ["2"]]


def test_equal_requests_have_equal_names_which_the_api_takes():
    one, same, other = (request_line("/v1/x", body) for body in ({"a": 1}, {"a": 1}, {"a": 2}))
    assert one == same
    assert one.key != other.key
    assert len(one.key) <= 64


def test_what_expired_is_asked_again_and_the_rest_is_not(tmp_path):
    server = BatchServer(chat, faults=["expire 2"])
    assert words(asked(server, list("abcde"), tmp_path)) == list("abcde")
    assert once(server)
    assert [one["status"] for one in server.batches.values()] == ["expired", "completed"]


def test_a_request_that_no_batch_answers_is_busy_and_asked_in_three(tmp_path):
    server = BatchServer(chat, faults=["expire 0"] * 9)
    with pytest.raises(BackendBusy, match="no answer in 3 batches"):
        asked(server, ["a"], tmp_path)
    assert len(server.batches) == 3


def test_a_request_that_is_refused_fails_alone_with_the_reason(tmp_path):
    def picky(endpoint, body):
        if body["messages"][-1]["content"] == "b":
            return 400, {"error": {"message": "b is too long", "type": "invalid_request_error"}}
        return chat(endpoint, body)

    server = BatchServer(picky)
    one, two, three = asked(server, list("abc"), tmp_path)
    assert words([one, three]) == ["a", "c"]
    assert re.fullmatch(r"http\S+ answered 400: b is too long", two)
    assert once(server)


def test_a_server_error_on_one_request_is_asked_again(tmp_path):
    met = Counter()

    def shaky(endpoint, body):
        text = body["messages"][-1]["content"]
        met[text] += 1
        return (
            (500, {"error": {"message": "oh"}}) if text == "b" and met[text] < 3 else chat("", body)
        )

    server = BatchServer(shaky)
    assert words(asked(server, list("abc"), tmp_path)) == list("abc")
    assert met == {"a": 1, "b": 3, "c": 1}


def test_where_too_much_waits_already_smaller_batches_follow(tmp_path):
    server = BatchServer(chat, faults=["full", "", "full"])
    assert words(asked(server, list("abcd"), tmp_path)) == list("abcd")
    assert once(server)
    sizes = [one["request_counts"]["total"] for one in server.batches.values()]
    assert sorted(sizes) == [0, 0, 1, 1, 2]


def test_a_batch_refused_for_a_line_fails_that_request_and_asks_the_others(tmp_path):
    server = BatchServer(chat, faults=["line 2"])
    one, two, three = asked(server, list("abc"), tmp_path)
    assert (words([one, three]), two) == (["a", "c"], "no such field")
    assert once(server)


def test_a_batch_that_somebody_cancelled_ends_the_run_and_the_next_asks_the_rest(tmp_path):
    server = BatchServer(chat, faults=["cancel 2"])
    with batch_api(server) as url:
        with pytest.raises(BackendDown, match="batch_0 was cancelled, with 1 requests open"):
            by(url, list("abc"), tmp_path)
        assert words(by(url, list("abc"), tmp_path)) == list("abc")
    assert once(server)


def test_a_server_that_gives_fewer_choices_is_asked_for_the_others():
    def one_choice(endpoint, body):
        return chat(endpoint, body | {"n": 1})

    server = BatchServer(one_choice)
    with batch_api(server) as url:

        async def of(batch):
            sampler = OpenAISampler([url], "judge", api="chat", batch=batch)
            try:
                return await sampler.sample([ask("a", n=3)])
            finally:
                await sampler.aclose()

        [reply], [expected] = (asyncio.run(of(batch)) for batch in (QUICK, None))
    assert reply.completions == expected.completions
    assert len({completion.text for completion in reply.completions}) == 3


def test_a_batch_belongs_to_one_server():
    with pytest.raises(ConfigError, match="batch: name one address in urls"):
        OpenAISampler(["http://a", "http://b"], "judge", batch=QUICK)


# A whole run, killed again and again


def judge(endpoint, body):
    """Holds steps with a 6 to be wrong, and some others, as the seed has it; n replies."""
    prompt = body["messages"][-1]["content"]
    steps = re.findall(r"<step_(\d+)>\s*(.*?)\s*</step_\1>", prompt, re.DOTALL)
    texts = []
    for i in range(body["n"]):
        verdicts = [
            {"step": int(k), "analysis": "Seen.",
             "verdict": "wrong" if "6" in text or hash_of(body, i) % 5 == 0 else "correct"}
            for k, text in steps
        ]  # fmt: skip
        wrong = any(one["verdict"] == "wrong" for one in verdicts)
        texts.append(json.dumps({"steps": verdicts, "conclusion": "wrong" if wrong else "correct"}))
    return 200, chat_reply(texts)


RECORDS = [
    {"id": f"s{k}", "problem": f"{k} + 3?", "steps": [f"It is {k + 3}.", f"So {k + 3}."]}
    for k in range(12)
]

RUN = """
problems: {{kind: solved, path: set.jsonl}}
solutions: 0
steps: auto
models:
  judge: {{engine: openai, model: judge, urls: ["{url}"]{batch}}}
labelers:
- {{kind: judge, model: judge, votes: 3, temperature: 0.7, every_step: true}}
consensus: {{rule: majority}}
run: {{probe: false}}
"""


def labelled(folder, out):
    """A run of its own process, resumed if it was begun; its exit code."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["labeler.wiring.runs", "deltalake", "polars", "pyarrow.parquet"]
    )
    process = context.Process(target=run_there, args=(str(folder / "run.yaml"), str(out)))
    process.start()
    return process


def run_there(config, out):
    from labeler.wiring import run

    run(config, out, resume=True)


def said_of(out):
    """All that a run wrote about steps."""
    rows = sorted(open_dataset(out).solutions(), key=lambda row: row.solution.solution_id)
    return [(row.solution, row.first_error, row.steps) for row in rows]


STAGES = ["before upload", "after upload", "before begin", "after begin", "look", "download"]
"""Where the run is killed, one after the other; then it may end."""


def test_a_run_killed_at_every_stage_asks_nothing_twice_and_labels_as_a_live_one(tmp_path):
    (tmp_path / "set.jsonl").write_text("\n".join(map(json.dumps, RECORDS)))
    stages, process = list(STAGES), None

    def kill(stage):
        if stages and stages[0] == stage and process.pid:
            stages.pop(0)
            os.kill(process.pid, signal.SIGKILL)

    server = BatchServer(judge, faults=["", "expire 2"], on=kill)
    with batch_api(server) as url:
        batch = ", batch: {requests: 5, poll_s: 0.05, gather_s: 0.1}"
        (tmp_path / "run.yaml").write_text(RUN.format(url=url, batch=batch))
        codes = []
        while not codes or codes[-1] == -signal.SIGKILL:
            process = labelled(tmp_path, tmp_path / "by_batch")
            process.join()
            codes.append(process.exitcode)
        assert (stages, codes[-1], {*codes[:-1]}) == ([], 0, {-signal.SIGKILL})
        (tmp_path / "run.yaml").write_text(RUN.format(url=url, batch=""))
        live = labelled(tmp_path, tmp_path / "live")
        live.join()
    # A greeting is live, too.
    bodies = {json.dumps(body, sort_keys=True) for body in server.live if body["n"] == 3}
    assert server.carried_out == dict.fromkeys(bodies, 1)
    assert len(bodies) == len(RECORDS)
    assert said_of(tmp_path / "by_batch") == said_of(tmp_path / "live")
    runs = [open_dataset(tmp_path / out).versions()[-1].info.run_id for out in ("by_batch", "live")]
    assert runs[0] == runs[1]
