"""What a request is: who asks is no part of it, everything that its reply depends on is."""

import dataclasses
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.driver.identity import NAMES, request_key
from labeler.driver.requests import Act, Check, Message, Prompt, Sample, Score
from labeler.records import Call, Problem, Sampling

SAMPLE = Sample(Prompt((Message("user", "1 + 1?"),), "It "), 2, Sampling(), 7, requester="mc")


def test_who_asks_is_no_part_of_the_identity():
    other = Sample(SAMPLE.prompt, 2, Sampling(), 7, requester="omegaprm")
    assert request_key(SAMPLE, "model") == request_key(other, "model")


@pytest.mark.parametrize(
    "changed",
    [
        Sample(SAMPLE.prompt, 3, Sampling(), 7),
        Sample(SAMPLE.prompt, 2, Sampling(temperature=0.5), 7),
        Sample(SAMPLE.prompt, 2, Sampling(), 8),
        Sample(Prompt(SAMPLE.prompt.messages, "It is"), 2, Sampling(), 7),
        Sample(SAMPLE.prompt, 2, Sampling(), 7, logprobs=True),
    ],
)
def test_everything_else_is(changed):
    assert request_key(changed, "model") != request_key(SAMPLE, "model")


def test_the_backend_is_part_of_the_identity():
    assert request_key(SAMPLE, "model") != request_key(SAMPLE, "other model")


def test_a_check_is_known_by_gold_and_answer():
    one, same = Problem("p1", "math", "1 + 1?", "2"), Problem("p2", "math", "3 - 1?", "2")
    assert request_key(Check(one, "2"), "c") == request_key(Check(same, "2"), "c")
    assert request_key(Check(one, "2"), "c") != request_key(Check(one, "3"), "c")


NUMBERS = st.floats(0, 2) | st.integers(0, 2)
SAMPLINGS = st.builds(Sampling, temperature=NUMBERS, top_p=NUMBERS, stop=st.just(("\n",)))
MESSAGES = st.lists(st.builds(Message, st.sampled_from(["user", "system"]), st.text()), max_size=3)
PROMPTS = st.builds(Prompt, MESSAGES.map(tuple), st.text())
REQUESTS = st.one_of(
    st.builds(
        Sample, PROMPTS, st.integers(1, 9), SAMPLINGS, st.integers(), st.booleans(), st.text()
    ),
    st.builds(Score, PROMPTS, st.text()),
    st.builds(Act, st.text(), st.builds(Call, st.text(), st.text())),
)


@given(REQUESTS, st.text())
def test_the_identity_is_the_hash_of_plain_json(request, fingerprint):
    """Journals hold it, so texts that are made once for many requests must not change it: not for
    a temperature of 1 after one of 1.0, which is equal.
    """
    content = {k: v for k, v in dataclasses.asdict(request).items() if k not in NAMES}
    plain = [type(request).__name__, fingerprint, content]
    text = json.dumps(plain, separators=(",", ":"))
    assert request_key(request, fingerprint) == hashlib.sha256(text.encode()).digest()
