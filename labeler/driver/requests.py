"""What a labeler may ask for, and what comes back. Plain data: no I/O, no clock.

A request is identified by its content (`labeler.driver.journal` hashes it), so asking the same
thing twice costs once. `requester` names the labeler, for its costs, `group` what it belongs to;
neither is part of the identity.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from labeler.records import Asks, Call, Problem, Sampling, Verdict

POLICY = "policy"
"""The model whose solutions are labelled; a run's config may name more, such as a judge."""


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
    model: str = POLICY
    """Which of the run's models is asked."""
    requester: str = ""
    group: str = ""
    """What this request belongs to (the driver says: its conversation, a problem). Several servers
    of one model get each group on one of them, whose prefix cache then knows it."""


@dataclass(frozen=True, slots=True)
class Score:
    """Log-probability of each token of `continuation` after the prompt.

    The continuation is encoded whole, as a model reads it, so a token may reach over the end of a
    step; `labeler.driver.pieces` shares tokens out among steps.
    """

    prompt: Prompt
    continuation: str
    model: str = POLICY
    requester: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Classify:
    """A reward model's score of each piece (step) of a solution to a problem.

    `prompt` is the problem as a user says it; what else the model wants to read (its system prompt,
    the marks behind steps) is its family's business (`labeler.samplers.reward`).
    """

    prompt: Prompt
    pieces: tuple[str, ...]
    model: str
    requester: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """Is `answer` equal to the problem's gold answer?"""

    problem: Problem
    answer: str
    requester: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one sandboxed run may use. Processor time decides; the wall clock catches sleepers.

    A program that works through all of `wall_s` (on a busy machine) is given it again, nine times.
    `memory_bytes` holds for each process and, where control groups can be had, for all together;
    `disk_bytes` for all files; `output_bytes` is what is kept of each of stdout and stderr.
    """

    cpu_s: float = 2.0
    wall_s: float = 30.0
    memory_bytes: int = 512 << 20
    disk_bytes: int = 16 << 20
    output_bytes: int = 64 << 10
    processes: int = 8


@dataclass(frozen=True, slots=True)
class Run:
    """Runs a Python program in the sandbox: as a script, or with tests, never both.

    With `tests` the program is loaded as a module in one process, and each test (Python source,
    usually an assert) is executed in another, which calls the first; the program never sees the
    tests. `entries` names what tests take from the program although Python has the name itself.
    `packages` lets the program import the third-party packages of this environment.
    """

    program: str
    tests: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    stdin: str = ""
    files: tuple[tuple[str, str], ...] = ()
    """Name, relative to the working directory, and content of each file that is laid out before."""
    limits: Limits = Limits()
    coverage: bool = False
    packages: bool = False
    requester: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """A call of a tool, answered by one of the run's environments (a search index, a sandbox).

    `environment` is the name under which the run has it, and no part of the request's identity:
    the call is, with the environment's own hash.
    """

    environment: str
    call: Call
    requester: str = ""
    group: str = ""


Request = Sample | Score | Classify | Check | Run | Act

OfModel = Sample | Score | Classify
"""Requests that a model answers."""


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
        return sum([completion.n_tokens for completion in self.completions])


@dataclass(frozen=True, slots=True)
class Scores:
    """Reply to `Score`: one natural logarithm per token of the continuation, at temperature 1.

    `tokens` holds the text of each token, which joined give the continuation.
    """

    logprobs: tuple[float, ...]
    prompt_tokens: int
    model: str
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Classified:
    """Reply to `Classify`: one score per piece, in [0, 1], higher is better.

    `asks` says what the model was trained to tell: whether steps are right, or their value.
    """

    scores: tuple[float, ...]
    prompt_tokens: int
    model: str
    asks: Asks = Asks.CORRECTNESS


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Reply to `Check`: unknown always comes with a reason."""

    verdict: Verdict
    reason: str = ""


class TestStatus(StrEnum):
    """What came of one test. UNTESTED is nobody's fault: the test itself could not be decided."""

    PASSED = "passed"
    FAILED = "failed"
    UNTESTED = "untested"


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test of a run; `reason` says why it did not pass."""

    result: TestStatus
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RunResult:
    """Reply to `Run`: what the program did, as the process beside it saw it.

    `ended` is finished (all tests were tried), raised (loading the program raised), exited or
    signalled (the program ended itself), closed (it hung up on the tests), cpu, wall or memory
    (a limit), flood (more was returned than is read). `exit_code` is negative for a signal; of a
    program that served tests to their end it says nothing. Tests that were never begun are not in
    `tests`. `covered` are the lines (from 1) that ran. `isolation` says what held the program.
    """

    ended: str
    exit_code: int | None
    stdout: str
    stderr: str
    tests: tuple[TestResult, ...]
    covered: tuple[int, ...]
    peak_bytes: int
    cpu_s: float
    wall_s: float
    isolation: str


@dataclass(frozen=True, slots=True)
class Acted:
    """Reply to `Act`: what the tool answered, as the policy reads it.

    `failure` is the kind of failure where the call failed ("bad arguments", "time-out"), which is
    an answer, too; None where it did not. `left_out` counts the characters of a longer answer that
    the text does not hold. What kept the environment itself from answering is `Failed`.
    """

    text: str
    failure: str | None = None
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """Reply to any request that could not be answered. Becomes unknown evidence, never wrong."""

    reason: str


Reply = Samples | Scores | Classified | CheckResult | RunResult | Acted | Failed
