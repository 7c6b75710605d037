"""A policy for oracle problems that knows the way and slips at places that a hash decides.

A stand-in for a model where a test needs thousands of quick, repeatable rollouts: it continues any
prefix, carries wrong numbers on, and its replies depend on nothing but the prompt and the index.
"""

from __future__ import annotations

import time

from labeler.checking.math_answer import MathChecker
from labeler.config import RunConfig
from labeler.driver.requests import POLICY, Prompt
from labeler.labelling.parts import Parts
from labeler.oracle.generate import Difficulty, generate_problems
from labeler.samplers.scripted import ScriptedSampler
from labeler.wiring import read_problems
from labeler.wiring.labelers import build_recipe
from tests.slipping import slipping

N_PROBLEMS = 24
CONFIG = {
    "name": "noisy",
    "problems": {"kind": "oracle", "n": N_PROBLEMS, "seed": 5},
    "policy": {"kind": "transformers", "model": "none", "delimiter": "\n"},
    "solutions": 2,
    "labelers": [{"kind": "monte_carlo", "k": 4}, {"kind": "omegaprm", "k": 4, "search_limit": 3}],
    "consensus": {"rule": "posterior", "min_confidence": 0.8},
    "run": {"shards": 4, "max_active": 6},
}
SOLUTIONS = {
    p.problem.text: p.problem.reference_solution
    for p in generate_problems(N_PROBLEMS, 5, Difficulty())
}


def noisy(prompt: Prompt, index: int) -> str:
    return slipping(SOLUTIONS[prompt.messages[-1].content], prompt, index)


def parts(delay_s: float = 0.0, **changes: object) -> Parts:
    """The parts of a run with this policy; every batch takes `delay_s`."""
    config = RunConfig.model_validate(CONFIG | changes, strict=False)

    class Slow(ScriptedSampler):
        async def sample(self, batch):
            time.sleep(delay_s)
            return await super().sample(batch)

    sampler = Slow(noisy, model="noisy", rows_per_batch=16)
    problems, rejections = read_problems(config)
    return Parts(
        problems,
        tuple(rejections),
        {POLICY: sampler},
        MathChecker(),
        build_recipe(config, sampler),
        config.run,
        config.identity(),
        config.seed,
    )
