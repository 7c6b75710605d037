"""Plays a labeler's partners: an answer to every request, runs in the real sandbox where wanted."""

import pytest

from labeler.driver.requests import Check, CheckResult, Completion, Run, RunResult, Sample, Samples
from labeler.records import Verdict
from labeler.sandbox.bubblewrap import Bubblewrap
from tests.sandbox.conftest import ran, with_sandbox


def samples(*texts, finish="stop", model="verifier"):
    return Samples(tuple(Completion(text, 4, finish) for text in texts), 10, model)


def printed(text, *, ended="exited", exit_code=0, stderr="", isolation="held"):
    return RunResult(ended, exit_code, text, stderr, (), (), 0, 0.0, 0.0, isolation)


def play(conversation, answer):
    """The findings, and all requests in order; `answer` gives the reply to each."""
    asked = []
    try:
        requests = next(conversation)
        while True:
            asked += requests
            requests = conversation.send([answer(request) for request in requests])
    except StopIteration as stop:
        return stop.value, asked


def checking(gold, answer):
    """`answer` to rollouts; what they end with is checked: right is `gold` to the letter."""

    def reply(request):
        if isinstance(request, Check):
            return CheckResult(Verdict.CORRECT if request.answer == gold else Verdict.WRONG)
        assert isinstance(request, Sample)
        return answer(request)

    return reply


def in_sandbox(answer):
    """`answer`, but programs are really run; skips where bubblewrap does not work."""
    if why := with_sandbox(Bubblewrap(1), lambda one: one.ready()):
        pytest.skip(why)

    def reply(request):
        return ran(Bubblewrap(1), request)[0] if isinstance(request, Run) else answer(request)

    return reply


def asked_of(requests, kind):
    return [request for request in requests if isinstance(request, kind)]
