"""AlphaMath's node values: a tree search whose nodes are labelled by their mean outcome.

Each round goes down from the question by the largest

    PUCT(child) = Q(child) + c_puct * prior(child) * sqrt(N(parent)) / (1 + N(child))

and expands the state it ends in: `children` continuations are sampled to their end; the first step
of each is a child, the rest its rollout. Each decided rollout is worth +1 or -1 by its answer and
is backed up to its child and all above, times `gamma` for each level above the child, 1 by default.
The label of a step is Q in [-1, 1], the mean of what was backed up to it; evidence holds it as
score (Q + 1) / 2 with its counts.
prior is exp(mean log-probability of the step's tokens); where the sampler gives none, the share of
the continuations that took the step.

Where we differ from AlphaMath (arXiv 2405.03553; github.com/MARIO-Math-Reasoning/Super_MARIO):
there is no value head, so a leaf's value is its rollout's outcome, as before one is trained. A
rollout that was cut off or cannot be decided is worth nothing, not -1. A final state is not visited
again: the same rollout would count twice. Steps are the policy's, code is not executed.

Over an agent's turns (the run has `environments:`) this is the tree search of retrieval agents:
TreePS-RAG's V(node), the mean outcome of the leaves below it (arXiv 2601.06922), and with `gamma`
ProRAG's Q (github.com/lilinwz/ProRAG, prm/mcts.py). ProRAG's value of a leaf is the answer's F1,
ours the verdict on it; its prior is one over the number of children; it simulates one child of each
expansion, where here every child comes with its rollout.

Limits: the search prefers states that do well, so Q of a state with several rounds below it leans
upwards; and one rollout speaks for every state on its way, so counts of nested prefixes are not
independent (`posterior` and `fusion` take them for it). Solutions are the decided rollouts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from labeler.driver.conversation import Conversation
from labeler.labelers.base import (
    Findings,
    Policy,
    Rollout,
    Rollouts,
    reading_counts,
    roll_out,
    value_evidence,
)
from labeler.labelers.method import AsksPolicy, Method, no_prompts
from labeler.records import Asks, Evidence, Problem, Solution, Verdict
from labeler.seeds import derive_seed
from labeler.settings import without_later
from labeler.turns.step import TurnStep

NAME: Final = "alphamath"
VERSION = "1"
WORTH = {Verdict.CORRECT: 1, Verdict.WRONG: -1}


class AlphaMath(AsksPolicy):
    """Tree search whose nodes are labelled by their mean outcome, Q in [-1, 1].

    `rounds` expansions of `children` rollouts each; the paper's c_puct.
    """

    kind: Literal["alphamath"] = NAME
    rounds: Annotated[int, Field(ge=1)] = 40
    children: Annotated[int, Field(ge=1)] = 3
    c_puct: Annotated[float, Field(ge=0)] = 1.5
    gamma: Annotated[float, Field(gt=0, le=1)] = 1.0
    """What a rollout counts at a level above, of what it counts below."""

    @model_serializer(mode="wrap")
    def _as_before(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_later(serialize(self), self, "gamma")

    @property
    def weighs_tokens(self) -> bool:
        return True


@dataclass(slots=True)
class _Node:
    """A state; `rollouts` are all that passed through it, `asked` what was sampled from it."""

    prefix: tuple[str, ...]
    parent: _Node | None = None
    prior: float = 1.0
    children: dict[str, _Node] = field(default_factory=dict)
    rollouts: list[Rollout] = field(default_factory=list)
    asked: Rollouts | None = None
    is_final: bool = False
    worth: float = 0
    visits: int = 0

    @property
    def q(self) -> float:
        """0 before the first rollout that was decided."""
        return self.worth / self.visits if self.visits else 0.0

    @property
    def is_closed(self) -> bool:
        """Nothing is left to expand at or below it."""
        if self.is_final:
            return True
        return self.asked is not None and all(c.is_closed for c in self.children.values())


def alphamath(
    problem: Problem, solutions: tuple[Solution, ...], settings: AlphaMath, policy: Policy
) -> Conversation[Findings]:
    """Searches one problem; evidence on all states below the question, and the rollouts."""
    root = _Node(())
    nodes: list[_Node] = []
    written: dict[str, Solution] = {}
    n_rounds = 0
    while n_rounds < settings.rounds and not root.is_closed:
        node = _select(root, settings.c_puct)
        seed = derive_seed(policy.run_seed, NAME, problem.problem_id, "".join(node.prefix))
        [node.asked] = yield from roll_out(
            policy, problem, [node.prefix], settings.children, [seed], NAME, token_texts=True
        )
        n_rounds += 1
        for rollout in node.asked.rollouts:
            steps = policy.steps(rollout, node.prefix)
            if not steps:
                continue
            _back_up(_child(node, steps, rollout, nodes), rollout, settings.gamma)
            if rollout.outcome.verdict in WORTH:
                whole = policy.solution(problem, (*node.prefix, *steps), rollout.outcome, seed)
                written.setdefault(whole.solution_id, whole)
        _share_priors(node)
    evidence = tuple(
        _evidence(node, problem, policy, settings.gamma) for node in nodes if not node.is_final
    )
    statistics = {
        "rounds": n_rounds,
        "states": len(nodes),
        "rollouts": len(root.rollouts),
        **reading_counts(node.asked for node in (root, *nodes) if node.asked),
    }
    return Findings(evidence, tuple(written.values()), statistics)


def _select(root: _Node, c_puct: float) -> _Node:
    """The state to expand: down from the root through open states; the first of equals."""
    node = root
    while node.asked is not None:
        parent = node
        node = max(
            (child for child in parent.children.values() if not child.is_closed),
            key=lambda child: puct(child.q, child.visits, child.prior, parent.visits, c_puct),
        )
    return node


def puct(q: float, visits: int, prior: float, parent_visits: int, c_puct: float) -> float:
    """What a child promises."""
    return q + c_puct * prior * math.sqrt(parent_visits) / (1 + visits)


def _child(node: _Node, steps: Sequence[str], rollout: Rollout, nodes: list[_Node]) -> _Node:
    """The state after the rollout's first step; continuations that begin alike share it."""
    child = node.children.get(steps[0])
    if child is None:
        child = node.children[steps[0]] = _Node((*node.prefix, steps[0]), node)
        nodes.append(child)
        child.prior = _likelihood(steps[0], rollout)
    # A step that was cut off is no state to go on from either.
    child.is_final |= len(steps) == 1
    return child


def _likelihood(step: str, rollout: Rollout) -> float:
    """exp(mean log-probability) of the tokens of a rollout's first step; nan without them."""
    if isinstance(step, TurnStep):
        return _mean_likelihood(step.logprobs or ())
    length, logprobs = 0, []
    for token, logprob in zip(rollout.completion.tokens, rollout.completion.logprobs, strict=False):
        if length >= len(step):
            break
        length += len(token)
        logprobs.append(logprob)
    return _mean_likelihood(logprobs)


def _mean_likelihood(logprobs: Sequence[float]) -> float:
    return math.exp(sum(logprobs) / len(logprobs)) if logprobs else math.nan


def _share_priors(node: _Node) -> None:
    """Children without log-probabilities: their share of the continuations."""
    total = sum(len(child.rollouts) for child in node.children.values())
    for child in node.children.values():
        if math.isnan(child.prior):
            child.prior = len(child.rollouts) / total


def _back_up(start: _Node, rollout: Rollout, gamma: float) -> None:
    node: _Node | None = start
    worth: float = WORTH.get(rollout.outcome.verdict, 0)
    while node is not None:
        node.rollouts.append(rollout)
        if worth:
            node.worth += worth
            node.visits += 1
        node, worth = node.parent, worth * gamma


def _evidence(node: _Node, problem: Problem, policy: Policy, gamma: float) -> Evidence:
    asked = node.asked or Rollouts(())
    # What was sampled from here is paid for here; rollouts from above only pass through.
    through = replace(asked, rollouts=tuple(node.rollouts))
    calls = int(node.asked is not None)
    piece = value_evidence(NAME, VERSION, policy, problem, node.prefix, through, calls)
    if not node.visits:
        return piece
    if gamma < 1 and piece.score is not None:
        piece = replace(piece, score=(node.q + 1) / 2)
    return replace(piece, rationale=f"Q {node.q:+.3f}, N {node.visits}, prior {node.prior:.3f}")


ALPHAMATH = Method(
    name=NAME,
    version=VERSION,
    settings=AlphaMath,
    conversation=alphamath,
    asks=frozenset({Asks.VALUE}),
    asks_model=True,
    rolls_out=True,
    runs_programs=False,
    writes_solutions=True,
    is_tool=False,
    may_say_right=True,
    of_whole_answers=False,
    backs_values_up=True,
    needs_reference=False,
    only_of_wrong_answers=False,
    by_place=False,
    prompts=no_prompts,
)
