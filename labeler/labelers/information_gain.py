"""Information gain: does the policy believe more in the right answer after a step than before it?

IGPO (arXiv 2510.14967). With y the gold answer of L tokens, p_t the prefix through step t and B a
bridge that ends the thinking and opens the answer,

    l_t = (1/L) sum_i log pi(y_i | problem, p_t, B, y_<i)      mean over the answer's tokens only
    gain of step t: exp(l_t) - exp(l_{t-1}) (`scale: probability`, as released)
                    or l_t - l_{t-1}        (`scale: log`, the later paper; our default)

No rollouts, no judge, no second model: one forward pass per prefix. `signal` is the gain, `score`
is exp(l_t), and what the evidence is about is VALUE. There is no threshold in the paper: `drop`
makes a verdict "wrong" of a loss larger than it (in nats, or in probability), and is our own.

Where a problem has a reference solution, `faithfulness` reads P2S (arXiv 2601.20649) instead, as
far as it is public:

    PFR_t = max_u [log pi(s_u | problem, p_t) - log pi(s_u | problem, p_masked)],  mean per token,

with s_u the reference's suffix from its step u. Assumed, for the paper's text does not say: the
mean per token, the masked prefix (the one without step t, or the bare problem: `baseline`), and u
in t to t + 2 instead of all (the cost is quadratic in the steps otherwise; t counts the solution's
steps, and ends at the reference's last).

Where we differ from IGPO's code: the answer's tokens come out of one encoding of answer and closing
text, not of pieces encoded apart; the last step has a gain, too (theirs is the answer's F1); the
first gold answer only. Trap: a step that states the answer saturates l_t, and one before it hides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from labeler.driver.conversation import Conversation
from labeler.driver.pieces import logprobs_by_piece
from labeler.driver.requests import POLICY, Failed, Reply, Request, Score, Scores
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Method, MethodSettings, no_prompts
from labeler.labelers.shared.bridge import opening
from labeler.labelers.shared.score_alone import NO_VERDICT
from labeler.records import Asks, Evidence, Problem, Solution, Verdict, prefix_id, prefix_ids

NAME: Final = "information_gain"
VERSION = "1"
ANSWER = "{answer}"
AHEAD = 2
"""So many reference steps beyond the solution's own place are tried (P2S tries all)."""

Prefix = tuple[str, ...]


class InformationGain(MethodSettings):
    """Every step, by how much more the policy believes in the right answer after it.

    `bridge` holds {answer} once: what stands before it opens the answer behind any prefix, in the
    policy's own form, what stands behind it closes it.
    """

    kind: Literal["information_gain"] = NAME
    model: str = POLICY
    bridge: str = "\nAnswer: {answer}"
    scale: Literal["log", "probability"] = "log"
    reading: Literal["answer", "faithfulness"] = "answer"
    baseline: Literal["previous", "question"] = "previous"
    drop: Annotated[float, Field(gt=0)] | None = None

    @property
    def models(self) -> tuple[str, ...]:
        return (self.model,)

    @property
    def scores_with(self) -> tuple[str, ...]:
        return self.models

    @model_validator(mode="after")
    def _one_answer(self) -> InformationGain:
        if self.bridge.count(ANSWER) != 1:
            raise ValueError("bridge must hold {answer} exactly once")
        return self


def information_gain(
    problem: Problem, solutions: tuple[Solution, ...], settings: InformationGain, policy: Policy
) -> Conversation[Findings]:
    """Evidence on every step; one request per prefix, which solutions share."""
    ask = _Faithfulness if settings.reading == "faithfulness" else _Answer
    asking = ask(problem, settings, policy)
    if asking.nothing or not solutions:
        pieces = _unknown(problem, solutions, asking.nothing)
        return Findings(pieces, statistics={"solutions": len(solutions), "scored": 0})
    wanted = asking.wanted(solutions)
    replies = dict(zip(wanted, (yield [*wanted.values()]), strict=True))
    found: dict[str, Evidence] = {}
    for solution in solutions:
        for t in range(len(solution.steps)):
            prefix = prefix_id(problem.problem_id, solution.steps[: t + 1])
            if prefix not in found:
                found[prefix] = asking.evidence(prefix, solution.steps, t, replies)
    paid = list(_with_costs(tuple(found.values()), list(replies.values())))
    scored = sum(piece.signal is not None for piece in paid)
    statistics = {"solutions": len(solutions), "scored": scored}
    return Findings(tuple(paid), statistics=statistics)


class _Answer:
    """IGPO: the gold answer behind every prefix."""

    def __init__(self, problem: Problem, settings: InformationGain, policy: Policy) -> None:
        self.settings, self._policy, self._problem = settings, policy, problem
        before, _, self._after = settings.bridge.partition(ANSWER)
        # A space before the answer is often one token with it.
        self._before = before.rstrip(" ")
        self._lead = before[len(self._before) :]
        self._answer = problem.gold_answer or ""
        self.nothing = "" if self._answer else "the problem has no gold answer"

    def wanted(self, solutions: Sequence[Solution]) -> Mapping[object, Request]:
        prefixes = {one.steps[:t]: None for one in solutions for t in range(len(one.steps) + 1)}
        return {prefix: self._request(prefix) for prefix in prefixes}

    def evidence(
        self, prefix: str, steps: Prefix, t: int, replies: Mapping[object, Reply]
    ) -> Evidence:
        after, before = self._belief(replies[steps[: t + 1]]), self._belief(replies[steps[:t]])
        for one in (after, before):
            if isinstance(one, str):
                return _silent(prefix, one)
        assert not isinstance(after, str)
        assert not isinstance(before, str)
        p = math.exp(min(after, 0.0))
        gain = after - before
        if self.settings.scale == "probability":
            gain = p - math.exp(min(before, 0.0))
        said = f"gain {gain:+.4g}, log p {after:.4g}"
        return _piece(prefix, gain, p, said, replies[steps[: t + 1]], self.settings.drop)

    def _request(self, prefix: Prefix) -> Score:
        prompt = self._policy.prompt(self._problem, (*prefix, opening(prefix, self._before)))
        text = self._lead + self._answer + self._after
        return Score(prompt, text, model=self.settings.model, requester=NAME)

    def _belief(self, reply: Reply) -> float | str:
        """Mean log-probability of the answer's tokens, or why there is none."""
        if not isinstance(reply, Scores):
            return reply.reason if isinstance(reply, Failed) else "no scores"
        pieces = (self._lead, self._answer, self._after)
        found = logprobs_by_piece(reply.tokens, reply.logprobs, pieces)
        if not found or not found[1]:
            return "the tokens are not those of the answer"
        return math.fsum(found[1]) / len(found[1])


class _Faithfulness:
    """P2S: suffixes of the reference solution behind every prefix."""

    def __init__(self, problem: Problem, settings: InformationGain, policy: Policy) -> None:
        self.settings, self._policy, self._problem = settings, policy, problem
        self._reference = problem.reference_solution
        self.nothing = "" if self._reference else "the problem has no reference solution"

    def wanted(self, solutions: Sequence[Solution]) -> Mapping[object, Request]:
        asked: dict[object, Request] = {}
        for one in solutions:
            for t in range(len(one.steps)):
                for u in self._places(t):
                    for prefix in (one.steps[: t + 1], self._baseline(one.steps, t)):
                        asked[prefix, u] = self._request(prefix, u)
        return asked

    def evidence(
        self, prefix: str, steps: Prefix, t: int, replies: Mapping[object, Reply]
    ) -> Evidence:
        best: tuple[float, int, Reply] | None = None
        reason = ""
        for u in self._places(t):
            reply = replies[steps[: t + 1], u]
            after, before = _mean(reply), _mean(replies[self._baseline(steps, t), u])
            if isinstance(after, str) or isinstance(before, str):
                reason = after if isinstance(after, str) else str(before)
            elif best is None or after - before > best[0]:
                best = (after - before, u, reply)
        if best is None:
            return _silent(prefix, reason)
        gain, u, reply = best
        said = f"gain {gain:+.4g} of the reference from its step {u}"
        return _piece(prefix, gain, None, said, reply, self.settings.drop)

    def _places(self, t: int) -> range:
        last = len(self._reference) - 1
        return range(min(t, last), min(t + AHEAD, last) + 1)

    def _baseline(self, steps: Prefix, t: int) -> Prefix:
        return steps[:t] if self.settings.baseline == "previous" else ()

    def _request(self, prefix: Prefix, u: int) -> Score:
        prompt = self._policy.prompt(self._problem, (*prefix, opening(prefix, "\n")))
        text = "\n".join(step.strip("\n") for step in self._reference[u:])
        return Score(prompt, text, model=self.settings.model, requester=NAME)


def _mean(reply: Reply) -> float | str:
    if not isinstance(reply, Scores):
        return reply.reason if isinstance(reply, Failed) else "no scores"
    if not reply.logprobs:
        return "the reference has no tokens"
    return math.fsum(reply.logprobs) / len(reply.logprobs)


def _piece(
    prefix: str, gain: float, p: float | None, said: str, reply: Reply, drop: float | None
) -> Evidence:
    """Only a loss is ever a verdict: that a right step gains nothing is common."""
    is_loss = drop is not None and gain < -drop
    return Evidence(
        prefix, NAME, VERSION, Asks.VALUE, Verdict.WRONG if is_loss else Verdict.UNKNOWN,
        score=p,
        rationale=said,
        model=reply.model if isinstance(reply, Scores) else "",
        reason="" if is_loss else NO_VERDICT,
        signal=gain,
    )  # fmt: skip


def _silent(prefix: str, reason: str) -> Evidence:
    return Evidence(prefix, NAME, VERSION, Asks.VALUE, Verdict.UNKNOWN, reason=reason)


def _unknown(problem: Problem, solutions: Sequence[Solution], reason: str) -> tuple[Evidence, ...]:
    prefixes = {one: None for s in solutions for one in prefix_ids(problem.problem_id, s.steps)}
    return tuple(_silent(prefix, reason) for prefix in prefixes)


def _with_costs(pieces: Sequence[Evidence], replies: Sequence[Reply]) -> Sequence[Evidence]:
    """All requests of the problem are paid by its first piece: prefixes are asked once for all."""
    read = sum(one.prompt_tokens + len(one.logprobs) for one in replies if isinstance(one, Scores))
    first, *others = pieces
    return [replace(first, calls=len(replies), prompt_tokens=read), *others]


METHOD = Method(
    name=NAME,
    version=VERSION,
    settings=InformationGain,
    conversation=information_gain,
    asks=frozenset({Asks.VALUE}),
    asks_model=True,
    rolls_out=False,
    runs_programs=False,
    writes_solutions=False,
    is_tool=False,
    may_say_right=False,
    of_whole_answers=False,
    backs_values_up=False,
    needs_reference=False,
    only_of_wrong_answers=False,
    by_place=False,
    prompts=no_prompts,
)
