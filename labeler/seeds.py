"""Seeds derived from names, so that no result depends on order, batch or timing."""

from __future__ import annotations

from labeler.records import short_hash


def derive_seed(run_seed: int, *path: str) -> int:
    """A seed (63 bits) for the place `path` names in a run: same path, same seed."""
    return int(short_hash(str(run_seed), *path), 16) >> 1
