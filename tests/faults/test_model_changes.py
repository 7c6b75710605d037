"""A model's folder that is changed in mid-run: the run goes on with the weights that it began with.

What comes after is another model, so another run.
"""

import asyncio
import os
import shutil

import pytest

from labeler.driver.requests import Message, Prompt, Sample
from labeler.errors import ConfigError
from labeler.records import Sampling
from labeler.samplers import transformers
from labeler.samplers.transformers import TransformersSampler
from tests.faults.conftest import ROOT

ONE = Sample(
    Prompt((Message("user", "Tom has 4 coins. Kim has 3 more. How many has Kim?"),)),
    2, Sampling(max_tokens=24), seed=1,
)  # fmt: skip
HEADER = 20_000


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(ROOT / "data" / "policy", tmp_path / "model")


def said(sampler):
    [reply] = asyncio.run(sampler.sample([ONE]))
    return [completion.text for completion in reply.completions]


def overwrite(folder):
    """Other weights in the same file, as `cp` writes them."""
    weights = folder / "model.safetensors"
    with weights.open("r+b") as file:
        file.seek(HEADER)
        file.write(os.urandom(weights.stat().st_size - HEADER))


@pytest.mark.parametrize("dtype", ["auto", "float32"])
def test_weights_that_are_overwritten_in_mid_run_change_no_reply(folder, dtype):
    sampler = TransformersSampler(str(folder), device="cpu", dtype=dtype)
    before = said(sampler)
    overwrite(folder)
    assert said(sampler) == before
    asyncio.run(sampler.aclose())
    later = TransformersSampler(str(folder), device="cpu", dtype=dtype)
    assert later.fingerprint != sampler.fingerprint
    asyncio.run(later.aclose())


def test_weights_that_are_cut_short_or_deleted_in_mid_run_change_no_reply(folder):
    sampler = TransformersSampler(str(folder), device="cpu", dtype="auto")
    before = said(sampler)
    os.truncate(folder / "model.safetensors", HEADER)
    assert said(sampler) == before
    shutil.rmtree(folder)
    assert said(sampler) == before
    asyncio.run(sampler.aclose())


def test_a_folder_that_changes_while_it_is_loaded_is_refused(folder, monkeypatch):
    load = transformers.load_model

    def loading(*arguments):
        loaded = load(*arguments)
        overwrite(folder)
        return loaded

    monkeypatch.setattr(transformers, "load_model", loading)
    with pytest.raises(ConfigError, match=r"changed while it was loaded; run again"):
        TransformersSampler(str(folder), device="cpu")
