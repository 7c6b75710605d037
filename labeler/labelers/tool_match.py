"""Tool match: an agent's calls against the calls that a right trajectory makes (MatchTIR).

All calls of a trajectory are matched to the problem's gold calls at once, one to one, and a turn's
score is the mean similarity of its calls (`labeler.turns.similarity` has the formulas). A turn is
right where every call is like its gold call in all that the gold call says. It is wrong where it
calls a tool that no gold call names, or repeats a call whose gold call is matched already. Between
the two it is unknown, with its score: another policy may reach the answer by other calls, so unlike
arguments are wrong only with `strict`. Turns without calls say nothing here.

`matching: greedy` is what the released code does; where it differs from the best matching the run's
statistics count it (`greedy_differs`). With `transport` the score is soft and at most one over the
number of calls, so verdicts still come from the best matching.
Not covered: the order of calls, which the source ignores too; gold calls that are nobody's.
Source: MatchTIR (arXiv 2601.10712).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from labeler.driver.conversation import Conversation
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Method, MethodSettings, no_prompts
from labeler.records import Asks, Call, Evidence, Problem, Solution, Verdict, prefix_ids
from labeler.turns.similarity import Match, assigned, greedy, similarities, transported

if TYPE_CHECKING:
    import numpy as np

NAME: Final = "tool_match"
VERSION = "1"
SHOWN = 3
"""Calls of one turn that a rationale names."""
NO_GOLD = "the problem has no gold calls"
NO_CALL = "calls nothing"
NO_TURNS = "its steps are no turns of an agent"


class ToolMatch(MethodSettings):
    """Every turn of an agent, by the gold calls that its calls match; asks no model.

    `strict`: a call that is like its gold call in part only is wrong.
    """

    kind: Literal["tool_match"] = NAME
    matching: Literal["assignment", "greedy", "transport"] = "assignment"
    """How calls are matched: the best one-to-one, MatchTIR's released greedy one, or softly."""
    strict: bool = False
    """Whether a call that matches no gold call exactly is wrong."""


@dataclass(frozen=True, slots=True)
class _Matched:
    """The calls of a solution with what they matched."""

    calls: tuple[Call, ...]
    golds: tuple[Call, ...]
    sims: np.ndarray
    match: Match
    rewards: Sequence[float]

    def similarity(self, i: int) -> float:
        """Of call i with its gold call, 0 without one."""
        gold = self.match[i]
        return 0.0 if gold is None else float(self.sims[i, gold])


def tool_match(
    problem: Problem, solutions: tuple[Solution, ...], settings: ToolMatch, policy: Policy
) -> Conversation[Findings]:
    """Evidence on every turn of every solution; a matching is of a whole solution, so its own."""
    yield from ()
    golds = problem.known.calls if problem.known else ()
    own: dict[str, tuple[Evidence, ...]] = {}
    differs = n_calls = n_exact = 0
    for solution in solutions:
        prefixes = prefix_ids(problem.problem_id, solution.steps)
        why = NO_TURNS if solution.trajectory is None else "" if golds else NO_GOLD
        if why or solution.trajectory is None:
            own[solution.solution_id] = tuple(_silent(prefix, why) for prefix in prefixes)
            continue
        turns = solution.trajectory.turns
        matched = _matched(tuple(c for turn in turns for c in turn.calls), golds, settings)
        best, taken = assigned(matched.sims), greedy(matched.sims)
        differs += best != taken
        n_calls += len(matched.calls)
        n_exact += sum(matched.similarity(i) == 1 for i in range(len(matched.calls)))
        found, at = [], 0
        for turn, prefix in zip(turns, prefixes, strict=True):
            found.append(_evidence(prefix, matched, range(at, at + len(turn.calls)), settings))
            at += len(turn.calls)
        own[solution.solution_id] = tuple(found)
    statistics = {"calls": n_calls, "exact": n_exact, "greedy_differs": differs}
    pieces = tuple(dict.fromkeys(piece for pieces in own.values() for piece in pieces))
    return Findings(pieces, statistics=statistics, of_solutions=own)


def _matched(calls: tuple[Call, ...], golds: tuple[Call, ...], settings: ToolMatch) -> _Matched:
    sims = similarities(calls, golds)
    match = greedy(sims) if settings.matching == "greedy" else assigned(sims)
    if settings.matching == "transport":
        rewards = transported(sims)
    else:
        rewards = [0.0 if j is None else float(sims[i, j]) for i, j in enumerate(match)]
    return _Matched(calls, golds, sims, match, rewards)


def _evidence(prefix: str, m: _Matched, calls: range, settings: ToolMatch) -> Evidence:
    if not calls:
        return _silent(prefix, NO_CALL)
    exact = [i for i in calls if m.similarity(i) == 1]
    flaws = {i: flaw for i in calls if (flaw := _flaw(m, i, settings))}
    verdict, reason = Verdict.UNKNOWN, "a call is like its gold call in part"
    if flaws:
        verdict, reason = Verdict.WRONG, next(iter(flaws.values()))
    elif len(exact) == len(calls):
        verdict, reason = Verdict.CORRECT, ""
    said = [
        f"{m.calls[i].name}: {flaws.get(i) or f'similarity {m.similarity(i):.2f}'}"
        for i in calls[:SHOWN]
    ]
    return Evidence(
        prefix_id=prefix,
        labeler=NAME,
        labeler_version=f"{VERSION}+{settings.matching}",
        asks=Asks.CORRECTNESS,
        verdict=verdict,
        score=sum(m.rewards[i] for i in calls) / len(calls),
        n=len(calls),
        n_correct=len(exact),
        rationale="; ".join(said),
        reason=reason,
    )


def _flaw(m: _Matched, i: int, settings: ToolMatch) -> str:
    """Why a call is wrong, "" where it may be right."""
    name = m.calls[i].name.lower()
    if all(gold.name.lower() != name for gold in m.golds):
        return "no right trajectory calls this tool"
    if m.match[i] is None:
        same = (m.calls[j] for j in range(i))
        is_repeated = any(similarities([m.calls[i]], [one])[0, 0] == 1 for one in same)
        if is_repeated:
            return "redundant: the same call was made before"
        return "no gold call is left for it" if settings.strict else ""
    return "unlike its gold call" if settings.strict and m.similarity(i) < 1 else ""


def _silent(prefix: str, reason: str) -> Evidence:
    return Evidence(prefix, NAME, VERSION, Asks.CORRECTNESS, Verdict.UNKNOWN, reason=reason)


TOOL_MATCH = Method(
    name=NAME,
    version=VERSION,
    settings=ToolMatch,
    conversation=tool_match,
    asks=frozenset({Asks.CORRECTNESS}),
    asks_model=False,
    rolls_out=False,
    runs_programs=False,
    writes_solutions=False,
    is_tool=True,
    may_say_right=True,
    of_whole_answers=False,
    backs_values_up=False,
    needs_reference=False,
    only_of_wrong_answers=False,
    by_place=False,
    prompts=no_prompts,
)
