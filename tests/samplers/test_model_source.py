"""What a model's name means: a folder by its content, a name on the Hub by its commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from labeler.errors import ConfigError
from labeler.samplers.model_source import ModelSource, find_model

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the Hub that holds the tokenizer of me/model; the Hub cannot be reached."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    folder = tmp_path / "models--me--model"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(COMMIT)
    snapshot = folder / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot / "tokenizer.json").write_text("{}")
    return snapshot


def test_a_folder_is_known_by_its_files(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "a.safetensors").write_bytes(b"1")
    one = find_model(str(tmp_path), None)
    assert (one.revision, one.tokenizer) == (None, None)
    (tmp_path / "a.safetensors").write_bytes(b"2")
    (tmp_path / "tokenizer.json").write_text("{}")
    other = find_model(str(tmp_path), None)
    assert other.identity != one.identity
    assert other.tokenizer == str(tmp_path)


def test_a_name_on_the_hub_is_known_by_its_commit_also_without_network(cache):
    assert find_model("me/model", None) == ModelSource(COMMIT, COMMIT, str(cache))
    assert find_model("me/model", COMMIT) == ModelSource(COMMIT, COMMIT, str(cache))


@pytest.mark.parametrize(
    ("model", "line"),
    [
        (
            "me/other",
            "no folder 'me/other' here, and the Hub cannot be reached; check policy.model",
        ),
        ("./models/gone", "no folder './models/gone', and no name on the Hub either; check policy"),
        ("a/b/c", "no folder 'a/b/c', and no name on the Hub either; check policy.model"),
    ],
)
def test_a_wrong_name_is_one_line(cache, model, line):
    with pytest.raises(ConfigError) as caught:
        find_model(model, None)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_model_is_not_looked_up_on_the_hub(tmp_path):
    with pytest.raises(ConfigError, match=r"no config.json"):
        find_model(str(tmp_path), None)
