"""Monte Carlo: k rollouts from every prefix of a solution (Math-Shepherd, arXiv 2312.08935).

Hard estimate: a prefix is alive if any of its k rollouts is right; soft: the share that is. Both
come from the same counts. The last step is left to `outcome`. The paper asks a separate completer
model; here the completer is the policy.

How many rollouts a problem needs depends on how hard it is. GenPRM (arXiv 2504.00891) draws 128
where the pass rate is below 0.1, 32 from 0.9 on, and 64 between: `k_hard`, `k_easy` and `k`. The
pass rate is that of all samples that were drawn to solve the problem
(`labeler.labelers.shared.pass_rate`); where none was decided, k.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from labeler.driver.conversation import Conversation
from labeler.labelers.base import Findings, Policy, reading_counts, roll_out, value_evidence
from labeler.labelers.method import AsksPolicy, Method, no_prompts
from labeler.labelers.shared.pass_rate import decided_and_right
from labeler.records import Asks, Problem, Solution
from labeler.seeds import derive_seed

NAME: Final = "monte_carlo"
VERSION = "1"
HARD, EASY = 0.1, 0.9
"""Pass rates below which a problem is hard, and from which on it is easy (GenPRM)."""


class MonteCarlo(AsksPolicy):
    """k rollouts from every prefix; others for problems that are hard or easy, by pass rate.

    `k`: rollouts from each prefix (the paper's N, 8); None for the others: `k` as well.
    """

    kind: Literal["monte_carlo"] = NAME
    k: Annotated[int, Field(ge=1)] = 8
    k_hard: Annotated[int, Field(ge=1)] | None = None
    k_easy: Annotated[int, Field(ge=1)] | None = None

    def rollouts(self, solutions: tuple[Solution, ...]) -> int:
        """How many for a problem with these solutions."""
        n, n_right = decided_and_right(solutions)
        if not n:
            return self.k
        rate = n_right / n
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


MONTE_CARLO = Method(
    name=NAME,
    version=VERSION,
    settings=MonteCarlo,
    conversation=monte_carlo,
    asks=frozenset({Asks.VALUE}),
    asks_model=True,
    rolls_out=True,
    runs_programs=False,
    writes_solutions=False,
    is_tool=False,
    may_say_right=True,
    of_whole_answers=False,
    backs_values_up=False,
    needs_reference=False,
    only_of_wrong_answers=False,
    by_place=False,
    prompts=no_prompts,
)
