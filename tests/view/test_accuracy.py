"""The estimate of right labels: starts from the claims, narrows with reviews, knows corrections."""

from __future__ import annotations

import pytest

from labeler.view.accuracy import NAMES, Reviewed, Stratum, accuracy, stratum_of

CLAIMS = [Stratum(0, 0.0)] * len(NAMES)


def strata(**sizes: tuple[int, float]) -> list[Stratum]:
    """`s3=(100, 99.5)`: stratum 3 has 100 labels that claim 99.5 right ones."""
    found = list(CLAIMS)
    for name, (n, claimed) in sizes.items():
        found[int(name[1:])] = Stratum(n, claimed)
    return found


@pytest.mark.parametrize(
    ("label", "probability", "name"),
    [
        (1, 0.85, "right, P < 0.9"),
        (1, 0.9, "right, P < 0.99"),
        (1, 0.99, "right, P >= 0.99"),
        (-1, 0.2, "wrong, P < 0.9"),
        (-1, 0.05, "wrong, P >= 0.9"),
        (1, None, "right, no P"),
        (0, 0.5, "right, no P"),
        (-1, None, "wrong, no P"),
    ],
)
def test_strata(label: int, probability: float | None, name: str) -> None:
    assert NAMES[stratum_of(label, probability) or 0] == name


def test_a_step_without_a_label_is_no_part_of_it() -> None:
    assert stratum_of(None, 0.5) is None
    assert accuracy(CLAIMS, [Reviewed(None, 0.5, False, True)]).now is None


def test_before_any_review_the_claims_stand_with_a_wide_interval() -> None:
    found = accuracy(strata(s2=(100, 95.0)), [])
    assert found.claimed == pytest.approx(0.95)
    assert found.now is not None
    assert found.now == found.after
    assert found.now.mean == pytest.approx(0.95, abs=0.01)
    assert found.now.low < 0.7


def test_reviews_narrow_the_interval_around_what_people_found() -> None:
    said = [Reviewed(1, 0.95, i % 5 > 0, False) for i in range(100)]
    found = accuracy(strata(s2=(10_000, 9500.0)), said)
    assert (found.n_reviewed, found.n_agreed) == (100, 80)
    assert found.now is not None
    # Beta(1.9 + 80, 0.1 + 20).
    assert found.now.mean == pytest.approx(81.9 / 102, abs=0.003)
    assert found.now.low == pytest.approx(0.721, abs=0.01)
    assert found.now.high == pytest.approx(0.874, abs=0.01)


def test_a_pending_correction_lifts_the_next_version() -> None:
    found = accuracy(strata(s4=(4, 2.0)), [Reviewed(-1, 0.4, False, True)] * 4)
    assert found.now is not None
    assert found.after is not None
    assert (found.now.mean, found.after.mean) == (0.0, 1.0)


def test_what_a_person_judged_is_right() -> None:
    found = accuracy(strata(s0=(50, 0.0)), [])
    assert found.now is not None
    assert found.now == (1.0, 1.0, 1.0)


def test_the_same_input_gives_the_same_numbers() -> None:
    said = [Reviewed(1, None, True, True)]
    assert accuracy(strata(s6=(9, 0.0)), said) == accuracy(strata(s6=(9, 0.0)), said)
