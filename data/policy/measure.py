"""Measures the embedded policy on fresh problems of the default set: `make measure-policy`.

Prints a table and, as its last line, JSON: greedy accuracy; pass rates at temperature 1; balanced
accuracy of judging and annotating the steps of its own solutions; Monte Carlo values of prefixes
that the oracle calls right and wrong, with what kinds of first errors the policy makes.

It judges in two ways: in one pass, and solving first (its own greedy solution, written without
looking at the other one, is then the reference of an annotation; no gold answer is used). Asked
about are four sampled solutions of each problem; intervals (95%) are by resampling problems.
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
from scores import Sums, add, balanced, measured, rows, vars_of

from labeler.config import load_config
from labeler.driver.requests import Message, Prompt, Sample, Samples
from labeler.oracle.generate import Difficulty, generate_problems
from labeler.oracle.graph import OracleProblem, read_answer
from labeler.oracle.mistakes import with_mistake
from labeler.oracle.oracle import ErrorKind, grade
from labeler.oracle.tasks import annotate_prompt, judge_prompt, read_verdicts, solve_prompt
from labeler.problems.sources import OracleProblems
from labeler.records import Sampling, Verdict
from labeler.samplers.transformers import TransformersSampler
from labeler.stats import wilson
from labeler.steps import split_steps

HERE = Path(__file__).parent
EXAMINED = 4
"""Of the sampled solutions of a problem, those that are judged and gone on from."""

FRESH = 5_000_000
"""A seed of problems that is used nowhere else; recipes are chosen on those of another one."""


def ask(prompt: str, n: int, temperature: float, seed: int, prefix: str = "") -> Sample:
    """`n` completions of a prompt, from a prefix of the answer."""
    sampling = Sampling(temperature=temperature, max_tokens=600)
    return Sample(Prompt((Message("user", prompt),), prefix), n, sampling, seed)


async def texts(sampler: TransformersSampler, asked: Sequence[Sample]) -> list[list[str]]:
    """The completions of each request."""
    replies = await sampler.sample(asked)
    return [[c.text for c in r.completions] if isinstance(r, Samples) else [] for r in replies]


def is_right(problem: OracleProblem, text: str) -> bool:
    """Whether a solution's last line gives the answer."""
    lines = text.splitlines() or [""]
    return str(read_answer(lines[-1])) == problem.problem.gold_answer


Prefix = tuple[OracleProblem, str, bool]
"""Where rollouts begin, and whether that holds a wrong step."""


def own_prefixes(
    problems: Sequence[OracleProblem], sampled: Sequence[Sequence[str]]
) -> list[Prefix]:
    """A random prefix of each examined solution."""
    rng = random.Random(0)
    cases = []
    for problem, texts_of in zip(problems, sampled, strict=True):
        for text in texts_of[:EXAMINED]:
            steps = split_steps(text, "\n")
            place = rng.randrange(max(1, len(steps) - 1))
            is_wrong = 0 <= grade(problem, steps).first_error <= place
            cases.append((problem, "".join(steps[: place + 1]), is_wrong))
    return cases


def up_to_first_errors(
    problems: Sequence[OracleProblem], sampled: Sequence[Sequence[str]]
) -> list[Prefix]:
    """Each examined solution up to its first error, if that is not its last step."""
    cases = []
    for problem, texts_of in zip(problems, sampled, strict=True):
        for text in texts_of[:EXAMINED]:
            steps = split_steps(text, "\n")
            place = grade(problem, steps).first_error
            if 0 <= place < len(steps) - 1:
                cases.append((problem, "".join(steps[: place + 1]), True))
    return cases


def with_injected_errors(problems: Sequence[OracleProblem]) -> list[Prefix]:
    """A solution of each problem up to an injected wrong number or operation."""
    rng = random.Random(0)
    kinds = (ErrorKind.ARITHMETIC_SLIP, ErrorKind.WRONG_OPERAND, ErrorKind.WRONG_OPERATOR)
    cases = []
    for problem in problems:
        steps = with_mistake(problem, rng.choice(kinds), rng)
        if steps is not None:
            end = grade(problem, steps).first_error + 1
            cases.append((problem, "".join(steps[:end]), True))
    return cases


def compared(
    right: Sequence[tuple[Prefix, float]], wrong: Sequence[tuple[Prefix, float]]
) -> dict[str, object]:
    """Mean value of right and of wrong prefixes, and how many times the one is the other."""
    sums: Sums = {}
    for (problem, _, is_wrong), value in (*right, *wrong):
        add(sums, problem.problem.problem_id, is_wrong, value)
    return {
        "n": {"right": len(right), "wrong": len(wrong)},
        "right": measured(sums, lambda a, n, b, m: a / n),
        "wrong": measured(sums, lambda a, n, b, m: b / m),
        "ratio": measured(sums, lambda a, n, b, m: (a / n) / (b / m)),
    }


async def mc(sampler: TransformersSampler, cases: Sequence[Prefix]) -> list[tuple[Prefix, float]]:
    """Each prefix with the share of 8 rollouts that end right."""
    rolled = await texts(
        sampler,
        [
            ask(solve_prompt(problem.problem.text), 8, 1.0, i, prefix)
            for i, (problem, prefix, _) in enumerate(cases)
        ],
    )
    return [
        (case, sum(is_right(case[0], text) for text in rollouts) / 8)
        for case, rollouts in zip(cases, rolled, strict=True)
    ]


async def measure(
    sampler: TransformersSampler, difficulty: Difficulty, n: int, seed: int
) -> dict[str, object]:
    """All figures of the policy at one difficulty."""
    problems = list(generate_problems(n, seed, difficulty))
    prompts = [solve_prompt(p.problem.text) for p in problems]
    started = time.perf_counter()
    greedy = await texts(sampler, [ask(prompt, 1, 0.0, 0) for prompt in prompts])
    n_greedy = sum(is_right(p, t[0]) for p, t in zip(problems, greedy, strict=True))
    sampled = await texts(sampler, [ask(prompt, 16, 1.0, i) for i, prompt in enumerate(prompts)])
    passes = [sum(is_right(p, t) for t in ts) / 16 for p, ts in zip(problems, sampled, strict=True)]

    own = [
        (p, greedy_text, split_steps(text, "\n"))
        for p, [greedy_text], ts in zip(problems, greedy, sampled, strict=True)
        for text in ts[:EXAMINED]
    ]
    own = [one for one in own if one[2] and read_answer(one[2][-1]) is not None]
    grades = [grade(p, steps) for p, _, steps in own]
    prompts_of = {
        "judge": [judge_prompt(p.problem.text, steps) for p, _, steps in own],
        "judge_solving_first": [
            annotate_prompt(p.problem.text, split_steps(solved, "\n"), steps)
            for p, solved, steps in own
        ],
        "annotate": [
            annotate_prompt(p.problem.text, p.problem.reference_solution, steps)
            for p, _, steps in own
        ],
    }
    judged = {
        name: await texts(sampler, [ask(prompt, 1, 0.0, 0) for prompt in asked])
        for name, asked in prompts_of.items()
    }
    pairs: dict[str, list[tuple[str, bool, Verdict]]] = {name: [] for name in judged}
    for name, replies in judged.items():
        for (p, _, steps), found, [text] in zip(own, grades, replies, strict=True):
            # The judge stops at the first error, so it is asked about the steps up to there.
            judges = name != "annotate" and found.first_error >= 0
            verdicts = read_verdicts(text, len(steps))[: found.first_error + 1 if judges else None]
            pairs[name] += [
                (p.problem.problem_id, error is None, verdict)
                for error, verdict in zip(found.errors, verdicts, strict=False)
            ]
    prefixes = await mc(sampler, own_prefixes(problems, sampled))
    right = [one for one in prefixes if not one[0][2]]
    between = sum(0.1 <= rate <= 0.9 for rate in passes)
    return {
        "model": sampler.model,
        "n": n,
        "seed": seed,
        "greedy": vars_of(wilson(n_greedy, n)),
        "pass_rate_at_temperature_1": sum(passes) / n,
        "pass_rate_between_0.1_and_0.9": vars_of(wilson(between, n)),
        **{name: balanced(found) for name, found in pairs.items()},
        "mc_injected_errors": compared(right, await mc(sampler, with_injected_errors(problems))),
        "mc_own_first_errors": compared(
            right, await mc(sampler, up_to_first_errors(problems, sampled))
        ),
        "mc_own_prefixes": compared(right, [one for one in prefixes if one[0][2]]),
        "n_examined": len(own),
        "first_error_kinds": dict(
            Counter(str(g.first_error_kind) for g in grades if g.first_error >= 0)
        ),
        "right_answers_by_a_wrong_way": sum(
            g.first_error >= 0 and is_right(p, steps[-1])
            for (p, _, steps), g in zip(own, grades, strict=True)
        ),
        "seconds": time.perf_counter() - started,
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=str(HERE))
    parser.add_argument("--problems", type=int, default=400)
    parser.add_argument("--seed", type=int, default=FRESH, help="of the problems")
    parser.add_argument("--config", default=str(HERE.parent / "benchmark.yaml"))
    parser.add_argument("--set", action="append", default=[], dest="settings")
    given = parser.parse_args()
    problems = load_config(given.config, given.settings).problems
    assert isinstance(problems, OracleProblems)
    difficulty = problems.difficulty
    sampler = TransformersSampler(given.model, rows_per_batch=128)
    figures = asyncio.run(measure(sampler, difficulty, given.problems, given.seed))
    table = Table("figure", "value", title=f"{difficulty}")
    for name, value in rows(figures):
        table.add_row(name, value)
    Console().print(table)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
