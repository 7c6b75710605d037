"""What several files hold together that sums do not tell: different solutions, problems, texts.

Difficulty is the share of a problem's decided samples that end right, all that were drawn of it;
where none were, of its solutions: a search for wrong ones makes its problems look harder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeler.dataset.summary.solutions import Sets

if TYPE_CHECKING:
    import numpy as np

BANDS = ("0", "up to 1/4", "up to 1/2", "up to 3/4", "below 1", "1", "undecided")
"""Shares of right samples; the last for problems without a decided one."""

ODD = 0x9E3779B97F4A7C15
"""Sets the hash of a draw apart from that of its problem before both are put together."""


@dataclass(frozen=True, slots=True)
class Distinct:
    """`bands` goes from a band of difficulty to its problems, its solutions kept, and all of them,
    in the order of `BANDS`.
    """

    n_solutions: int
    n_problems: int
    n_texts: int
    bands: Mapping[str, tuple[int, int, int]]

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        bands = {name: list(numbers) for name, numbers in self.bands.items()}
        return {name: getattr(self, name) for name in self.__slots__} | {"bands": bands}

    @classmethod
    def from_plain(cls, content: Mapping[str, Any]) -> Distinct:
        """Reads back `plain`."""
        bands = {name: _three(numbers) for name, numbers in content["bands"].items()}
        return cls(content["n_solutions"], content["n_problems"], content["n_texts"], bands)


def _three(numbers: Sequence[int]) -> tuple[int, int, int]:
    n_problems, n_kept, n = map(int, numbers)
    return n_problems, n_kept, n


def distinct(files: Sequence[Sets]) -> Distinct:
    """Over files in the order of their rows: a problem's text is that of its first row."""
    import numpy as np

    if not files:
        return Distinct(0, 0, 0, {})
    solutions = _joined(files, "solutions")
    problem, first, place = np.unique(
        _joined(files, "problem"), return_index=True, return_inverse=True
    )

    def summed(name: str) -> np.ndarray:
        return _sums(place, _joined(files, name), len(problem))

    right, decided = _difficulty(files, problem, summed("n_right"), summed("n_decided"))
    n, n_kept, band = summed("n"), summed("n_kept"), _bands(right, decided)
    found: dict[str, tuple[int, int, int]] = {}
    for number, name in enumerate(BANDS):
        mine = band == number
        if mine.any():
            found[name] = (int(mine.sum()), int(n_kept[mine].sum()), int(n[mine].sum()))
    texts = _joined(files, "text")[first]
    return Distinct(_n_distinct(solutions), len(problem), _n_distinct(texts), found)


def _n_distinct(hashes: np.ndarray) -> int:
    """How many there are; numpy's own `unique` (2.4) takes a hundred times as long to tell."""
    import numpy as np

    ordered = np.sort(hashes)
    return min(len(ordered), 1) + int(np.count_nonzero(ordered[1:] != ordered[:-1]))


def bands_by_problem(files: Sequence[Sets]) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of problem ids, in order, and the place of each in `BANDS`."""
    import numpy as np

    problem, place = np.unique(_joined(files, "problem"), return_inverse=True)
    sums = (_sums(place, _joined(files, name), len(problem)) for name in ("n_right", "n_decided"))
    return problem, _bands(*_difficulty(files, problem, *sums))


def _bands(right: np.ndarray, decided: np.ndarray) -> np.ndarray:
    """The place in `BANDS` of problems with so many right samples of so many decided ones."""
    import numpy as np

    # Compared in whole numbers: 3 of 4 is exactly three quarters.
    conditions = [
        decided == 0, right == 0, right == decided,
        4 * right <= decided, 2 * right <= decided, 4 * right <= 3 * decided,
    ]  # fmt: skip
    return np.select(conditions, [6, 0, 5, 1, 2, 3], 4)


def _difficulty(
    files: Sequence[Sets], problem: np.ndarray, right: np.ndarray, decided: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Right and decided samples by problem: of its draws where any is decided."""
    import numpy as np

    owner, draw = _joined(files, "draw_problem"), _joined(files, "draw")
    # A draw stands in the row of every solution and may stand in several files.
    _, once = np.unique(owner ^ (draw * np.uint64(ODD)), return_index=True)
    at = np.searchsorted(problem, owner[once])
    drawn_decided = _sums(at, _joined(files, "draw_decided")[once], len(problem))
    drawn_right = _sums(at, _joined(files, "draw_correct")[once], len(problem))
    known = drawn_decided > 0
    return np.where(known, drawn_right, right), np.where(known, drawn_decided, decided)


def _sums(place: np.ndarray, numbers: np.ndarray, n: int) -> np.ndarray:
    import numpy as np

    total = np.zeros(n, np.int64)
    np.add.at(total, place, numbers)
    return total


def _joined(files: Sequence[Sets], name: str) -> np.ndarray:
    import numpy as np

    return np.concatenate([getattr(one, name) for one in files])
