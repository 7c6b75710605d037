"""GroundedPRM's search: rollouts whose every step is verified with a tool, and a fused value.

Each round expands the state with the largest UCT: `children` continuations of it are sampled to
their end; the first step of each is a child, the rest its rollout. All their steps are verified,
each text once. A rollout that was cut off or whose answer cannot be decided has no value.

Evidence: on a step of the tree `grounded_search` says what the sign of its mean fused value Q says,
if the verifier agrees, with score (Q + 1)/2 cut to [0, 1]; else it is unknown and gives both. How
many of its rollouts end right stands beside it as evidence on value. Steps of rollouts only are
evidence of `grounded`, the verifier alone: the two scores never share a name.

Where the released code has faults, mended here: UCT really selects; the steps of an expansion are
verified like those of a rollout; a rollout ends where the policy ends it, not where it reaches the
gold answer; sign and verdict agree or nothing is said. Where we differ besides: all children are
rolled out, not one; no depth limit but the policy's `max_tokens`; the problem itself stands for the
objective and conditions that a first call would extract.
Source: GroundedPRM (arXiv 2510.14942), github.com/JerryPlain/GroundedPRMCode.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Final, Literal

from pydantic import Field

from labeler.driver.conversation import Conversation, together
from labeler.driver.requests import POLICY
from labeler.labelers.base import (
    Findings,
    Policy,
    Rollout,
    Rollouts,
    reading_counts,
    roll_out,
    value_evidence,
)
from labeler.labelers.grounded_search.search_tree import Node, back_up, fused_value, select
from labeler.labelers.method import Method
from labeler.labelers.shared.verification import verify
from labeler.labelers.shared.verification.settings import Verifier, verifier_tasks
from labeler.labelers.shared.verification.verify import VERSION, Verification, Verified, counted
from labeler.records import Asks, Evidence, Problem, Solution, Verdict
from labeler.seeds import derive_seed

NAME: Final = "grounded_search"
SIGNS = {Verdict.CORRECT: 1, Verdict.WRONG: -1, Verdict.UNKNOWN: 0}


class GroundedSearch(Verifier):
    """GroundedPRM's search: verified rollouts, UCT, a value fused of verdicts and the answer.

    The released code's constants for problems of level 3 and below; `rounds` is 12 above. Each
    round samples `children` continuations of one state. The search ends early with `enough` right
    and as many wrong rollouts. `discount` is what an ancestor gets per step of distance.
    """

    kind: Literal["grounded_search"] = NAME
    rounds: Annotated[int, Field(ge=1)] = 8
    children: Annotated[int, Field(ge=1)] = 3
    exploration: Annotated[float, Field(ge=0)] = 1.8
    discount: Annotated[float, Field(gt=0, le=1)] = 0.9
    enough: Annotated[int, Field(ge=1)] = 3

    @property
    def models(self) -> tuple[str, ...]:
        # Its tree is made of the policy's rollouts.
        return tuple(dict.fromkeys((self.model, POLICY)))


@dataclass(slots=True)
class _Search:
    """What was found so far; `verified` by text, `nodes` in the order they were made."""

    root: Node = field(default_factory=lambda: Node(()))
    nodes: list[Node] = field(default_factory=list)
    verified: dict[str, Verified] = field(default_factory=dict)
    solutions: dict[str, Solution] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


def grounded_search(
    problem: Problem, solutions: tuple[Solution, ...], settings: GroundedSearch, policy: Policy
) -> Conversation[Findings]:
    """Searches one problem; its solutions are the rollouts that were decided."""
    tasks = verifier_tasks(settings)
    work = Verification(problem, settings, tasks, policy.run_seed, NAME)
    search = _Search()
    for number in range(settings.rounds):
        enough = min(search.counts["right"], search.counts["wrong"]) >= settings.enough
        if search.root.is_closed or enough:
            break
        node = select(search.root, settings.exploration)
        seed = derive_seed(policy.run_seed, NAME, problem.problem_id, "".join(node.prefix))
        [found] = yield from roll_out(
            policy, problem, [node.prefix], settings.children, [seed], NAME
        )
        yield from _expand(search, node, found, work, settings.discount, policy, seed)
        search.counts["rounds"] = number + 1
        search.counts.update(reading_counts([found]))
    version = f"{VERSION}+{tasks.sha}"
    verified = search.verified.values()
    pieces = [one.evidence(problem, verify.NAME, version) for one in verified]
    in_tree = {"".join(node.prefix): node for node in search.nodes if node.visits}
    evidence = [
        _fused(piece, in_tree[text]) if text in in_tree else piece
        for piece, text in zip(pieces, search.verified, strict=True)
    ]
    for node in (one for one in in_tree.values() if not one.is_terminal):
        rolled = Rollouts(tuple(node.rollouts))
        # Without a cost, for one rollout serves many states.
        evidence.append(value_evidence(NAME, version, policy, problem, node.prefix, rolled, 0))
    statistics = {**search.counts, **counted(list(verified))}
    return Findings(tuple(evidence), tuple(search.solutions.values()), statistics)


def _expand(
    search: _Search,
    node: Node,
    found: Rollouts,
    work: Verification,
    discount: float,
    policy: Policy,
    seed: int,
) -> Conversation[None]:
    """Children of a state from its continuations, verified and backed up."""
    node.is_expanded = True
    rolled = [(r, _whole_steps(r, policy, node.prefix)) for r in found.rollouts]
    rolled = [(rollout, steps) for rollout, steps in rolled if steps]
    prefixes = {
        "".join(prefix): prefix
        for _, steps in rolled
        for t in range(len(steps))
        if "".join(prefix := (*node.prefix, *steps[: t + 1])) not in search.verified
    }
    verified = yield from together([work.verified(prefix) for prefix in prefixes.values()])
    search.verified |= dict(zip(prefixes, verified, strict=True))
    search.counts["rollouts"] += len(found.rollouts)
    for rollout, steps in rolled:
        child = _child(search, node, steps, rollout)
        outcome = rollout.outcome.verdict
        if outcome is Verdict.UNKNOWN:
            search.counts["undecided"] += 1
            continue
        search.counts["right" if outcome is Verdict.CORRECT else "wrong"] += 1
        between = [(*node.prefix, *steps[: t + 1]) for t in range(1, len(steps) - 1)]
        verdicts = [SIGNS[search.verified["".join(p)].opinion.verdict] for p in between]
        back_up(child, rollout, fused_value(verdicts, SIGNS[outcome]), discount)
        solution = policy.solution(work.problem, (*node.prefix, *steps), rollout.outcome, seed)
        search.solutions.setdefault(solution.solution_id, solution)


def _whole_steps(rollout: Rollout, policy: Policy, prefix: Sequence[str]) -> tuple[str, ...]:
    """The steps of a rollout, without one that was cut off."""
    steps = policy.steps(rollout, prefix)
    if rollout.completion.finish == "length" and steps and not policy.is_whole(steps[-1]):
        return steps[:-1]
    return steps


def _child(search: _Search, node: Node, steps: Sequence[str], rollout: Rollout) -> Node:
    """The state after the rollout's first step; continuations that begin alike share it."""
    prefix = (*node.prefix, steps[0])
    child = next((one for one in node.children if one.prefix == prefix), None)
    if child is None:
        child = Node(prefix, node)
        node.children.append(child)
        search.nodes.append(child)
    child.is_terminal |= len(steps) == 1 and rollout.completion.finish != "length"
    return child


def _fused(piece: Evidence, node: Node) -> Evidence:
    """The verifier's evidence with the state's fused value, where the two agree."""
    q = node.q or 0.0
    fused = replace(piece, labeler=NAME, score=min(1.0, max(0.0, (q + 1) / 2)))
    said = f"fused value {q:+.3f} of {node.visits} rollouts"
    if piece.verdict is Verdict.UNKNOWN:
        return replace(fused, score=None, reason=f"{piece.reason}; {said}")
    if SIGNS[piece.verdict] * q <= 0:
        reason = f"{said}, but the verifier says {piece.verdict.value}"
        return replace(fused, verdict=Verdict.UNKNOWN, score=None, n=0, n_correct=0, reason=reason)
    return fused


GROUNDED_SEARCH = Method(
    name=NAME,
    version=VERSION,
    settings=GroundedSearch,
    conversation=grounded_search,
    asks=frozenset({Asks.CORRECTNESS, Asks.VALUE}),
    asks_model=True,
    rolls_out=True,
    runs_programs=True,
    writes_solutions=True,
    is_tool=False,
    may_say_right=True,
    of_whole_answers=False,
    backs_values_up=True,
    needs_reference=False,
    only_of_wrong_answers=False,
    by_place=False,
    prompts=lambda settings: verifier_tasks(settings).all,
)
