"""Measures the embedded policy on fresh problems of the default set: `make measure-policy`.

Prints a table and, as its last line, JSON: greedy accuracy; pass rates at temperature 1; balanced
accuracy of judging and annotating the steps of its own solutions; Monte Carlo values of prefixes
that the oracle calls right and wrong, with what kinds of first errors the policy makes.

It judges in two ways: in one pass, and solving first (its own greedy solution, written without
looking at the other one, is then the reference of an annotation; no gold answer is used).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from labeler.config import load_config
from labeler.config.problems import OracleProblems
from labeler.oracle.generate import Difficulty, generate_problems
from labeler.oracle.graph import OracleProblem, read_answer
from labeler.oracle.mistakes import with_mistake
from labeler.oracle.oracle import ErrorKind, grade
from labeler.oracle.tasks import annotate_prompt, judge_prompt, read_verdicts, solve_prompt
from labeler.records import Sampling, Verdict
from labeler.requests import Message, Prompt, Sample, Samples
from labeler.samplers.transformers import TransformersSampler
from labeler.stats import wilson
from labeler.steps import split_steps

HERE = Path(__file__).parent
FRESH = 5_000_000
"""A seed of problems that is used nowhere else; recipes are chosen on those of another one."""


def ask(prompt: str, n: int, temperature: float, seed: int, prefix: str = "") -> Sample:
    sampling = Sampling(temperature=temperature, max_tokens=600)
    return Sample(Prompt((Message("user", prompt),), prefix), n, sampling, seed)


async def texts(sampler: TransformersSampler, asked: Sequence[Sample]) -> list[list[str]]:
    """The completions of each request."""
    replies = await sampler.sample(asked)
    return [[c.text for c in r.completions] if isinstance(r, Samples) else [] for r in replies]


def is_right(problem: OracleProblem, text: str) -> bool:
    lines = text.splitlines() or [""]
    return str(read_answer(lines[-1])) == problem.problem.gold_answer


def balanced(pairs: Sequence[tuple[bool, Verdict]]) -> dict[str, object]:
    """Mean of the accuracies on right and on wrong steps; no verdict counts as a miss."""
    right = [verdict is Verdict.CORRECT for truth, verdict in pairs if truth]
    wrong = [verdict is Verdict.WRONG for truth, verdict in pairs if not truth]
    rates = [wilson(sum(hits), len(hits)) for hits in (right, wrong)]
    means = [rate.rate for rate in rates if rate.rate is not None]
    return {
        "balanced_accuracy": mean(means),
        "on_right_steps": vars_of(rates[0]),
        "on_wrong_steps": vars_of(rates[1]),
    }


def vars_of(rate: object) -> dict[str, object]:
    return {name: getattr(rate, name) for name in ("n_yes", "n", "rate", "low", "high")}


def mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def ratio(above: Sequence[float], below: Sequence[float]) -> float | None:
    high, low = mean(above), mean(below)
    return high / low if high is not None and low else None


async def mc_of_own_prefixes(
    sampler: TransformersSampler,
    problems: Sequence[OracleProblem],
    sampled: Sequence[Sequence[str]],
) -> tuple[list[float], list[float]]:
    """MC of random prefixes of two own solutions per problem, right ones and wrong ones."""
    rng = random.Random(0)
    cases = []
    for problem, ts in zip(problems, sampled, strict=True):
        for text in ts[:2]:
            steps = split_steps(text, "\n")
            place = rng.randrange(max(1, len(steps) - 1))
            is_wrong = 0 <= grade(problem, steps).first_error <= place
            cases.append((problem, "".join(steps[: place + 1]), is_wrong))
    values = await mc(sampler, [(p, prefix) for p, prefix, _ in cases])
    right = [value for value, (_, _, is_wrong) in zip(values, cases, strict=True) if not is_wrong]
    wrong = [value for value, (_, _, is_wrong) in zip(values, cases, strict=True) if is_wrong]
    return right, wrong


async def mc_of_injected_errors(
    sampler: TransformersSampler, problems: Sequence[OracleProblem]
) -> list[float]:
    """MC of prefixes that end in an injected wrong number or operation."""
    rng = random.Random(0)
    kinds = (ErrorKind.ARITHMETIC_SLIP, ErrorKind.WRONG_OPERAND, ErrorKind.WRONG_OPERATOR)
    cases = []
    for problem in problems:
        steps = with_mistake(problem, rng.choice(kinds), rng)
        if steps is not None:
            cases.append((problem, "".join(steps[: grade(problem, steps).first_error + 1])))
    return await mc(sampler, cases)


async def mc(
    sampler: TransformersSampler, cases: Sequence[tuple[OracleProblem, str]]
) -> list[float]:
    """Share of 8 rollouts from each prefix that end right."""
    rolled = await texts(
        sampler,
        [
            ask(solve_prompt(p.problem.text), 8, 1.0, i, prefix)
            for i, (p, prefix) in enumerate(cases)
        ],
    )
    return [
        sum(is_right(problem, text) for text in rollouts) / 8
        for (problem, _), rollouts in zip(cases, rolled, strict=True)
    ]


async def measure(
    sampler: TransformersSampler, difficulty: Difficulty, n: int, seed: int
) -> dict[str, object]:
    problems = list(generate_problems(n, seed, difficulty))
    prompts = [solve_prompt(p.problem.text) for p in problems]
    started = time.perf_counter()
    greedy = await texts(sampler, [ask(prompt, 1, 0.0, 0) for prompt in prompts])
    n_greedy = sum(is_right(p, t[0]) for p, t in zip(problems, greedy, strict=True))
    sampled = await texts(sampler, [ask(prompt, 16, 1.0, i) for i, prompt in enumerate(prompts)])
    passes = [sum(is_right(p, t) for t in ts) / 16 for p, ts in zip(problems, sampled, strict=True)]

    own = [(p, split_steps(ts[0], "\n")) for p, ts in zip(problems, sampled, strict=True)]
    own = [(p, steps) for p, steps in own if steps and read_answer(steps[-1]) is not None]
    grades = [grade(p, steps) for p, steps in own]
    kinds = Counter(str(g.first_error_kind) for g in grades if g.first_error >= 0)
    judged = await texts(
        sampler, [ask(judge_prompt(p.problem.text, steps), 1, 0.0, 0) for p, steps in own]
    )
    annotated = await texts(
        sampler,
        [
            ask(annotate_prompt(p.problem.text, p.problem.reference_solution, steps), 1, 0.0, 0)
            for p, steps in own
        ],
    )
    greedy_steps = {
        p.problem.problem_id: split_steps(t[0], "\n") for p, t in zip(problems, greedy, strict=True)
    }
    solved_first = await texts(
        sampler,
        [
            ask(
                annotate_prompt(p.problem.text, greedy_steps[p.problem.problem_id], steps),
                1,
                0.0,
                0,
            )
            for p, steps in own
        ],
    )
    pairs: dict[str, list[tuple[bool, Verdict]]] = {
        "judge": [],
        "solving first": [],
        "annotate": [],
    }
    for (_, steps), found, [by_judge], [by_solver], [by_annotator] in zip(
        own, grades, judged, solved_first, annotated, strict=True
    ):
        # The judge stops at the first error, so it is asked about the steps up to there.
        end = len(steps) if found.first_error < 0 else found.first_error + 1
        truths = [error is None for error in found.errors]
        for name, text, last in (
            ("judge", by_judge, end),
            ("solving first", by_solver, end),
            ("annotate", by_annotator, len(steps)),
        ):
            pairs[name] += list(zip(truths[:last], read_verdicts(text, len(steps)), strict=False))
    own_right, own_wrong = await mc_of_own_prefixes(sampler, problems, sampled)
    injected = await mc_of_injected_errors(sampler, problems)
    between = sum(0.1 <= rate <= 0.9 for rate in passes)
    return {
        "model": sampler.model,
        "n": n,
        "seed": seed,
        "greedy": vars_of(wilson(n_greedy, n)),
        "pass_rate_at_temperature_1": sum(passes) / n,
        "pass_rate_between_0.1_and_0.9": vars_of(wilson(between, n)),
        "judge": balanced(pairs["judge"]),
        "judge_solving_first": balanced(pairs["solving first"]),
        "annotate": balanced(pairs["annotate"]),
        "mc_of_right_prefixes": mean(own_right),
        "mc_of_wrong_prefixes": mean(own_wrong),
        "mc_of_injected_errors": mean(injected),
        "mc_ratio": ratio(own_right, own_wrong),
        "mc_ratio_injected": ratio(own_right, injected),
        "n_prefixes": {"right": len(own_right), "wrong": len(own_wrong), "injected": len(injected)},
        "first_error_kinds": dict(kinds),
        "right_answers_by_a_wrong_way": sum(
            g.first_error >= 0 and is_right(p, steps[-1])
            for (p, steps), g in zip(own, grades, strict=True)
        ),
        "seconds": time.perf_counter() - started,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=str(HERE))
    parser.add_argument("--problems", type=int, default=300)
    parser.add_argument("--seed", type=int, default=FRESH, help="of the problems")
    parser.add_argument("--config", default=str(HERE.parent / "benchmark.yaml"))
    parser.add_argument("--set", action="append", default=[], dest="settings")
    given = parser.parse_args()
    problems = load_config(given.config, given.settings).problems
    assert isinstance(problems, OracleProblems)
    difficulty = Difficulty(**problems.difficulty.model_dump())
    sampler = TransformersSampler(given.model, rows_per_batch=128)
    figures = asyncio.run(measure(sampler, difficulty, given.problems, given.seed))
    table = Table("figure", "value", title=f"{difficulty}")
    for name, value in figures.items():
        table.add_row(name, json.dumps(value))
    Console().print(table)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
