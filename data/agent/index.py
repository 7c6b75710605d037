"""A BM25 index over a world's passages, as the run's own search answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import bm25s
import numpy as np


class Index:
    """`search` gives the `k` best passages, each a line `[title] text`."""

    def __init__(self, rows: Sequence[Mapping[str, str]], k: int = 2) -> None:
        self._k = k
        self._passages = [f"[{row['title']}] {row['text']}" for row in rows]
        tokens = bm25s.tokenize(
            [f"{row['title']} {row['text']}" for row in rows], show_progress=False
        )
        self._index = bm25s.BM25()
        self._index.index(tokens, show_progress=False)
        self._kept: dict[str, str] = {}

    def search(self, query: str) -> str:
        """The text of the observation."""
        if query not in self._kept:
            self._kept[query] = self._found(query)
        return self._kept[query]

    def _found(self, query: str) -> str:
        [words] = bm25s.tokenize([query], return_ids=False, show_progress=False)
        if not words:
            return "No passage matches."
        scores = self._index.get_scores(words)
        best = [int(i) for i in np.argsort(-scores, kind="stable")[: self._k] if scores[i] > 0]
        return "\n".join(self._passages[i] for i in best) or "No passage matches."
