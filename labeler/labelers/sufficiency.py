"""Sufficiency: whether a turn searched although enough was there, or answered before it was.

By words, enough has been seen before turn t where the passages so far hold two useful ones, one of
which says the answer (`labeler.checking.useful`). A turn that searches is in place (1) where that
is not so, and `redundant search` (0) where it is; a turn that answers is in place where it is, and
`answered too early` where not. A score without a verdict: words tell this only in part. Of a
question whose answer is yes or no nothing is said: no passage says it.

With `draws` the policy tells, as in SIM-RAG: before each turn it is made to answer from what it has
(`bridge` behind the prefix), so many times. With p the share of answers that are right, of those
that could be decided, a search is worth 1 - p and an answer p; from `enough` on a search counts as
redundant, below it an answer as too early. What it answers before any search, it knows by heart.
Source: SIM-RAG (arXiv 2505.02811), without its critic; our own are the score by the share, and that
answers are forced, where the paper lets the system answer at each round.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from labeler.checking.extract import answer_of_agent
from labeler.checking.words import yes_or_no
from labeler.driver.conversation import Conversation
from labeler.driver.requests import POLICY, Check, CheckResult, Reply, Sample, Samples
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Method, MethodSettings, no_prompts
from labeler.labelers.shared.bridge import opening
from labeler.labelers.shared.passages import seen_passages
from labeler.labelers.shared.score_alone import score_alone
from labeler.records import Asks, Evidence, Problem, Solution, Turn, Verdict, prefix_ids
from labeler.seeds import derive_seed
from labeler.settings import without_later
from labeler.turns.step import turn_steps

NAME: Final = "sufficiency"
VERSION = "2"
REDUNDANT, EARLY = "redundant search", "answered too early"


class Sufficiency(MethodSettings):
    """Every turn of an agent that searches or answers, by what it had seen; asks no model.

    But with `draws`: then the policy answers so many times before each turn, behind `bridge`, with
    `max_tokens` each.
    """

    kind: Literal["sufficiency"] = NAME
    draws: Annotated[int, Field(ge=0)] = 0
    bridge: Annotated[str, Field(min_length=1)] = "\nAnswer:"
    max_tokens: Annotated[int, Field(ge=1)] = 32
    enough: Annotated[float, Field(gt=0, le=1)] = 0.5

    @model_serializer(mode="wrap")
    def _as_before(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_later(serialize(self), self, "draws", "bridge", "max_tokens", "enough")

    @property
    def models(self) -> tuple[str, ...]:
        return (POLICY,) if self.draws else ()


def sufficiency(
    problem: Problem, solutions: tuple[Solution, ...], settings: Sufficiency, policy: Policy
) -> Conversation[Findings]:
    """A signal in [0, 1] on turns that search or answer; by words of one solution each."""
    if settings.draws:
        return (yield from _drawn(problem, solutions, settings, policy))
    return _by_words(problem, solutions)


def _by_words(problem: Problem, solutions: tuple[Solution, ...]) -> Findings:
    if problem.gold_answer is None or yes_or_no(problem.gold_answer) is not None:
        return Findings(statistics={"not_told_by_words": len(solutions)})
    own: dict[str, tuple[Evidence, ...]] = {}
    counts = {REDUNDANT: 0, EARLY: 0, "in place": 0}
    for solution in solutions:
        seen = seen_passages(problem, solution)
        if seen is None or solution.trajectory is None:
            continue
        prefixes = prefix_ids(problem.problem_id, solution.steps)
        said = []
        before: list[int] = []
        turns = solution.trajectory.turns
        for t, (turn, prefix) in enumerate(zip(turns, prefixes, strict=True)):
            flaw = _flaw(turn, seen.judged.is_enough(before), t == len(turns) - 1)
            before += seen.by_turn[t]
            if flaw is not None:
                counts[flaw or "in place"] += 1
                signal = 0.0 if flaw else 1.0
                said.append(
                    score_alone(prefix, NAME, VERSION, Asks.CORRECTNESS, signal, rationale=flaw)
                )
        own[solution.solution_id] = tuple(said)
    pieces = tuple(dict.fromkeys(piece for pieces in own.values() for piece in pieces))
    return Findings(pieces, statistics=counts, of_solutions=own)


def _drawn(
    problem: Problem, solutions: tuple[Solution, ...], settings: Sufficiency, policy: Policy
) -> Conversation[Findings]:
    """What the policy answers before each turn; a prefix is asked once, however many share it."""
    agents = [one for one in solutions if one.trajectory is not None]
    if problem.gold_answer is None or not agents:
        return Findings(statistics={"not_drawn": len(solutions)})
    asked = dict.fromkeys(turn_steps(s)[:t] for s in agents for t in range(len(s.steps)))
    prefixes = list(asked)
    places = {prefix: i for i, prefix in enumerate(prefixes)}
    drawing = replace(
        policy.sampling, max_tokens=settings.max_tokens, stop=(*policy.sampling.stop, "\n")
    )
    replies = yield [
        Sample(
            policy.prompt(problem, (*prefix, opening(prefix, settings.bridge))),
            settings.draws,
            drawing,
            derive_seed(policy.run_seed, NAME, problem.problem_id, "".join(prefix)),
            requester=NAME,
        )
        for prefix in prefixes
    ]
    said = [_answers(problem, reply, settings, policy) for reply in replies]
    distinct = sorted({answer for row in said for answer in row if answer is not None})
    checks: list[Reply] = []
    if distinct:
        checks = yield [Check(problem, answer, NAME) for answer in distinct]
    verdicts = {
        answer: check.verdict if isinstance(check, CheckResult) else Verdict.UNKNOWN
        for answer, check in zip(distinct, checks, strict=True)
    }
    found: dict[str, Evidence] = {}
    counts = Counter({REDUNDANT: 0, EARLY: 0, "in place": 0})
    for solution in agents:
        ids = prefix_ids(problem.problem_id, solution.steps)
        turns = solution.trajectory.turns if solution.trajectory else ()
        for t, (turn, prefix) in enumerate(zip(turns, ids, strict=True)):
            place = places[solution.steps[:t]]
            right = [verdicts[a] for a in said[place] if a is not None]
            decided = [one for one in right if one is not Verdict.UNKNOWN]
            is_last = t == len(turns) - 1
            if prefix in found or not decided or not (turn.calls or is_last):
                continue
            n_right = decided.count(Verdict.CORRECT)
            share = n_right / len(decided)
            flaw = _flaw(turn, share >= settings.enough, is_last)
            counts[flaw or "in place"] += 1
            told = f"{n_right} of {len(decided)} answers drawn before it are right"
            piece = score_alone(
                prefix, NAME, VERSION, Asks.CORRECTNESS,
                1 - share if turn.calls else share,
                rationale=f"{flaw}; {told}" if flaw else told,
            )  # fmt: skip
            found[prefix] = _paid(piece, replies[place])
    return Findings(tuple(found.values()), statistics=dict(counts))


def _answers(
    problem: Problem, reply: Reply, settings: Sufficiency, policy: Policy
) -> list[str | None]:
    if not isinstance(reply, Samples):
        return []
    lead = settings.bridge.lstrip("\n")
    return [
        answer_of_agent(problem.domain, lead + one.text, policy.reading.reader)
        for one in reply.completions
    ]


def _paid(piece: Evidence, reply: Reply) -> Evidence:
    assert isinstance(reply, Samples)
    return replace(
        piece,
        model=reply.model,
        calls=1,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
    )


def _flaw(turn: Turn, is_enough: bool, is_last: bool) -> str | None:
    """What is out of place, "" for nothing; None of a turn that neither searches nor answers."""
    if turn.calls:
        return REDUNDANT if is_enough else ""
    if is_last:
        return "" if is_enough else EARLY
    return None


METHOD = Method(
    name=NAME,
    version=VERSION,
    settings=Sufficiency,
    conversation=sufficiency,
    asks=frozenset({Asks.CORRECTNESS}),
    asks_model=False,
    rolls_out=False,
    runs_programs=False,
    writes_solutions=False,
    is_tool=True,
    may_say_right=False,
    of_whole_answers=False,
    backs_values_up=False,
    needs_reference=False,
    only_of_wrong_answers=False,
    by_place=True,
    prompts=no_prompts,
)
