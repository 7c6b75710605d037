"""A policy with known success rates, for problems that the embedded one is too weak for.

It knows the reference solution of every problem and slips at known rates. Problem i has a rate b of
its own, drawn from Beta(2, 1.5); each step takes a share of it, drawn unevenly, so from the prefix
of t right steps it succeeds with b to the power of the shares that are left: success grows along a
right solution, but in jumps. A wrong step ends in a wrong answer, except with the error's recovery
rate: 0.02 for 85% of errors, 0.35 for the others (it depends on the step's text alone, so it is the
same whenever that prefix is asked). A recovered rollout goes on as the reference does.

It is simulated: it stands for no model, and its tokens are words. It is kinder than a model in that
rollouts of different prefixes are independent, and unkinder in that no error can be seen.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from labeler.driver.requests import Completion, Failed, Sample, Samples, Score, Scores
from labeler.oracle.graph import OracleProblem
from labeler.oracle.tasks import solve_prompt
from labeler.records import short_hash
from labeler.samplers.base import completion_seed
from labeler.seeds import derive_seed

HEALING_SHARE, HEALING, STUBBORN = 0.15, 0.35, 0.02
WRONG = "7"
"""Behind a right number it makes another one."""


class SimulatedPolicy:
    """A sampler; `problems` are all that it can be asked about."""

    model = "simulated"
    fingerprint = short_hash("simulated policy", "1")
    rows_per_batch = 512
    oversubscription = 1
    concurrency = 1

    def __init__(self, problems: Iterable[OracleProblem]) -> None:
        self._problems = {solve_prompt(p.problem.text): _Rates(p) for p in problems}

    async def ready(self) -> None:
        """It always is."""

    async def sample(self, batch: Sequence[Sample]) -> list[Samples | Failed]:
        return [self._sampled(request) for request in batch]

    async def score(self, batch: Sequence[Score]) -> list[Scores | Failed]:
        return [Failed("a simulated policy has no log-probabilities")] * len(batch)

    async def aclose(self) -> None:
        """Holds nothing."""

    def _sampled(self, request: Sample) -> Samples:
        rates = self._problems[request.prompt.messages[-1].content]
        written = tuple(request.prompt.prefix.splitlines(keepends=True))
        texts = [
            rates.continued(written, random.Random(completion_seed(request.seed, index)))
            for index in range(request.n)
        ]
        completions = tuple(Completion(text, len(text.split()), "stop") for text in texts)
        return Samples(completions, len(request.prompt.prefix.split()), self.model)


class _Rates:
    """One problem with its rates."""

    def __init__(self, problem: OracleProblem) -> None:
        self.steps = problem.problem.reference_solution
        self.name = problem.problem.problem_id
        rng = random.Random(derive_seed(0, "simulated", self.name))
        base = rng.betavariate(2, 1.5)
        shares = [rng.gammavariate(0.7, 1) for _ in self.steps]
        self.right = [base ** (share / sum(shares)) for share in shares]

    def continued(self, written: tuple[str, ...], rng: random.Random) -> str:
        slip = next((t for t, s in enumerate(written) if s != self.steps[t]), None)
        if slip is not None:
            return self._after(written[: slip + 1], len(written), rng)
        text = ""
        for place in range(len(written), len(self.steps)):
            if rng.random() >= self.right[place]:
                wrong = _slipped(self.steps[place], rng)
                before = (*self.steps[:place], wrong)
                return text + wrong + self._after(before, place + 1, rng)
            text += self.steps[place]
        return text

    def _after(self, until_slip: tuple[str, ...], place: int, rng: random.Random) -> str:
        """The rest of a solution whose first wrong step ends `until_slip`."""
        heals = random.Random(derive_seed(0, self.name, *until_slip)).random() < HEALING_SHARE
        if rng.random() < (HEALING if heals else STUBBORN):
            return "".join(self.steps[place:])
        rest = self.steps[place:]
        return "".join(_slipped(s, rng) for s in rest[:-1]) + "".join(s + WRONG for s in rest[-1:])


def _slipped(step: str, rng: random.Random) -> str:
    """The step with another result; an answer line with another answer."""
    if not step.endswith(".\n"):
        return step + WRONG
    return f"{step[:-2]}{rng.randrange(1, 10)}.\n"
