"""A run's first problems teach what scores are worth, in an order that nothing else decides."""

import asyncio
from dataclasses import replace

from labeler.dataset.reader import open_dataset
from labeler.driver.driver import Driver
from labeler.driver.journal import Journal
from labeler.first_error.signals import Signals
from labeler.labelers.base import Policy
from labeler.labelers.shared.score_alone import score_alone
from labeler.labelling.pilot import ENOUGH, piloted
from labeler.labelling.run import LabellingRun, run_plainly
from labeler.records import (
    Asks,
    Consensus,
    LabeledSolution,
    LabeledStep,
    Problem,
    Sampling,
    Verdict,
)
from tests.consensus.talk import rollouts, solution
from tests.noisy_policy import parts

POLICY = Policy("tiny", "1", "{problem}", "", Sampling(), "\n", run_seed=0, signals=Signals())


def wrong_in_step_2(problem, signal):
    """A wrong solution whose rollouts tell its first error; `signal` stands at it."""
    one = replace(solution(4, name=problem.problem_id), problem_id=problem.problem_id)
    steps = tuple(
        LabeledStep(
            text, "", None, None,
            (
                rollouts(4, 4 if t < 2 else 0),
                score_alone("", "surprise", "1", Asks.CORRECTNESS, signal if t == 2 else -0.1 * t),
            ),
        )
        for t, text in enumerate(one.steps)
    )  # fmt: skip
    return LabeledSolution(problem, one, steps, None, Consensus("", False, ""))


def learned(tmp_path, n, n_wrong_each=1, signal=-5.0):
    """The policy after the pilot, and the problems in the order in which they were asked about."""
    asked = []

    def label(problem, known):
        asked.append((problem.problem_id, len(known.signals.by_source) > 0))
        yield from ()
        return [wrong_in_step_2(problem, signal)] * n_wrong_each

    async def run():
        with Journal(tmp_path / "journal.sqlite") as journal:
            async with Driver({}, journal) as driver:
                problems = [Problem(f"p{i:03}", "math", "?", "3") for i in range(n)]
                return await piloted(problems, POLICY, driver, label)

    return asyncio.run(run()), asked


def test_eight_problems_are_searched_as_if_nothing_were_known_then_twice_as_many_each_time(
    tmp_path,
):
    known, asked = learned(tmp_path, 99)
    assert len(asked) == len(known.pilot) == 8 + 8 + 16 == ENOUGH
    assert [informed for _, informed in sorted(asked)] == [False] * 8 + [True] * 24
    assert known.signals.by_source["surprise"].n == ENOUGH
    seen_by = [
        one.by_source["surprise"].n for _, one in sorted(known.pilot.items()) if one.by_source
    ]
    assert seen_by == [8] * 8 + [16] * 16


def test_it_ends_when_enough_was_seen_or_the_problems_end(tmp_path):
    assert len(learned(tmp_path, 99, n_wrong_each=4)[1]) == 8
    known, asked = learned(tmp_path, 5)
    assert (len(asked), list(known.pilot.values())) == (5, [Signals()] * 5)
    nothing, asked = learned(tmp_path, 20, n_wrong_each=0)
    assert (len(asked), nothing.signals) == (20, Signals())


def label(out, shards):
    given = parts(
        labelers=[{"kind": "bisect"}, {"kind": "surprise"}],
        run={"shards": shards, "max_active": 6},
    )
    run = LabellingRun(given, out, False, lambda progress: None)
    summary = asyncio.run(run_plainly(run))
    return summary, list(open_dataset(out).solutions())


def test_shards_do_not_matter_where_a_run_learns_before_it_searches(tmp_path):
    (summary, one), (_, many) = (label(tmp_path / str(shards), shards) for shards in (1, 5))
    assert one == many
    # Its own solutions keep what they were sampled with, and every step of theirs has a score.
    told = [piece for row in one for s in row.steps for piece in s.evidence if piece.signal]
    assert {(p.labeler, p.verdict, p.calls) for p in told} == {("surprise", Verdict.UNKNOWN, 0)}
    assert sum(len(row.steps) for row in one) == len(told)
    assert all(row.solution.logprobs for row in one)
    assert summary.statistics["surprise"]["asked"] == 0
