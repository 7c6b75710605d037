"""Evidence check: the share of useful passages among those that a turn's calls brought, by words.

Which passages are useful is told without a model (`labeler.checking.useful`), from the question,
the gold answer and its aliases, and all passages of the trajectory. A score without a verdict: a
search that brings nothing useful may still be the right one. Turns to which nothing was answered,
and failed calls, get no score.
Not covered: claims of a thought against passages (KnowRL's facts need a model of entailment).
Source: Search-R2's share of useful evidence (arXiv 2602.03647), without its judge.
"""

from __future__ import annotations

from typing import Final, Literal

from labeler.driver.conversation import Conversation
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Method, MethodSettings, no_prompts
from labeler.labelers.shared.passages import seen_passages
from labeler.labelers.shared.score_alone import score_alone
from labeler.records import Asks, Evidence, Problem, Solution, prefix_ids

NAME: Final = "evidence_check"
VERSION = "2"


class EvidenceCheck(MethodSettings):
    """Every search of an agent, by the share of useful passages that it brought; asks no model."""

    kind: Literal["evidence_check"] = NAME


def evidence_check(
    problem: Problem, solutions: tuple[Solution, ...], settings: EvidenceCheck, policy: Policy
) -> Conversation[Findings]:
    """A signal in [0, 1] on every turn that brought passages; of one solution each, for what is
    useful depends on all that it saw.
    """
    yield from ()
    own: dict[str, tuple[Evidence, ...]] = {}
    n_passages = n_useful = 0
    for solution in solutions:
        seen = seen_passages(problem, solution)
        if seen is None:
            continue
        prefixes = prefix_ids(problem.problem_id, solution.steps)
        said = []
        for prefix, places in zip(prefixes, seen.by_turn, strict=True):
            useful = [i for i in places if seen.judged.useful[i]]
            n_passages, n_useful = n_passages + len(places), n_useful + len(useful)
            if places:
                told = f"{len(useful)} of {len(places)} passages are useful"
                share = len(useful) / len(places)
                said.append(
                    score_alone(prefix, NAME, VERSION, Asks.CORRECTNESS, share, rationale=told)
                )
        own[solution.solution_id] = tuple(said)
    pieces = tuple(dict.fromkeys(piece for pieces in own.values() for piece in pieces))
    statistics = {"passages": n_passages, "useful": n_useful}
    return Findings(pieces, statistics=statistics, of_solutions=own)


METHOD = Method(
    name=NAME,
    version=VERSION,
    settings=EvidenceCheck,
    conversation=evidence_check,
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
