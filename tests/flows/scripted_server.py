"""`python -m tests.flows.scripted_server --problems N --delay S`: the noisy policy over HTTP.

What a run in another process talks to where a test needs quick, repeatable replies. Prints its
address; every batch takes `--delay` seconds.
"""

import argparse
import asyncio
import socket

import uvicorn

from labeler.oracle.generate import Difficulty, generate_problems
from labeler.samplers.scripted import ScriptedSampler
from labeler.samplers.serve import create_app
from tests.slipping import slipping

SEED = 5


def problems(n):
    return [made.problem for made in generate_problems(n, SEED, Difficulty())]


def script(n):
    """Continues any prefix of a reference solution; a step slips in one case of eight."""
    known = {problem.text: problem.reference_solution for problem in problems(n)}

    def noisy(prompt, index):
        reference = known.get(prompt.messages[-1].content)
        if reference is None:
            return "Hello."  # a client's greeting, before it asks what it wants
        return slipping(reference, prompt, index)

    return noisy


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--problems", type=int, default=60)
    parser.add_argument("--delay", type=float, default=0.0)
    given = parser.parse_args()

    class Slow(ScriptedSampler):
        async def sample(self, batch):
            await asyncio.sleep(given.delay)
            return await super().sample(batch)

    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", flush=True)
    app = create_app(Slow(script(given.problems), model="noisy", rows_per_batch=16), "noisy")
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


if __name__ == "__main__":
    main()
