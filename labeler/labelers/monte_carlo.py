"""Monte Carlo: k rollouts from every prefix of a solution (Math-Shepherd, arXiv 2312.08935).

Hard estimate: a prefix is alive if any of its k rollouts is right; soft: the share that is. Both
come from the same counts. The last step is left to `outcome`. The paper asks a separate completer
model; here the completer is the policy.

How many rollouts a problem needs depends on how hard it is. GenPRM (arXiv 2504.00891) draws 128
where the pass rate is below 0.1, 32 from 0.9 on, and 64 between: `k_hard`, `k_easy` and `k`. The
pass rate is the share of right ones among the problem's solutions that were decided; where none
was, k.
"""

from __future__ import annotations

from dataclasses import dataclass

from labeler.conversation import Conversation
from labeler.labelers.base import Findings, Policy, reading_counts, roll_out, value_evidence
from labeler.records import Problem, Solution, Verdict
from labeler.seeds import derive_seed

NAME = "monte_carlo"
VERSION = "1"
HARD, EASY = 0.1, 0.9
"""Pass rates below which a problem is hard, and from which on it is easy (GenPRM)."""


@dataclass(frozen=True, slots=True)
class MonteCarlo:
    """`k`: rollouts from each prefix (the paper's N, 8); None for the others: `k` as well."""

    k: int = 8
    k_hard: int | None = None
    k_easy: int | None = None

    def rollouts(self, solutions: tuple[Solution, ...]) -> int:
        """How many for a problem with these solutions."""
        decided = [s.outcome for s in solutions if s.outcome is not Verdict.UNKNOWN]
        if not decided:
            return self.k
        rate = decided.count(Verdict.CORRECT) / len(decided)
        k = self.k_hard if rate < HARD else self.k_easy if rate >= EASY else None
        return self.k if k is None else k


def monte_carlo(
    problem: Problem, solutions: tuple[Solution, ...], settings: MonteCarlo, policy: Policy
) -> Conversation[Findings]:
    """Evidence on every step but the last of every solution; shared prefixes are asked once."""
    prefixes = list(
        dict.fromkeys(s.steps[: t + 1] for s in solutions for t in range(len(s.steps) - 1))
    )
    seeds = [derive_seed(policy.run_seed, NAME, problem.problem_id, "".join(p)) for p in prefixes]
    n = settings.rollouts(solutions)
    found = yield from roll_out(policy, problem, prefixes, n, seeds, NAME)
    evidence = tuple(
        value_evidence(NAME, VERSION, policy, problem, prefix, rollouts)
        for prefix, rollouts in zip(prefixes, found, strict=True)
    )
    return Findings(evidence, statistics={"prefixes": len(prefixes)} | reading_counts(found))
