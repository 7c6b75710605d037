"""The records that flow through every stage, frozen; a stage adds to a copy.

`schemas/` holds the same shapes as Arrow schemas, one file per released version.
Index bases are 0 here; papers that count from 1 are converted where they are read.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """What somebody says. An error (timeout, crash, no parse) is always UNKNOWN, never WRONG."""

    CORRECT = "correct"
    WRONG = "wrong"
    UNKNOWN = "unknown"


class Asks(StrEnum):
    """The question evidence answers; the two must not be mixed up (specs: value vs correctness)."""

    VALUE = "value"
    """Can the policy still reach the right answer from here? (Monte Carlo)"""
    CORRECTNESS = "correctness"
    """Is this step right? (answer checks, judges, tools)"""


class Domain(StrEnum):
    """What a problem is about, which says how its answer is read and checked."""

    MATH = "math"
    """A number, formula or short text, compared as mathematics."""
    CODE = "code"
    """A program, decided by the problem's tests."""
    QA = "qa"
    """An answer in words."""
    TRACE = "trace"
    """What a call of a program returns, and how it gets there."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a problem comes from; publishing refuses an unknown licence."""

    dataset: str = ""
    revision: str = ""
    split: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool. `arguments` is JSON text as it was written, whether it is JSON or not."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What somebody else said before the policy went on: a tool, or the user.

    `role` is who, as chats say it; `call` the index of the turn's call that it answers, None where
    it answers none. `reason` is the kind of failure where the call failed, "" where it did not.
    """

    role: str
    text: str
    call: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a step of an agent is made of: its words, its calls, and what was answered to them.

    Only `thought` and `calls` are the policy's; `observations` are never labelled or trained on.
    """

    thought: str
    calls: tuple[Call, ...] = ()
    observations: tuple[Observation, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a chat that is no turn of the policy's."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Trajectory:
    """The structure of an agent's solution: one turn per step, whose text stays its identity.

    `opening` is what was said before the first turn, and `tools` what the policy could call, as
    JSON text in OpenAI's form, "" where nobody says.
    """

    turns: tuple[Turn, ...]
    opening: tuple[Said, ...] = ()
    tools: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a problem beside its gold answer; labels rest on it.

    `aliases` are answers as good as the gold one, `calls` those that a right trajectory makes, in
    any order, `entities` what it comes by on its way.
    """

    aliases: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    entities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """The input of a run. `problem_id` is unique in a run and stable between runs.

    `domain` is one of `Domain`: readers reject any other. Rows that are stored already may hold
    another text, from builds that took any.
    """

    problem_id: str
    domain: str
    text: str
    gold_answer: str | None
    reference_solution: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    source: Source = field(default_factory=Source)
    known: Known | None = field(default=None, repr=False)
    """None where nothing more is known. Not shown: runs of before are known by what is shown."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How completions are drawn. `top_k` 0 and `top_p` 1 switch those filters off."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    max_tokens: int = 512
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Generator:
    """Who wrote a solution, precisely enough to write it again."""

    model: str
    revision: str
    sampling: Sampling
    seed: int
    prompt_sha: str


@dataclass(frozen=True, slots=True)
class ProblemSamples:
    """All samples that a run drew of a problem in order to solve it, equal texts included.

    `n` were drawn, `n_decided` of them had an outcome, `n_correct` a right one; `seed` tells one
    draw from another.
    """

    seed: int
    n: int
    n_decided: int
    n_correct: int


@dataclass(frozen=True, slots=True)
class Solution:
    """One answer in steps; `"".join(steps)` is the text as the model wrote it."""

    solution_id: str
    problem_id: str
    steps: tuple[str, ...]
    final_answer: str | None
    outcome: Verdict
    outcome_reason: str
    generator: Generator
    samples: ProblemSamples | None = field(default=None, repr=False)
    """Of its problem, None where none were drawn. Not shown: a run is known by what is shown."""
    logprobs: tuple[tuple[float, ...], ...] | None = field(default=None, repr=False)
    """Natural logarithms of its tokens' probabilities at temperature 1, step by step, as they were
    sampled; None where they were not asked for."""
    trajectory: Trajectory | None = field(default=None, repr=False)
    """What its steps are made of, where they are the turns of an agent."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one labeler says of the last step of one prefix.

    `score` lies in [0, 1], higher is better; `n` samples were drawn or votes cast, `n_correct`
    of them spoke for the step. `reason` says why, whenever the verdict is UNKNOWN; of a tool's
    WRONG it names the kind of the claim.
    `calls`, `prompt_tokens` and `completion_tokens` are what this piece of evidence cost.
    `signal` is a real number on the labeler's own scale, higher is better: evidence that is a score
    without a verdict. It is never a verdict by itself: rules that vote do not see it.
    """

    prefix_id: str
    labeler: str
    labeler_version: str
    asks: Asks
    verdict: Verdict
    score: float | None = None
    n: int = 0
    n_correct: int = 0
    rationale: str = ""
    model: str = ""
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reason: str = ""
    signal: float | None = None


@dataclass(frozen=True, slots=True)
class LabeledStep:
    """A step with its label: 1 right, 0 neutral, -1 wrong, None undecided.

    `probability` is the consensus' probability that the step is right, None where it has none.
    """

    text: str
    prefix_id: str
    label: int | None
    probability: float | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Consensus:
    """Which rule decided, and whether the solution is kept for training (and why not)."""

    policy: str
    kept: bool
    reason: str


@dataclass(frozen=True, slots=True)
class LabeledSolution:
    """One row of the dataset. `first_error` is 0-based, -1 for none, None for undecided."""

    problem: Problem
    solution: Solution
    steps: tuple[LabeledStep, ...]
    first_error: int | None
    consensus: Consensus


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that left the pipeline: where, and a short reason. Nothing is dropped silently.

    `text` is what a model wrote, where a reply was rejected: who reads why wants to see it.
    """

    stage: str
    record_id: str
    reason: str
    text: str = ""


def told_reasons(rejections: Iterable[Rejection], most: int = 3) -> str:
    """The most frequent reasons with their counts, in words: "3 no answer, 1 too easy"."""
    counts = Counter(rejection.reason for rejection in rejections)
    said = [f"{n:,} {reason}" for reason, n in counts.most_common(most)]
    others = counts.total() - sum(n for _, n in counts.most_common(most))
    return ", ".join([*said, *([f"{others:,} for other reasons"] if others else [])])


def short_hash(*parts: str) -> str:
    """16 hex digits of SHA-256 over the parts, each preceded by its length so none can run over."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()[:16]


LONG_TEXT = 1 << 16
"""Bytes of steps from which a prefix is hashed without its length, so that the next hash goes
on where this one ended: else 100,000 steps would take the square of their length."""


def prefix_id(problem_id: str, steps: Sequence[str]) -> str:
    """Identity of a step: the problem and all text up to and including the step.

    Depends on the joined text only, so two solutions that share a beginning share its evidence
    even where they split it into steps differently.
    """
    return prefix_ids(problem_id, ("".join(steps),))[0]


def prefix_ids(problem_id: str, steps: Sequence[str]) -> tuple[str, ...]:
    """The `prefix_id` of every step, in time linear in the text."""
    problem = problem_id.encode("utf-8", "surrogatepass")
    head = len(problem).to_bytes(8, "big") + problem
    growing = hashlib.sha256(head)
    written = bytearray()
    length = 0
    found = []
    for step in steps:
        data = step.encode("utf-8", "surrogatepass")
        growing.update(data)
        length += len(data)
        if length <= LONG_TEXT:
            written += data
            digest = hashlib.sha256(head + length.to_bytes(8, "big") + written)
        else:
            digest = growing
        found.append(digest.hexdigest()[:16])
    return tuple(found)
