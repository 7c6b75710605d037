"""A search index in this process: BM25 over a JSONL file of passages (`id`, `title`, `text`).

Lucene's form of BM25 by bm25s (k1 1.5, b 0.75), over title and text in lower case, words of any
length, English stop words left out. Passages that score alike come in the order of the file, so the
same query finds the same passages everywhere. What shares no word with the query is never found.
The index is made when it is first asked, in memory: 100,000 passages of 80 words take some 15 s, a
query then 2 ms; what does not fit belongs behind a server (`http`).

Source: Robertson and Zaragoza, The Probabilistic Relevance Framework (2009); bm25s (arXiv
2407.03618). Where we differ: ties. Does not cover: stemming, other languages' stop words.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from labeler.driver.requests import Act, Acted, Failed
from labeler.environments.base import MOST_CHARACTERS, Tool, observed
from labeler.environments.passages import DESCRIPTION, Passage, SearchArguments, shown
from labeler.errors import DataError
from labeler.records import short_hash

RULES_VERSION = "1"
"""Raised whenever the same query may find other passages, or show them otherwise."""
WORDS = r"(?u)\b\w+\b"


class Bm25Search:
    """A search over passages; `k` of them are shown."""

    concurrency = 1

    def __init__(
        self,
        passages: Sequence[Passage],
        k: int = 2,
        *,
        name: str = "search",
        description: str = DESCRIPTION,
        most_characters: int = MOST_CHARACTERS,
    ) -> None:
        self.name = name
        self._passages = passages
        self._k = k
        self._most = most_characters
        self._tool = Tool(name, description, SearchArguments)
        self.tools: tuple[Mapping[str, Any], ...] = (self._tool.declared,)

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, str]], k: int = 2, **more: Any) -> Bm25Search:
        """Over rows with `text` and perhaps `title`."""
        return cls([Passage(row.get("title") or "", row["text"]) for row in rows], k, **more)

    @classmethod
    def from_file(cls, path: Path, k: int = 2, **more: Any) -> Bm25Search:
        """Over the lines of a JSONL file. Raises `DataError`, which names the line."""
        return cls(list(_read(path)), k, **more)

    @cached_property
    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        for passage in self._passages:
            digest.update(json.dumps([passage.title, passage.text]).encode())
        settings = (RULES_VERSION, version("bm25s"), str(self._k), str(self._most))
        return f"bm25-{short_hash(digest.hexdigest(), *settings)}"

    def search(self, query: str) -> str:
        """What the policy reads of a query's passages."""
        return shown(self._best(query))

    async def act(self, batch: Sequence[Act]) -> list[Acted | Failed]:
        return await asyncio.to_thread(lambda: [self._acted(one) for one in batch])

    async def ready(self) -> None:
        """Always is; the index is made when it is first asked."""

    async def aclose(self) -> None:
        """Holds nothing but memory."""

    def _acted(self, request: Act) -> Acted:
        given = self._tool.read(request.call, SearchArguments)
        if isinstance(given, Acted):
            return given
        return observed(self.search(given.query), self._most)

    def _best(self, query: str) -> list[Passage]:
        import numpy as np

        asked = _words([query])
        words = {number: word for word, number in asked.vocab.items()}
        known = [words[number] for number in asked.ids[0] if words[number] in self._known]
        if not known:
            return []
        scores = self._index.get_scores(known)
        # Of equal scores the first passage, which no partial sort promises.
        least = np.partition(scores, -self._k)[-self._k] if self._k < len(scores) else 0
        places = np.flatnonzero((scores >= least) & (scores > 0))
        best = places[np.argsort(-scores[places], kind="stable")][: self._k]
        return [self._passages[place] for place in best]

    @property
    def _known(self) -> Mapping[str, int]:
        """The words of all passages."""
        known: Mapping[str, int] = getattr(self._index, "vocab_dict", {})
        return known

    @cached_property
    def _index(self) -> Any:
        index = _library().BM25()
        words = _words([f"{passage.title} {passage.text}" for passage in self._passages])
        if words.vocab:
            index.index(words, show_progress=False)
        return index


def _library() -> Any:
    import bm25s

    # It sets itself to tell everything.
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    return bm25s


def _words(texts: list[str]) -> Any:
    """The texts as the library has them: numbers of words, and a `vocab` from words to numbers."""
    return _library().tokenize(texts, token_pattern=WORDS, show_progress=False)


def _read(path: Path) -> Iterator[Passage]:
    try:
        with path.open(encoding="utf-8") as file:
            n_words = 0
            for number, line in enumerate(file, start=1):
                if line.strip():
                    passage = _passage(line, f"{path}:{number}")
                    n_words += len(passage.text)
                    yield passage
    except OSError as error:
        raise DataError(f"{path}: cannot read the corpus ({error.strerror}); check the path")
    except UnicodeDecodeError:
        raise DataError(f"{path}: is no text in UTF-8; a corpus is JSONL with id, title and text")
    if not n_words:
        raise DataError(f"{path}: holds no passage; a corpus is JSONL with id, title and text")


def _passage(line: str, where: str) -> Passage:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    text, title = (row.get("text"), row.get("title")) if isinstance(row, dict) else (None, None)
    if not isinstance(text, str) or not isinstance(title, str | None):
        raise DataError(f'{where}: is no passage; write {{"id": ..., "title": ..., "text": ...}}')
    return Passage(title or "", text)
