"""A policy for oracle problems that knows the way and slips at places that a hash decides.

A stand-in for a model where a test needs thousands of quick, repeatable rollouts: it continues any
prefix, carries wrong numbers on, and its replies depend on nothing but the prompt and the index.
"""

from __future__ import annotations

import hashlib
import time

from labeler.checking.math_answer import MathChecker
from labeler.config import RunConfig
from labeler.labelling_run import Parts
from labeler.oracle.generate import Difficulty, generate_problems
from labeler.requests import POLICY, Prompt
from labeler.samplers.scripted import ScriptedSampler
from labeler.wiring import read_problems
from labeler.wiring.labelers import build_recipe

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
    """Continues a prefix; each step slips in one case of eight, and so does all after a slip."""
    reference = SOLUTIONS[prompt.messages[-1].content]
    written = prompt.prefix.splitlines(keepends=True)
    lost = tuple(written) != reference[: len(written)]
    text = ""
    for place in range(len(written), len(reference)):
        draw = hashlib.sha256(f"{prompt}{index}{place}".encode()).digest()[0]
        lost = lost or draw < 32
        step = reference[place]
        text += step.replace(".\n", "7.\n") if lost and "Answer" not in step else step
    return text + "7" * lost


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
