"""A head that `benchmarks/train_prm.py` trains, saved as a folder and read back as a model."""

import asyncio
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from labeler.driver.requests import Classified, Classify, Message, Prompt
from labeler.errors import BackendDown
from labeler.labelers.base import Policy
from labeler.oracle.generate import Difficulty, generate_problems
from labeler.records import Asks, Sampling
from labeler.samplers.reward.in_process import RewardModel
from tests.samplers.reward.tiny import POLICY

sys.path.append(str(Path(__file__).parents[3] / "benchmarks"))
POLICY_ASKED = Policy("tiny", "1", "Solve: {problem}", "", Sampling(), "\n", run_seed=0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A head on the reference solutions of six problems, with every third step called wrong."""
    from prm_model import Features, Training, save, train

    solved = [
        (one.problem.text, tuple(f"{step}\n" for step in one.problem.reference_solution))
        for one in generate_problems(6, 77, Difficulty())
    ]
    features = Features(str(POLICY), POLICY_ASKED).of(solved)
    x = np.concatenate(features)
    targets = (np.arange(len(x)) % 3 > 0).astype(float)
    head = train(x, targets, 1, Training(n_epochs=5))
    folder = tmp_path_factory.mktemp("own") / "prm"
    save(head, POLICY_ASKED, str(POLICY), folder, Asks.VALUE)
    return folder, solved, [head.probabilities(one) for one in features]


def test_a_saved_model_gives_the_scores_that_it_had_in_training(trained):
    folder, solved, expected = trained
    model = RewardModel(str(folder), "labeler")
    asked = [Classify(Prompt((Message("user", text),)), steps, "prm") for text, steps in solved]
    found = asyncio.run(model.classify(asked))
    assert {type(one) for one in found} == {Classified}
    for one, scores in zip(found, expected, strict=True):
        assert one.scores == pytest.approx(scores.tolist(), abs=1e-5)
    assert {one.asks for one in found} == {Asks.VALUE}
    assert np.ptp(np.concatenate(expected)) > 0.01


def test_other_weights_of_the_head_are_another_model(trained, tmp_path):
    folder, _, _ = trained
    shutil.copytree(folder, tmp_path / "other")
    weights = tmp_path / "other" / "labeler_prm.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    same = RewardModel(str(folder), "labeler").fingerprint
    assert same != RewardModel(str(tmp_path / "other"), "labeler").fingerprint
    weights.write_bytes(b"cut off")
    with pytest.raises(BackendDown, match=r"cannot load .*labeler_prm\.safetensors"):
        RewardModel(str(tmp_path / "other"), "labeler")
