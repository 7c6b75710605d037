"""Sufficiency: whether a turn searched although enough was there, or answered before, by words.

Enough has been seen before turn t where the passages so far hold two useful ones, one of which says
the answer (`labeler.checking.useful`). A turn that searches is in place (1) where that is not so,
and `redundant search` (0) where it is; a turn that answers is in place where it is, and `answered
too early` where not. A score without a verdict: words tell this only in part. Of a question whose
answer is yes or no nothing is said: no passage says it.
Not covered: answers that the policy draws at each turn, which is how SIM-RAG tells what is enough.
Source: SIM-RAG (arXiv 2505.02811), without its critic and its rollouts.
"""

from __future__ import annotations

from typing import Final, Literal

from labeler.checking.words import yes_or_no
from labeler.driver.conversation import Conversation
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Method, MethodSettings, no_prompts
from labeler.labelers.shared.passages import seen_passages
from labeler.labelers.shared.score_alone import score_alone
from labeler.records import Asks, Evidence, Problem, Solution, Turn, prefix_ids

NAME: Final = "sufficiency"
VERSION = "2"
REDUNDANT, EARLY = "redundant search", "answered too early"


class Sufficiency(MethodSettings):
    """Every turn of an agent that searches or answers, by what it had seen; asks no model."""

    kind: Literal["sufficiency"] = NAME


def sufficiency(
    problem: Problem, solutions: tuple[Solution, ...], settings: Sufficiency, policy: Policy
) -> Conversation[Findings]:
    """A signal of 0 or 1 on turns that search or answer; of one solution each."""
    yield from ()
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
    prompts=no_prompts,
)
