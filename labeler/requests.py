"""What a labeler may ask for, and what comes back. Plain data: no I/O, no clock.

A request is identified by its content (`labeler.journal` hashes it), so asking the same thing twice
costs once. `asker` names the labeler for the bill and is no part of the identity.
"""

from __future__ import annotations

from dataclasses import dataclass

from labeler.records import Problem, Sampling, Verdict


@dataclass(frozen=True, slots=True)
class Message:
    """One chat turn; `role` is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A conversation, and the beginning of the assistant's answer that is to be continued."""

    messages: tuple[Message, ...]
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """`n` independent completions of a prompt.

    Completion i is drawn with a seed derived from (`seed`, i): it depends neither on `n` nor on
    what else is in the batch.
    """

    prompt: Prompt
    n: int
    sampling: Sampling
    seed: int
    logprobs: bool = False
    schema: str = ""
    """A JSON schema the text must follow, for backends with guided decoding; "" for free text."""
    asker: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """Log-probability of each token of `continuation` after the prompt."""

    prompt: Prompt
    continuation: str
    asker: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """Is `answer` equal to the problem's gold answer?"""

    problem: Problem
    answer: str
    asker: str = ""


Request = Sample | Score | Check


@dataclass(frozen=True, slots=True)
class Completion:
    """One sampled text, without the prompt and without the stop string.

    `finish` is "stop" (the model ended or a stop string came) or "length" (cut off).
    `tokens` holds the text of each token, which joined give `text`, and `logprobs` one natural
    logarithm per token; both are empty where the request did not ask for log-probabilities.
    """

    text: str
    n_tokens: int
    finish: str
    tokens: tuple[str, ...] = ()
    logprobs: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Samples:
    """Reply to `Sample`: exactly `n` completions. The prompt is counted once."""

    completions: tuple[Completion, ...]
    prompt_tokens: int
    model: str

    @property
    def completion_tokens(self) -> int:
        return sum(completion.n_tokens for completion in self.completions)


@dataclass(frozen=True, slots=True)
class Scores:
    """Reply to `Score`: one natural logarithm per token of the continuation."""

    logprobs: tuple[float, ...]
    prompt_tokens: int
    model: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Reply to `Check`: unknown always comes with a reason."""

    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """Reply to any request that could not be answered. Becomes unknown evidence, never wrong."""

    reason: str


Reply = Samples | Scores | Checked | Failed
