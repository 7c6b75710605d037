"""Monte Carlo: k rollouts from every prefix of a solution (Math-Shepherd, arXiv 2312.08935).

Hard estimate: a prefix is alive if any of its k rollouts is right; soft: the share that is. Both
come from the same counts. The last step is left to `outcome`. The paper asks a separate completer
model; here the completer is the policy.
"""

from __future__ import annotations

from dataclasses import dataclass

from labeler.conversation import Conversation
from labeler.labelers.base import Findings, Policy, roll_out, value_evidence
from labeler.records import Problem, Solution
from labeler.seeds import derive_seed

NAME = "monte_carlo"
VERSION = "1"


@dataclass(frozen=True, slots=True)
class MonteCarlo:
    """`k`: rollouts from each prefix (the paper's N, 8)."""

    k: int = 8


def monte_carlo(
    problem: Problem, solutions: tuple[Solution, ...], settings: MonteCarlo, policy: Policy
) -> Conversation[Findings]:
    """Evidence on every step but the last of every solution; shared prefixes are asked once."""
    prefixes = list(
        dict.fromkeys(s.steps[: t + 1] for s in solutions for t in range(len(s.steps) - 1))
    )
    seeds = [derive_seed(policy.run_seed, NAME, problem.problem_id, "".join(p)) for p in prefixes]
    found = yield from roll_out(policy, problem, prefixes, settings.k, seeds, NAME)
    evidence = tuple(
        value_evidence(NAME, VERSION, policy, problem, prefix, rollouts)
        for prefix, rollouts in zip(prefixes, found, strict=True)
    )
    return Findings(evidence, statistics={"prefixes": len(prefixes)})
