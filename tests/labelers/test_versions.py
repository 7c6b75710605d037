"""What a dataset of an earlier build says its labels were made by still counts as the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labeler.config.load import _checked
from labeler.config.run import RunConfig
from labeler.steps import SPLITTERS
from labeler.wiring.runs import build
from labeler.wiring.versions import earlier_hashes, version_hashes

BY_2B308D2 = {
    "program": "5ede5a48cc0420b6",
    "outcome": "008d4982218289f0",
    "monte_carlo": "272c78ef52d807df",
    "statement_monte_carlo": "02c0bb20c7ea951f",
    "trace": "3d9843727621fe70",
    "diagnostics": "ff4878dea4d7d481",
    "binary_search": "1a418be202964036",
    "bisect": "1f0c9d640006c3f5",
    "omegaprm": "e140739d0a614ccb",
    "alphamath": "580572a03c005431",
}
"""Methods without prompt files that say what they said then; defaults, a model of the name `m`."""


def config_of(name: str) -> RunConfig:
    policy = {"kind": "openai", "urls": ["http://127.0.0.1:9"], "model": "m"}
    content = {"problems": {"kind": "oracle", "n": 1}, "solutions": 1, "policy": policy}
    return _checked("run.yaml", content | {"labelers": [{"kind": name}]})


@pytest.mark.parametrize(("name", "stored"), BY_2B308D2.items())
def test_the_hash_of_an_earlier_build_is_todays(name: str, stored: str) -> None:
    config = config_of(name)
    now = version_hashes(config, build(config, ([], [])))
    assert now[name] == stored


def test_a_method_whose_version_was_that_of_all_code_is_known_by_it() -> None:
    config = config_of("solver")
    parts = build(config, ([], []))
    assert version_hashes(config, parts)["solver"] == "8278e254f0775c51"
    assert earlier_hashes(config, parts, ["0.1.0+9968196e"])["solver"] == {"924f6e3adf429e70"}


@pytest.mark.parametrize("name", ["grounded", "grounded_search", "table"])
def test_so_are_the_other_three(name: str) -> None:
    config = config_of(name)
    parts = build(config, ([], []))
    [earlier] = earlier_hashes(config, parts, ["0.1.0+9968196e"])[name]
    assert earlier != version_hashes(config, parts)[name]


def test_how_answers_are_read_is_a_part_of_its_own_and_was_one_of_the_policy() -> None:
    config = config_of("outcome")
    parts = build(config, ([], []))
    now = version_hashes(config, parts)
    [then] = earlier_hashes(config, parts, [])["policy"]
    assert len({now["policy"], now["answers"], then}) == 3
    other = config.model_copy(update={"answers": "marked"})
    assert {part for part, sha in version_hashes(other, parts).items() if sha != now[part]} == {
        "answers"
    }


def test_labels_of_steps_that_would_be_split_otherwise_now_are_stale(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = config_of("outcome").model_copy(update={"steps": "auto"})
    parts = build(config, ([], []))
    before = version_hashes(config, parts)
    monkeypatch.setitem(SPLITTERS, "auto", replace(SPLITTERS["auto"], version="of tomorrow"))
    now = version_hashes(config, parts)
    assert {part for part, sha in now.items() if sha != before[part]} == {"policy"}
