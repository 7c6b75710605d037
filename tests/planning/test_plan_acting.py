"""A plan of a run that calls tools labels its sample with real calls, and counts them."""

from __future__ import annotations

import asyncio

from labeler.labelling.run import LabellingRun, run_plainly
from labeler.planning.measure import measure
from tests.acting_policy import PROBLEMS, corpus, parts


def test_what_a_sample_takes_is_what_the_run_takes(tmp_path):
    library = corpus(tmp_path / "passages.jsonl")
    measured = asyncio.run(measure(parts(library), PROBLEMS, lambda progress: None))
    run = LabellingRun(parts(library), tmp_path / "out", False, lambda progress: None)
    summary = asyncio.run(run_plainly(run))
    for name in ("calls", "samples", "completion_tokens"):
        assert sum(one[name] for one in measured.by_problem) == sum(
            getattr(cost, name) for cost in summary.cost.values()
        )
