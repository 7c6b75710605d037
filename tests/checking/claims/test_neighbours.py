"""Each kind of trap with neighbours: what only looks false is silent, what is false is flagged."""

from __future__ import annotations

import pytest

from labeler.checking.claims.steps import check_solution
from labeler.records import Verdict
from tests.checking.claims.bookkeeping_neighbours import KEPT, MISKEPT
from tests.checking.claims.competition_neighbours import SOUND, UNSOUND
from tests.checking.claims.false_neighbours import FALSE
from tests.checking.claims.layout_neighbours import LAID_OUT, MISLAID
from tests.checking.claims.silent_neighbours import SILENT
from tests.checking.claims.true_claims import TRUE
from tests.checking.claims.true_stories import TRUE_STORIES

ALL_SILENT = {**SILENT, **KEPT, **SOUND, **LAID_OUT}
ALL_FALSE = {**FALSE, **MISKEPT, **UNSOUND, **MISLAID}


def wrong(text: str) -> list[str]:
    """The false claims of a text as `neighbours` writes it."""
    problem, _, steps = text.rpartition(" ## ")
    found = check_solution(problem, tuple(steps.split(" || ")))
    return [str(link) for links in found for link in links if link.verdict is Verdict.WRONG]


@pytest.mark.parametrize(
    ("kind", "text"), [(k, t) for k, texts in ALL_SILENT.items() for t in texts]
)
def test_what_only_looks_false_is_silent(kind: str, text: str) -> None:
    assert (kind, wrong(text)) == (kind, [])


@pytest.mark.parametrize(
    ("kind", "text"), [(k, t) for k, texts in ALL_FALSE.items() for t in texts]
)
def test_what_is_false_is_flagged(kind: str, text: str) -> None:
    assert (kind, bool(wrong(text))) == (kind, True)


def test_there_are_twelve_neighbours_of_each_kind() -> None:
    of_kinds = [*ALL_SILENT.items(), *ALL_FALSE.items()]
    assert {k: len(texts) for k, texts in of_kinds if len(texts) < 12} == {}


@pytest.mark.parametrize("text", [*TRUE, *TRUE_STORIES])
def test_true_statements_in_hard_notation_are_silent(text: str) -> None:
    assert wrong(text) == []


def test_there_are_three_hundred_true_statements_that_must_stay_silent() -> None:
    assert len({*TRUE, *TRUE_STORIES}) >= 300
