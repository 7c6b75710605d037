"""`python -m tests.flows.scripted_run OUT --problems N [--flow]`: a run without a model's cost.

The noisy policy in the run's own process, so that what is left is the pipeline, and with `--flow`
Prefect. Prints the seconds that it took, on the clock and of this process's processor time.
"""

import argparse
import asyncio
import time
from pathlib import Path

from prefect import flow

from flows.reporting import ProgressBoard
from flows.stages import execute_run, few_shards
from labeler.checking.math_answer import MathChecker
from labeler.config import RunConfig
from labeler.labelling.parts import Parts
from labeler.labelling.run import LabellingRun, run_plainly
from labeler.samplers.scripted import ScriptedSampler
from labeler.wiring.labelers import build_recipe
from tests.flows.scripted_server import problems, script


def parts(config, n):
    sampler = ScriptedSampler(script(n), model="noisy", rows_per_batch=64)
    return Parts(
        problems=tuple(problems(n)),
        rejections=(),
        samplers={"policy": sampler},
        checker=MathChecker(),
        recipe=build_recipe(config, sampler),
        options=config.run,
        config_sha=config.identity(),
        seed=config.seed,
    )


@flow(name="label-scripted", persist_result=False)
async def label_scripted(given):
    """The flow `label` after its plan, over parts that are given by a function."""
    config, run, board = given()
    async with run:
        return await execute_run(config, run, board)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--problems", type=int, required=True)
    parser.add_argument("--flow", action="store_true")
    given = parser.parse_args()
    content = {
        "problems": {"kind": "oracle", "n": given.problems, "seed": 5},
        "policy": {"kind": "transformers", "model": "none", "delimiter": "\n"},
        "solutions": 1,
        "labelers": [{"kind": "monte_carlo", "k": 2}],
        "run": {"shards": 400, "max_active": 256},
    }
    config = few_shards(RunConfig.model_validate(content, strict=False))
    board = ProgressBoard()
    run = LabellingRun(parts(config, given.problems), given.out, False, board.note)
    started, computed = time.monotonic(), time.process_time()
    work = label_scripted(lambda: (config, run, board)) if given.flow else run_plainly(run)
    asyncio.run(work)
    print(f"{time.monotonic() - started:.1f} {time.process_time() - computed:.1f}")


if __name__ == "__main__":
    main()
