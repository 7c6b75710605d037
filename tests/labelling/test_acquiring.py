"""A run that asks whom it needs: the same labels and the same bill, however it is cut."""

import asyncio
import dataclasses

import pytest

from labeler.checking.math_answer import MathChecker
from labeler.config import RunConfig
from labeler.dataset.reader import open_dataset
from labeler.driver.requests import POLICY
from labeler.labelling.parts import Parts
from labeler.labelling.ready import first_problems
from labeler.labelling.remote_shard import (
    ShardTask,
    label_shard_task,
    learn_task,
    learning_shard,
)
from labeler.labelling.run import LabellingRun, run_plainly
from labeler.oracle.generate import Difficulty, generate_problems
from labeler.samplers.scripted import ScriptedSampler
from labeler.wiring import read_problems
from labeler.wiring.labelers import build_recipe
from tests.noisy_policy import CONFIG
from tests.slipping import slipping

N = 64
SOLUTIONS = {
    p.problem.text: p.problem.reference_solution for p in generate_problems(N, 5, Difficulty())
}
LABELERS = [{"kind": "tool_check"}, {"kind": "bisect"}, {"kind": "monte_carlo", "k": 4}]


class Dies(Exception):
    """The model is gone."""


def acquiring(acquire, shards=1, dies_after=None, k=4, group_size=16):
    """The parts of a run that learns on 16 problems and labels 48 others."""
    content = CONFIG | {
        "problems": {"kind": "oracle", "n": N, "seed": 5},
        "labelers": [*LABELERS[:-1], {"kind": "monte_carlo", "k": k}],
        "solutions": 1,
        "acquire": {"pilot": 8, **acquire},
        "consensus": {"rule": "fusion", "min_confidence": 0.9},
        "run": {"shards": shards, "max_active": 6},
    }
    config = RunConfig.model_validate(content, strict=False)

    class Mortal(ScriptedSampler):
        asked = 0

        async def sample(self, batch):
            Mortal.asked += len(batch)
            if dies_after is not None and Mortal.asked > dies_after:
                raise Dies
            return await super().sample(batch)

    def reply(prompt, index):
        return slipping(SOLUTIONS[prompt.messages[-1].content], prompt, index)

    sampler = Mortal(reply, model="noisy", rows_per_batch=16)
    recipe = build_recipe(config, sampler)
    terms = dataclasses.replace(recipe.terms, enough=16)
    recipe = dataclasses.replace(recipe, terms=terms, group_size=group_size)
    problems, rejections = read_problems(config)
    return Parts(
        problems, tuple(rejections), {POLICY: sampler}, MathChecker(), recipe, config.run,
        config.identity(), config.seed,
    )  # fmt: skip


def label(out, parts, resume=False):
    run = LabellingRun(parts, out, resume, lambda progress: None)
    summary = asyncio.run(run_plainly(run))
    return summary, list(open_dataset(out).solutions())


def bill(summary):
    """Tokens by who asked, and what acquisition says of each labeler."""
    tokens = {name: cost.completion_tokens for name, cost in summary.cost.items()}
    return tokens, {k: v for k, v in summary.statistics.items() if k.startswith("acquire ")}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return label(tmp_path_factory.mktemp("plain") / "run", acquiring({}))


def test_one_shard_or_four_the_same_labels_and_the_same_bill(tmp_path, plain):
    summary, rows = label(tmp_path / "four", acquiring({}, shards=4))
    assert rows == plain[1]
    assert bill(summary) == bill(plain[0])


def test_killed_and_resumed_the_same_labels_and_the_same_bill(tmp_path, plain):
    with pytest.raises(Dies):
        label(tmp_path / "killed", acquiring({}, dies_after=120))
    summary, rows = label(tmp_path / "killed", acquiring({}), resume=True)
    assert rows == plain[1]
    assert bill(summary) == bill(plain[0])


def test_shards_of_other_processes_learn_from_what_one_has_asked(tmp_path, plain):
    """As on a Ray cluster; each process has parts, and a count of what it asked, of its own."""
    asked = []

    async def elsewhere(work, run, shard):
        parts = acquiring({}, shards=4)
        sampler = parts.samplers[POLICY]
        first = tuple(first_problems(parts.recipe, parts.problems))
        task = ShardTask(
            shard, run.provenance, {POLICY: sampler.fingerprint},
            first_problems=first, n_problems=N,
        )  # fmt: skip
        try:
            return await work(task, parts)
        finally:
            asked.append(type(sampler).asked)
            await parts.aclose()

    async def main():
        run = LabellingRun(
            acquiring({}, shards=4), tmp_path / "run", False, lambda progress: None,
            delegates_shards=True,
        )  # fmt: skip
        async with run:
            run.learned(await elsewhere(learn_task, run, learning_shard(run.shards[0].folder)))
            done = [await elsewhere(label_shard_task, run, shard) for shard in run.shards]
            return run.commit(done)

    summary = asyncio.run(main())
    assert list(open_dataset(tmp_path / "run").solutions()) == plain[1]
    assert bill(summary) == bill(plain[0])
    # Nothing is asked twice: all together ask what one process does.
    alone = acquiring({})
    label(tmp_path / "alone", alone)
    assert sum(asked) == type(alone.samplers[POLICY]).asked


def test_what_was_asked_is_what_was_paid_for(plain):
    summary = plain[0]
    asked = bill(summary)[1]
    for name in ("bisect", "monte_carlo"):
        assert asked[f"acquire {name}"]["tokens"] == summary.cost[name].completion_tokens
    assert asked["acquire tool_check"]["asked"] == len(plain[1])
    # Only solutions with a wrong answer are searched; brute force is for what is left open.
    assert asked["acquire bisect"]["asked"] < len(plain[1])
    assert asked["acquire monte_carlo"]["asked"] < len(plain[1])


def test_a_budget_is_met_to_within_a_question(tmp_path):
    given = {"budget": {"tokens": 8_000}, "explore": 0.0}
    summary, _ = label(tmp_path / "run", acquiring(given, k=1, group_size=64))
    spent = sum(c.completion_tokens for name, c in summary.cost.items() if name != "solve")
    # What a question costs is known when it is answered; the last one may cost more than is left.
    asked = bill(summary)[1].values()
    dearest = max(one["tokens"] / one["asked"] for one in asked)
    assert abs(spent - 8_000) <= 0.02 * 8_000 + dearest


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"acquire": {"sources": ["judge"]}}, "acquire.sources: judge is not among labelers"),
        ({"consensus": {"rule": "majority"}}, "take fusion"),
        ({"acquire": {"budget": {"tokens": 1, "calls": 1}}}, "give one of tokens, calls and usd"),
        ({"acquire": {"budget": {"usd": 1.0}}}, "add prices:"),
        ({"labelers": [{"kind": "omegaprm"}]}, "take it out of labelers"),
    ],
)
def test_what_cannot_be_acquired_is_refused_when_the_file_is_read(changes, said):
    content = CONFIG | {"labelers": LABELERS, "acquire": {}, "consensus": {"rule": "fusion"}}
    with pytest.raises(ValueError, match=said):
        RunConfig.model_validate(content | changes, strict=False)
