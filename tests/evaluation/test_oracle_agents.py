"""`labeler eval oracle` on agents: a fresh world with its own corpus, the oracle's truth."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from labeler.cli import app

AGENT = Path(__file__).parents[2] / "data" / "agent.yaml"


@pytest.mark.parametrize("labeler", ["bisect", "surprise"])
def test_trajectories_of_a_fresh_world_are_compared(labeler):
    words = [
        "eval",
        "oracle",
        "--config",
        str(AGENT),
        "--labeler",
        labeler,
        "--problems",
        "12",
        "--json",
    ]
    found = json.loads(CliRunner().invoke(app, words, catch_exceptions=False).stdout)
    assert found["n"] == found["n_erroneous"] + found["n_correct"] >= 10
    # With another world's corpus no answer would be found.
    assert found["n_correct"] >= 4
    if labeler == "bisect":
        assert found["sources"]["bisect"]["acc_correct"] > 0.9
