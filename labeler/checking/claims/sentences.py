"""Patterns that are looked for in whole sentences.

The equations of one sentence share it, and a sentence may hold dozens: what a pattern found in it
is kept, so that each is read once and not once for each equation.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

KEPT = 32
"""Sentences of which a pattern is kept; a few would do, for a solution is read in order."""


def in_sentence(pattern: re.Pattern[str]) -> Callable[[str], re.Match[str] | None]:
    """The pattern's `search`, which remembers the last few sentences."""
    return lru_cache(maxsize=KEPT)(pattern.search)
