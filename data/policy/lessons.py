"""What the embedded policy learns from: an endless stream of lessons on generated problems."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from batching import Example
from stages import SEED, Stage, order
from transformers import PreTrainedTokenizerFast

from labeler.driver.requests import Message, Prompt, Sample, Samples
from labeler.oracle.generate import Difficulty, generate_problem
from labeler.oracle.graph import OracleProblem, read_equation
from labeler.oracle.mistakes import TEACHABLE, with_mistake, with_slip
from labeler.oracle.oracle import ErrorKind, grade
from labeler.oracle.tasks import (
    annotate_answer,
    annotate_prompt,
    judge_answer,
    judge_prompt,
    solve_prompt,
)
from labeler.records import Sampling
from labeler.samplers.transformers import TransformersSampler
from labeler.steps import split_steps

Own = list[tuple[OracleProblem, tuple[str, ...]]]
"""The policy's own solutions and the problems they are for."""

TOKENS_PER_BATCH = 4096
PROMPT_WEIGHT = 0.1
MISTAKES = {
    ErrorKind.ARITHMETIC_SLIP: 7,
    ErrorKind.WRONG_OPERAND: 5,
    ErrorKind.WRONG_OPERATOR: 2,
    ErrorKind.SKIPPED_STEP: 2,
    ErrorKind.REPEATED_STEP: 1,
    ErrorKind.EARLY_ANSWER: 1,
    ErrorKind.WRONG_ANSWER: 2,
}
assert set(MISTAKES) == set(TEACHABLE)


def lesson(
    task: str, problem: OracleProblem, steps: tuple[str, ...] | None, rng: random.Random
) -> tuple[str, str]:
    """Prompt and answer of one task on one problem; `steps` are judged, or else steps made here."""
    text, reference = problem.problem.text, problem.problem.reference_solution
    if task == "solve":
        return solve_prompt(text), "".join(reference)
    if steps is None and rng.random() < 0.65:
        kind = rng.choices(list(MISTAKES), list(MISTAKES.values()))[0]
        steps = with_mistake(problem, kind, rng)
    steps = steps or reference
    if task == "judge":
        return judge_prompt(text, steps), judge_answer(problem, steps)
    return annotate_prompt(text, reference, steps), annotate_answer(problem, steps)


def carried_slip(problem: OracleProblem, steps: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """Place of the first error and the solution that carries it on, if it is a slip; else -1."""
    found = grade(problem, steps)
    place, claim = found.first_error, read_equation(steps[found.first_error])
    if found.first_error_kind is not ErrorKind.ARITHMETIC_SLIP or claim is None:
        return -1, ()
    carried = with_slip(problem, place, claim.result)
    return (place, carried) if carried[: place + 1] == steps[: place + 1] else (-1, ())


def training_problem(index: int, most_steps: int, rng: random.Random) -> OracleProblem:
    """Problem `index` of the training set."""
    return generate_problem(
        SEED, index, Difficulty(2, most_steps, rng.choice((80, 200, 300)), 0.15)
    )


def examples(tokenizer: PreTrainedTokenizerFast, stage: Stage, own: Own) -> Iterator[Example]:
    """An endless stream; what it holds depends on how much of the schedule went by."""
    first = order(stage) == 0
    rng = random.Random(f"lessons:{SEED}:{stage.name}")
    seen, index = 0, order(stage) * 10_000_000
    found = ((problem, *carried_slip(problem, steps)) for problem, steps in own)
    slips = [(problem, place, carried) for problem, place, carried in found if place >= 0]
    while True:
        done = seen / stage.schedule if first else 1.0
        task = "solve"
        if done > 0.12:
            task = rng.choices(list(stage.shares), list(stage.shares.values()))[0]
        most = 4 if done < 0.06 else 7 if done < 0.12 else 10
        problem, steps = training_problem(index, most, rng), None
        if task != "solve" and own and rng.random() < stage.own:
            problem, steps = rng.choice(own)
        prompt, answer = lesson(task, problem, steps, rng)
        slip = -1
        if task == "solve" and slips and rng.random() < stage.carried:
            problem, slip, carried = rng.choice(slips)
            prompt, answer = solve_prompt(problem.problem.text), "".join(carried)
        prompt_ids = tokenizer(f"<|user|>{prompt}<|end|><|assistant|>")["input_ids"]
        ids, weights = list(prompt_ids), [PROMPT_WEIGHT] * len(prompt_ids)
        for i, line in enumerate(f"{answer}<|end|>".splitlines(keepends=True)):
            line_ids = tokenizer(line)["input_ids"]
            weight = stage.emphasis if line.endswith(": wrong.\n") else 1.0
            ids += line_ids
            weights += [0.0 if i == slip else weight] * len(line_ids)
        yield Example(task, ids, weights)
        seen += len(ids)
        index += 1


async def own_solutions(folder: Path, stage: Stage) -> Own:
    """Solutions that the policy samples at temperature 1, two to a problem, as they came."""
    rng = random.Random(f"own:{SEED}:{stage.name}")
    first = 100_000_000 + order(stage) * 10_000_000
    problems = [training_problem(first + i, 10, rng) for i in range(stage.n_own // 2)]
    sampler = TransformersSampler(str(folder), rows_per_batch=128)
    sampling = Sampling(temperature=1.0, max_tokens=260)
    asked = [
        Sample(Prompt((Message("user", solve_prompt(p.problem.text)),)), 2, sampling, seed=i)
        for i, p in enumerate(problems)
    ]
    replies = await sampler.sample(asked)
    await sampler.aclose()
    return [
        (problem, split_steps(completion.text, "\n"))
        for problem, reply in zip(problems, replies, strict=True)
        if isinstance(reply, Samples)
        for completion in reply.completions
        if completion.finish == "stop" and completion.text.strip()
    ]
