"""Rewards and advantages per turn of agents: MatchTIR's, and E-GRPO's reward of the whole.

    turn             per message which turn it is, -1 for what tools or users said: no reward
    turn_rewards     score of labeler `tool_match` (mean similarity of the turn's calls); of the
                     turn with the answer, F1 on sets of words with the best gold answer
    turn_returns     r_t + 0.9 r_{t+1} + 0.81 r_{t+2} + ...
    turn_z           a return less the mean of the problem's solutions at the same turn, over their
                     standard deviation
    trajectory_z     the same of the sum of a solution's rewards
    advantages       mean of both, per turn
    entity_rate      share of the entities that its thoughts name (labeler `entity_gain`); null
                     without that labeler
    egrpo            1 for a right answer, else 0.3 times entity_rate over the most of the problem's
                     solutions; null where one of both is unknown

A turn that calls nothing and does not answer has reward 0, as an unmatched call has. Which reward
of the whole MatchTIR standardises is not in the code that was read: the sum is our choice. A spread
of 0 gives 0. E-GRPO's 0 for faults of format or length is not here: such solutions are not read.
Sources: MatchTIR (arXiv 2601.10712; released code, factor 0.9); E-GRPO (arXiv 2510.24694).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from labeler.checking.words import normal_words, set_f1
from labeler.export.base import Example, ExportOptions, Format, Unit, View
from labeler.export.chat import MESSAGE_TYPE, Message, opening_of, tools_of, turns_of
from labeler.export.standard import standard_score
from labeler.records import Evidence, Rejection, Verdict

MATCH, ENTITIES = "tool_match", "entity_gain"
DISCOUNT = 0.9
ALPHA = 0.3


def _convert(views: Sequence[View], options: ExportOptions) -> Iterator[Example | Rejection]:
    rewarded: list[tuple[View, list[float]]] = []
    for view in views:
        rewards = _rewards(view)
        if isinstance(rewards, str):
            yield view.reject(rewards)
        else:
            rewarded.append((view, rewards))
    returns = [_returns(rewards) for _, rewards in rewarded]
    sums = [sum(rewards) for _, rewards in rewarded]
    rates = [_entity_rate(view) for view, _ in rewarded]
    for (view, rewards), own, whole, rate in zip(rewarded, returns, sums, rates, strict=True):
        turn_z = [
            standard_score(value, [one[t] for one in returns if t < len(one)])
            for t, value in enumerate(own)
        ]
        of_whole = standard_score(whole, sums)
        yield Example(
            {
                "prompt": opening_of(view),
                **_messages(view),
                "tools": tools_of(view),
                "turn_rewards": rewards,
                "turn_returns": own,
                "turn_z": turn_z,
                "trajectory_z": of_whole,
                "advantages": [(one + of_whole) / 2 for one in turn_z],
                "entity_rate": rate,
                "egrpo": _egrpo(view, rate, rates),
            }
        )


def _messages(view: View) -> dict[str, list[Any]]:
    """All messages from the first turn on, and which turn each is: -1 for what was answered."""
    messages: list[Message] = []
    turn: list[int] = []
    for number, (spoken, seen) in enumerate(turns_of(view)):
        messages += [spoken, *seen]
        turn += [number, *(-1 for _ in seen)]
    return {"messages": messages, "turn": turn}


def _rewards(view: View) -> list[float] | str:
    """One per turn, or why there are none."""
    trajectory = view.labeled.solution.trajectory
    if trajectory is None:
        return "its steps are no turns of an agent"
    rewards = []
    for turn, step in zip(trajectory.turns, view.labeled.steps, strict=True):
        said = _of(step.evidence, MATCH)
        if turn.calls and (said is None or said.score is None):
            return "a turn with calls has no score of labeler tool_match"
        rewards.append((said.score or 0.0) if said is not None and turn.calls else 0.0)
    answer = view.labeled.solution.final_answer
    if answer is not None and not trajectory.turns[-1].calls:
        problem = view.labeled.problem
        golds = [problem.gold_answer or "", *(problem.known.aliases if problem.known else ())]
        said_words = normal_words(answer)
        rewards[-1] = max(set_f1(normal_words(gold), said_words) for gold in golds)
    return rewards


def _returns(rewards: Sequence[float]) -> list[float]:
    backwards = itertools.accumulate(reversed(rewards), lambda later, r: r + DISCOUNT * later)
    return list(backwards)[::-1]


def _entity_rate(view: View) -> float | None:
    said = [_of(step.evidence, ENTITIES) for step in view.labeled.steps]
    gains = [one.signal for one in said if one is not None and one.signal is not None]
    return sum(gains) if gains else None


def _egrpo(view: View, rate: float | None, rates: Sequence[float | None]) -> float | None:
    outcome = view.labeled.solution.outcome
    if outcome is Verdict.UNKNOWN or rate is None:
        return None
    most = max((one for one in rates if one is not None), default=0.0)
    if outcome is Verdict.CORRECT:
        return 1.0
    return ALPHA * rate / most if most else 0.0


def _of(pieces: Sequence[Evidence], labeler: str) -> Evidence | None:
    return next((one for one in pieces if one.labeler == labeler), None)


TURN_REWARDS = Format(
    name="turn_rewards",
    about="rewards and advantages per turn of agents: MatchTIR's, and E-GRPO's of the whole",
    readers="none directly: columns for a reward function or an offline RL loader of any trainer",
    loss="labels and all other evidence; solutions without turns, or without scores of labeler "
    "tool_match",
    convert=_convert,
    unit=Unit.PROBLEM,
    whole=True,
    needs_steps=False,
    balances=False,
    features=(
        ("prompt", f"list:{MESSAGE_TYPE}"),
        ("messages", f"list:{MESSAGE_TYPE}"),
        ("turn", "list: int64"),
        ("tools", "string"),
        *((name, "list: float64") for name in ("turn_rewards", "turn_returns", "turn_z")),
        ("trajectory_z", "float64"),
        ("advantages", "list: float64"),
        ("entity_rate", "float64"),
        ("egrpo", "float64"),
    ),
)
