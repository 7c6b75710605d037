"""How many different hashes there are, told by sorting."""

import numpy as np
import pytest

from labeler.dataset.summary.problems import _n_distinct


@pytest.mark.parametrize(
    ("hashes", "n"), [([], 0), ([7], 1), ([7, 7, 7], 1), ([3, 1, 2**64 - 1, 3, 0, 1], 4)]
)
def test_equal_hashes_count_once(hashes, n):
    assert _n_distinct(np.array(hashes, np.uint64)) == n
