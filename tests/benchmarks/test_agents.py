"""Seeds of the agents' benchmark taken together."""

import importlib

import pytest

from tests.benchmarks.test_search import BENCHMARKS

SOURCES = ("monte_carlo", "bisect", "evidence_check", "sufficiency", "surprise", "outcome")
KEYS = ("fusion, no words", "tool_match", "fusion, gold calls too")
# Ten questions of one erroneous and one right trajectory each.
ALL_FOUND = {f"q{i}": [1, 1, 1, 1] for i in range(10)}
HALF_FOUND = {f"q{i}": [1, i % 2, 1, 1] for i in range(10)}


@pytest.fixture(scope="module")
def agents():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield importlib.import_module("agents")


def result(seed):
    return {
        "seed": seed, "n": 20, "n_erroneous": 10, "n_calls": 60, "kinds": {"wrong_entity": 10},
        "tokens": {"monte_carlo": 400, "bisect": 100, "surprise": 0},
        "by_problem": {**dict.fromkeys((*SOURCES, *KEYS), HALF_FOUND), "fusion": ALL_FOUND},
    }  # fmt: skip


def test_seeds_are_one_set_and_fusion_is_compared_on_the_same_draws(agents):
    found = agents.summed([result(1), result(2)])
    assert (found["n"], found["n_erroneous"], found["n_calls"]) == (40, 20, 120)
    assert found["kinds"] == {"wrong_entity": 20}
    assert found["bisect_share_of_tokens"] == 0.25
    fusion, bisect = found["methods"]["fusion"], found["methods"]["bisect"]
    assert (fusion["f1"], fusion["located"], fusion["cleared"]) == (1.0, [20, 20], [20, 20])
    # Half of the erroneous ones and all right ones: 2 * 0.5 * 1 / 1.5.
    assert round(bisect["f1"], 4) == 0.6667
    assert bisect["fusion_above"]["difference"] == fusion["f1"] - bisect["f1"]
    low, high = bisect["fusion_above"]["interval"]
    assert 0 < low < 1 / 3 < high
    assert fusion["fusion_above"] == {"difference": 0.0, "interval": (0.0, 0.0)}


def test_every_source_is_read(agents):
    assert tuple(agents.readings()) == (*SOURCES, "fusion", *KEYS)
