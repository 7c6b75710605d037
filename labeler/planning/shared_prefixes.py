"""How much of each prompt an engine has read before: what a prefix cache can save.

Texts are compared, not tokens: the share of characters is taken for the share of tokens, in whole
blocks as vLLM's cache keeps them. What was generated counts as read: a rollout that goes on behind
a sampled step finds it in the cache. Assumes room for all that was read, and that of requests at
the same moment one comes first; so this is the most that a cache can do.
"""

from __future__ import annotations

from bisect import bisect_left, insort

BLOCK_TOKENS = 16


class SharedPrefixes:
    """All texts that one engine has read or written."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def add(self, text: str) -> None:
        insort(self._texts, text)

    def known_tokens(self, text: str, n_tokens: int) -> int:
        """Of the `n_tokens` of a text, those of its longest beginning that was there before."""
        if not text:
            return 0
        # In sorted order the text with the longest common beginning is a neighbour.
        index = bisect_left(self._texts, text)
        neighbours = self._texts[max(0, index - 1) : index + 1]
        known = max((_common(text, one) for one in neighbours), default=0)
        tokens = n_tokens * known // len(text)
        return tokens - tokens % BLOCK_TOKENS


def _common(one: str, other: str) -> int:
    """Length of the common beginning, by halving: comparing slices is quick, characters are not."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one.startswith(other[:middle]):
            low = middle
        else:
            high = middle - 1
    return low
