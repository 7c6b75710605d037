"""Rollouts that act: the policy writes to the end of a call, the call is made, it goes on.

A turn ends with `</tool_call>`, which is kept, or with the policy's text: a turn that calls nothing
is the last, and the answer stands there. Behind a call comes what the environment of that name
answers, as `labeler.turns.rendered` writes it, and the next turn. A call that cannot be read, or of
a tool that there is not, is answered with an observation that says so, and the policy goes on. A
policy that begins to write `<tool_response>` itself is cut off there: nobody may invent what a tool
answers. All rollouts of all prefixes go on together, turn by turn; those that read the same are one
request.

What ends a rollout without an answer is told: a turn that was cut off, the run's bound on turns, a
model or an environment that gave no reply. Source: as Search-R1 (arXiv 2503.09516, algorithm 1) and
ProRAG's search do it. Where we differ: one call a turn; no answer is no wrong answer.
Does not cover: what a rollout's answer is worth (`labeler.labelers.base`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from labeler.driver.conversation import Conversation
from labeler.driver.requests import (
    Act,
    Acted,
    Completion,
    Failed,
    Prompt,
    Reply,
    Request,
    Sample,
    Samples,
)
from labeler.records import Call, Observation, Sampling, Turn
from labeler.seeds import derive_seed
from labeler.turns.rendered import TOOL, observation_text
from labeler.turns.similarity import arguments_of
from labeler.turns.step import TurnStep
from labeler.turns.tagged import call_in

OPENS, CLOSES, ANSWERS = "<tool_call>", "</tool_call>", "<tool_response>"
CUT_OFF = "cut off before its end"
MALFORMED, UNKNOWN_TOOL = "malformed call", "unknown tool"


@dataclass(frozen=True, slots=True)
class Acting:
    """How a run's policy calls tools.

    `environments` goes from the name of a tool to that of the environment which answers; `tools`
    are declared in OpenAI's form, as JSON text; a trajectory has at most `max_turns` turns.
    `in_messages`: the policy is shown its turns and what tools answered as messages of a chat, else
    all of it as the beginning of its one answer.
    """

    environments: Mapping[str, str]
    tools: str
    max_turns: int
    in_messages: bool = False


def sampling_of_turns(sampling: Sampling) -> Sampling:
    """How one turn is drawn: to the end of a call at most."""
    return replace(sampling, stop=tuple(dict.fromkeys((*sampling.stop, CLOSES, ANSWERS))))


@dataclass(frozen=True, slots=True)
class Written:
    """What came of one rollout: its turns from the prefix on, and why it ended without an answer.

    `is_unanswered` tells that it had all the turns there are and was still calling; `is_lost` that
    it ended for want of a reply, so nobody knows what it would have come to.
    """

    steps: tuple[TurnStep, ...]
    n_tokens: int
    why: str = ""
    is_unanswered: bool = False
    is_lost: bool = False

    @property
    def completion(self) -> Completion:
        """As if it had been sampled at once; the observations are no tokens of it."""
        return Completion("".join(self.steps), self.n_tokens, "length" if self.why else "stop")


@dataclass(frozen=True, slots=True)
class ActedOut:
    """The rollouts of one prefix and what they cost; `failure` says why there are none."""

    written: tuple[Written, ...] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    calls: int = 1
    failure: str = ""


@dataclass(slots=True)
class _Origin:
    """A prefix, and what was spent on it."""

    prefix: tuple[str, ...]
    seed: int
    n_turns_left: int
    failure: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    calls: int = 0


@dataclass(slots=True)
class _Rollout:
    """One rollout under way; `text` and `logprobs` are its newest turn, not yet read."""

    origin: _Origin
    steps: list[TurnStep] = field(default_factory=list)
    n_tokens: int = 0
    newest: Completion | None = None
    call: Call | None = None
    has_ended: bool = False
    why: str = ""
    is_unanswered: bool = False
    is_lost: bool = False

    def end(self, why: str = "", *, is_unanswered: bool = False, is_lost: bool = False) -> None:
        self.has_ended, self.why = True, why
        self.is_unanswered, self.is_lost = is_unanswered, is_lost

    @property
    def whole(self) -> tuple[str, ...]:
        """All steps there are, those of the prefix too."""
        return (*self.origin.prefix, *self.steps)


def act_out(
    acting: Acting,
    sampling: Sampling,
    prompt: Callable[[tuple[str, ...]], Prompt],
    prefixes: Sequence[tuple[str, ...]],
    n: int,
    seeds: Sequence[int],
    requester: str,
    *,
    token_texts: bool = False,
) -> Conversation[list[ActedOut]]:
    """`n` rollouts from each prefix; `prompt` says how the policy is asked to go on from steps."""
    origins = [
        _Origin(prefix, seed, max(1, acting.max_turns - len(prefix)))
        for prefix, seed in zip(prefixes, seeds, strict=True)
    ]
    rollouts = [[_Rollout(origin) for _ in range(n)] for origin in origins]
    groups = [(origin.seed, row) for origin, row in zip(origins, rollouts, strict=True)]
    while groups:
        replies = yield [
            Sample(prompt(row[0].whole), len(row), sampling, seed, token_texts, requester=requester)
            for seed, row in groups
        ]
        for (_, row), reply in zip(groups, replies, strict=True):
            _take(row, reply)
        going = [one for _, row in groups for one in row if not one.has_ended]
        yield from _carry_out(acting, going, requester)
        going = [one for one in going if not one.has_ended]
        for one in going:
            if len(one.steps) >= one.origin.n_turns_left:
                one.end(f"no answer within {acting.max_turns} turns", is_unanswered=True)
        groups = _grouped(one for one in going if not one.has_ended)
    return [_acted_out(o, row) for o, row in zip(origins, rollouts, strict=True)]


def _grouped(going: Iterable[_Rollout]) -> list[tuple[int, list[_Rollout]]]:
    """Rollouts of one prefix that read the same are one request, with a seed of its own."""
    found: dict[tuple[int, str], list[_Rollout]] = {}
    for one in going:
        found.setdefault((id(one.origin), "".join(one.steps)), []).append(one)
    return [
        (derive_seed(row[0].origin.seed, "turn", text), row) for (_, text), row in found.items()
    ]


def _take(row: Sequence[_Rollout], reply: Reply) -> None:
    """Gives each rollout its next turn, and the prefix what it cost."""
    origin = row[0].origin
    origin.calls += 1
    if not isinstance(reply, Samples):
        why = reply.reason if isinstance(reply, Failed) else "no samples"
        if not row[0].steps:
            origin.failure = why
        for one in row:
            one.end(why, is_lost=True)
        return
    origin.prompt_tokens += reply.prompt_tokens
    origin.completion_tokens += reply.completion_tokens
    for i, one in enumerate(row):
        if i >= len(reply.completions):
            one.end("its completion did not come", is_lost=True)
            continue
        one.newest = reply.completions[i]
        one.n_tokens += one.newest.n_tokens


def _carry_out(acting: Acting, going: Sequence[_Rollout], requester: str) -> Conversation[None]:
    """Reads the newest turn of each, makes the calls, and appends what was answered."""
    asked: dict[Act, None] = {}
    for one in going:
        one.call = _read(acting, one)
        if one.call is not None:
            asked[_act(acting, one.call, requester)] = None
    if not asked:
        return
    requests: list[Request] = list(asked)
    replies = yield requests
    answers = dict(zip(requests, replies, strict=True))
    for one in going:
        if one.call is None:
            continue
        reply = answers[_act(acting, one.call, requester)]
        if isinstance(reply, Acted):
            _append(one, one.call, Observation(TOOL, reply.text, 0, reply.failure or ""))
        else:
            why = reply.reason if isinstance(reply, Failed) else "no answer"
            name = one.call.name
            _append(one, one.call, None)
            one.end(f"tool {name}: {why}", is_lost=True)


def _act(acting: Acting, call: Call, requester: str) -> Act:
    """The same arguments are the same request, however they are written."""
    given = arguments_of(call)
    text = call.arguments if given is None else json.dumps(given, sort_keys=True)
    return Act(acting.environments[call.name], Call(call.name, text), requester)


def _read(acting: Acting, one: _Rollout) -> Call | None:
    """The call that the newest turn makes; without one the rollout is over, or answered here."""
    assert one.newest is not None
    text = one.newest.text
    if one.newest.finish == "length":
        if text:
            one.steps.append(TurnStep(text, Turn(text.strip()), one.newest.logprobs or None))
        one.end(CUT_OFF)
        return None
    if OPENS not in text:
        if text:
            one.steps.append(TurnStep(text, Turn(text.strip()), one.newest.logprobs or None))
        one.end()
        return None
    try:
        call = call_in(text.partition(OPENS)[2])
    except ValueError as error:
        said = f'Error: {error}; write {{"name": ..., "arguments": {{...}}}} between the tags'
        _append(one, None, Observation(TOOL, said, None, MALFORMED))
        return None
    if call.name not in acting.environments:
        known = ", ".join(acting.environments)
        said = f"Error: no tool is called {call.name!r}; there is {known}"
        _append(one, call, Observation(TOOL, said, 0, UNKNOWN_TOOL))
        return None
    return call


def _append(one: _Rollout, call: Call | None, seen: Observation | None) -> None:
    """The newest turn with what was answered to it; words that are no call are its thought."""
    assert one.newest is not None
    own = one.newest.text + CLOSES
    thought = own if call is None else own.partition(OPENS)[0]
    turn = Turn(thought.strip(), (call,) if call else (), (seen,) if seen else ())
    answered = observation_text(seen) + "\n" if seen else ""
    one.steps.append(TurnStep(f"{own}\n{answered}", turn, one.newest.logprobs or None))


def _acted_out(origin: _Origin, row: Sequence[_Rollout]) -> ActedOut:
    if origin.failure:
        return ActedOut(failure=origin.failure)
    written = tuple(
        Written(tuple(r.steps), r.n_tokens, r.why, r.is_unanswered, r.is_lost) for r in row
    )
    return ActedOut(written, origin.prompt_tokens, origin.completion_tokens, origin.calls)
