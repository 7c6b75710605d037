"""What moved between two versions as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from labeler.dataset import open_dataset
from labeler.stats import drift, label_statistics, wilson
from labeler.stats.drift import Drift, Shift, distance
from labeler.stats.rates import Difference, difference
from tests.stats.test_by_hand import FOUR, write


def test_shares_and_distances_of_two_versions(tmp_path: Path) -> None:
    write(tmp_path / "d", "run-1", *FOUR[2:])
    write(tmp_path / "d", "run-2", *FOUR[:2])
    old, new = (label_statistics(open_dataset(tmp_path / "d", n)) for n in (0, 1))

    def shift(before: tuple[int, int], after: tuple[int, int]) -> Shift:
        old_rate, new_rate = wilson(*before), wilson(*after)
        return Shift(old_rate, new_rate, difference(new_rate, old_rate))

    assert drift(old, new) == Drift(
        0,
        1,
        {
            "solutions kept": shift((0, 2), (2, 4)),
            "solutions right": shift((0, 2), (1, 4)),
            "steps labelled": shift((0, 1), (4, 5)),
            "labels wrong": shift((0, 0), (1, 4)),
        },
        {"outcome": 0.5, "domain": 0.5, "first error": 0.5, "verdicts of mc": pytest.approx(2 / 3)},
    )


def test_newcombes_interval_matches_his_table() -> None:
    """Newcombe (1998), table II, method 10, 56/70 - 48/80: 0.0524 to 0.3339."""
    found = difference(wilson(56, 70), wilson(48, 80))
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert difference(wilson(1, 2), wilson(0, 0)) == Difference(None, None, None)


def test_distance_is_0_for_the_same_shares_and_1_for_none_in_common() -> None:
    assert distance({"a": 1, "b": 3}, {"b": 6, "a": 2}) == 0
    assert distance({"a": 1}, {"b": 2}) == 1
    assert distance({}, {"a": 1}) is None
