"""The run file for SCAN, on its first problems, with the embedded policy."""

from pathlib import Path

from labeler import open as open_dataset
from labeler.config import load_config
from labeler.consensus.base import Counts
from labeler.consensus.pass_rates import pass_rates
from labeler.wiring.runs import run

SCAN = Path(__file__).parents[2] / "data" / "scan.yaml"


def test_self_confidence_is_the_share_of_all_sixteen_samples(tmp_path):
    summary = run(load_config(SCAN, ["problems.n=4"]), tmp_path / "out")
    rows = list(open_dataset(tmp_path / "out").solutions())
    drawn = {row.problem.problem_id: row.solution.samples for row in rows}
    assert [samples.n for samples in drawn.values()] == [16] * 4
    assert (
        sum(samples.n_correct for samples in drawn.values())
        == (summary.statistics["solve"]["right"])
    )
    assert len(rows) < 32, "most samples have the same text"
    assert pass_rates(rows).by_problem == {
        name: Counts(samples.n_decided, samples.n_correct) for name, samples in drawn.items()
    }
    for row in rows:
        samples = drawn[row.problem.problem_id]
        is_trusted = 4 * samples.n_correct >= 3 * samples.n_decided
        assert row.consensus.reason.startswith("self-confidence") is not is_trusted
