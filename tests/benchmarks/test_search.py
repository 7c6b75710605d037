"""The search benchmark rests on a policy that does what it claims, and on honest sweeps."""

import asyncio
import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from labeler.driver.requests import Message, Prompt, Sample
from labeler.oracle.generate import Difficulty, generate_problems
from labeler.oracle.oracle import grade
from labeler.oracle.tasks import solve_prompt
from labeler.records import Sampling
from labeler.steps import split_steps

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def benchmark(name):
    """A module of the folder, without putting its siblings' names on the path."""
    spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SIMULATED, NESTED = benchmark("simulated_policy"), benchmark("nested_sampler")
PROBLEMS = list(generate_problems(3, 1, Difficulty(10, 16, 195, 0.3)))


def asked(problem, n_steps=0, n=400, seed=0, requester="monte_carlo"):
    prefix = "".join(problem.problem.reference_solution[:n_steps])
    prompt = Prompt((Message("user", solve_prompt(problem.problem.text)),), prefix)
    return Sample(prompt, n, Sampling(), seed, requester=requester)


def texts(sampler, request):
    [reply] = asyncio.run(sampler.sample([request]))
    return [request.prompt.prefix + completion.text for completion in reply.completions]


def success(sampler, problem, request):
    gold = f"Answer: {problem.problem.gold_answer}"
    found = texts(sampler, request)
    return sum(text.endswith(gold) for text in found) / len(found)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.problem.problem_id)
def test_right_prefixes_succeed_at_the_simulated_rates(problem):
    policy = SIMULATED.SimulatedPolicy(PROBLEMS)
    rates = SIMULATED._Rates(problem).right
    for n_steps in (0, len(rates) // 2, len(rates) - 1):
        expected = 1.0
        for rate in rates[n_steps:]:
            expected *= rate
        # Of 400 rollouts; errors that heal add at most 0.06 in the mean.
        found = success(policy, problem, asked(problem, n_steps))
        assert expected - 0.09 <= found <= expected + 0.16 * (1 - expected) + 0.09


def test_a_slip_is_a_wrong_step_to_the_oracle_and_seldom_ends_right():
    policy = SIMULATED.SimulatedPolicy(PROBLEMS)
    problem = PROBLEMS[0]
    reference = problem.problem.reference_solution
    ends = []
    for text in set(texts(policy, asked(problem))):
        steps = split_steps(text, "\n")
        slip = next((t for t, step in enumerate(steps) if step != reference[t]), -1)
        assert grade(problem, steps).first_error == slip
        if 0 <= slip < len(steps) - 1:
            after = replace(asked(problem), prompt=Prompt(asked(problem).prompt.messages,
                            "".join(steps[: slip + 1])))  # fmt: skip
            ends.append(success(policy, problem, after))
    # Two rates of recovery and nothing between: 0.02 and 0.35, of 400 rollouts.
    assert ends
    assert all(rate < 0.06 or 0.25 < rate < 0.45 for rate in ends)


def test_smaller_k_get_the_first_of_the_rollouts_of_the_largest():
    policy = SIMULATED.SimulatedPolicy(PROBLEMS)
    nested = NESTED.Nested(policy, 32, {"monte_carlo"})
    for n in (32, 8, 4):
        request = asked(PROBLEMS[0], n=n, seed=5)
        assert asyncio.run(nested.sample([request])) == asyncio.run(policy.sample([request]))
    other = asked(PROBLEMS[0], n=2, seed=6, requester="bisect")
    assert asyncio.run(nested.sample([other])) == asyncio.run(policy.sample([other]))
