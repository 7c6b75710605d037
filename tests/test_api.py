"""The Python API, as a notebook uses it."""

import asyncio
import importlib
from pathlib import Path

import labeler
from labeler.config import load_config

ROOT = Path(__file__).parent.parent
SMALL = ["problems.n=3", "problems.difficulty.min_steps=2", "problems.difficulty.max_steps=3"]


def test_no_module_hides_a_function_of_the_api():
    importlib.import_module("labeler.wiring")
    assert callable(labeler.run)
    assert callable(labeler.open)


def test_a_run_and_its_dataset_where_an_event_loop_is_running_already(tmp_path):
    async def cell():
        config = load_config(ROOT / "data" / "quickstart.yaml", SMALL)
        return labeler.run(config, tmp_path / "out")

    summary = asyncio.run(cell())
    dataset = labeler.open(tmp_path / "out")
    rows = list(dataset.solutions())
    assert (summary.version, dataset.version, summary.n_problems) == (0, 0, 3)
    assert len(rows) == summary.n_solutions == dataset.scan().collect().height > 0
    assert {row.problem.source.dataset for row in rows} == {"oracle"}
