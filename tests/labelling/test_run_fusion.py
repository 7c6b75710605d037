"""A rule that learns is a stage of a run: it sees all shards, then decides all of them."""

import asyncio

from labeler.consensus.fusion import Fusion, FusionRule
from labeler.consensus.label import recompute_solution
from labeler.dataset.reader import open_dataset
from labeler.labelling.run import LabellingRun, run_plainly
from tests.noisy_policy import parts


def label(out, shards):
    given = parts(
        consensus={"rule": "fusion", "min_confidence": 0.9},
        run={"shards": shards, "max_active": 6},
    )
    run = LabellingRun(given, out, False, lambda progress: None)
    asyncio.run(run_plainly(run))
    return open_dataset(out)


def test_shards_do_not_matter_and_the_log_says_what_was_learned(tmp_path):
    one, many = (label(tmp_path / str(shards), shards) for shards in (1, 5))
    rows = list(one.solutions())
    assert rows == list(many.solutions())

    fitted = Fusion(FusionRule(min_confidence=0.9)).fit(rows)
    assert [recompute_solution(row, fitted).first_error for row in rows] == [
        row.first_error for row in rows
    ]

    for dataset in (one, many):
        noted = dataset.versions()[-1].info.cost["consensus"]
        assert noted["learned"] == fitted.report()
        assert {source["labeler"] for source in noted["learned"]["sources"]} == {
            "monte_carlo", "omegaprm", "outcome",
        }  # fmt: skip
