"""The embedded policy as annotator, judge and repairer, on a handful of fresh problems."""

import asyncio
from pathlib import Path

import pytest

from labeler.driver.conversation import together
from labeler.driver.requests import CheckResult
from labeler.labelers.base import Policy
from labeler.labelers.judge.judge import judge
from labeler.labelers.judge.settings import Judge
from labeler.labelers.spare import Spare, spare
from labeler.oracle.generate import Difficulty, generate_problems
from labeler.oracle.oracle import grade
from labeler.prompts import load_prompts
from labeler.records import Sampling, Verdict, prefix_id
from labeler.samplers.transformers import TransformersSampler

EMBEDDED = load_prompts("embedded")
POLICY = Policy("policy", "1", "Solve: {problem}", "", Sampling(), "\n", run_seed=0)


@pytest.fixture(scope="module")
def sampler():
    with asyncio.Runner() as runner:
        folder = Path(__file__).parents[2] / "data" / "policy"
        made = TransformersSampler(str(folder))
        yield lambda asked: runner.run(made.sample(asked))
        runner.run(made.aclose())


def pairs():
    """Problems with a right solution each, and the same with a slip in its first step."""
    for made in generate_problems(8, 780, Difficulty(2, 3, 100, 0.0)):
        reference = made.problem.reference_solution
        slip = reference[0].rsplit(" ", 1)[0] + f" {made.values()[0] + 3}.\n"
        yield made, (reference, (slip, *reference[1:]))


@pytest.mark.parametrize(
    ("labeler", "settings"),
    [
        (spare, Spare(prompts="embedded", max_tokens=300)),
        (judge, Judge(prompts="embedded", solve_first=True, max_tokens=300)),
    ],
    ids=["spare", "judge"],
)
def test_it_tells_right_steps_from_wrong_ones(sampler, labeler, settings):
    cases = list(pairs())
    works = [
        labeler(
            made.problem,
            tuple(POLICY.solution(made.problem, s, CheckResult(Verdict.UNKNOWN), 0) for s in texts),
            settings,
            POLICY,
        )
        for made, texts in cases
    ]
    conversation = together(works)
    asked = next(conversation)
    try:
        while True:
            asked = conversation.send(sampler(asked))
    except StopIteration as stop:
        found = stop.value
    right, wrong = [], []
    for (made, texts), findings in zip(cases, found, strict=True):
        said = {e.prefix_id: e.verdict for e in findings.evidence}
        assert [grade(made, steps).first_error for steps in texts] == [-1, 0]
        name = made.problem.problem_id
        right += [said.get(prefix_id(name, texts[0][: t + 1])) for t in range(len(texts[0]))]
        wrong.append(said[prefix_id(name, texts[1][:1])])
    assert right.count(Verdict.CORRECT) >= 0.8 * len(right)
    assert wrong.count(Verdict.WRONG) >= 0.8 * len(wrong)
