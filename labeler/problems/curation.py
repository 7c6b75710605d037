"""Finds problems that are there twice, and keeps the first of each.

Three kinds of group, by decreasing likeness:
- exact: same text and context after Unicode composition and folding of white space;
- near: at least `threshold` of the word triples in common (Jaccard), the same numbers and signs in
  the same order, and the same gold answer;
- template: as alike in words, but numbers, signs or gold answer differ. Such problems are different
  problems (word problems are often written so) and are reported, never dropped.

Does not find paraphrases, nor overlap with test sets. A near duplicate may differ in one decisive
word (an odd function for an even one): the report names every group, so look before trusting a
threshold below the default. The first problem of a group always stays.

Problems pass through one by one; what must be known of earlier ones lies on disk.
Source: Broder, "On the resemblance and containment of documents" (1997); MinHash LSH with the hash
functions and bands of datasketch, whose candidates are then compared exactly.
"""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import blake2b
from itertools import count
from typing import Any

from labeler.records import Problem, Rejection, short_hash
from labeler.scratch import OnDiskFirstSeen, first_seen, first_seen_table, scratch

THRESHOLD = 0.9
SHINGLE_WORDS = 3
N_PERMUTATIONS = 128
MINHASH_SEED = 1

TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|[^\w\s]|_")
SIGNS = frozenset("+-*/^=<>%≤≥≠±×÷")
NUMBER_WORDS = frozenset(
    """zero one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty
    forty fifty sixty seventy eighty ninety hundred thousand million half third quarter double twice
    triple thrice dozen first second""".split()  # noqa: SIM905, a list of quotes reads worse
)

TABLES = """
CREATE TABLE forms (
    form INTEGER PRIMARY KEY, sha TEXT UNIQUE, bands TEXT, shingles TEXT, problem_id TEXT
);
CREATE TABLE bands (band INTEGER, form INTEGER, PRIMARY KEY (band, form)) WITHOUT ROWID;
CREATE TABLE kept (
    quantities TEXT, form INTEGER, number INTEGER, problem_id TEXT, PRIMARY KEY (quantities, form)
) WITHOUT ROWID;
"""
"""Problems are numbered as they come. A form is a set of shingles, which problems of one template
share; it has the number and the id of the first of them. Forms with a band in common may be alike.
Lists of numbers are JSON.
"""

KEPT_TABLES = first_seen_table("texts") + first_seen_table("answers") + TABLES
"""For a database that lasts."""

CANDIDATES = """
SELECT json_group_array(DISTINCT form) FROM bands WHERE band IN (SELECT value FROM json_each(?))
"""
NEAR = """
SELECT kept.problem_id, shingles FROM kept JOIN forms USING (form)
WHERE form IN (SELECT value FROM json_each(?)) AND quantities = ? ORDER BY number
"""
TEMPLATE = """
SELECT problem_id, shingles FROM forms
WHERE form IN (SELECT value FROM json_each(?)) ORDER BY form
"""


class Likeness(StrEnum):
    """How the problems of a group are alike."""

    EXACT = "exact"
    NEAR = "near"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class Group:
    """Problems like the first of `problem_ids`; dropped for all kinds but `TEMPLATE`."""

    likeness: Likeness
    problem_ids: tuple[str, ...]


Alike = tuple[str, Likeness]
"""The earlier problem that another is like, and how."""


def curate(
    records: Iterable[Problem | Rejection], threshold: float = THRESHOLD
) -> Iterator[Problem | Rejection]:
    """The same records in their order, each exact or near duplicate replaced by its rejection."""
    with _nothing_earlier(threshold) as earlier:
        yield from earlier.curate(records)


def find_duplicates(problems: Iterable[Problem], threshold: float = THRESHOLD) -> tuple[Group, ...]:
    """Groups of alike problems, in the order in which their second problems come."""
    groups: dict[Alike, list[str]] = {}
    with _nothing_earlier(threshold) as earlier:
        for problem in problems:
            if alike := earlier.like(problem):
                groups.setdefault(alike, []).append(problem.problem_id)
    return tuple(Group(kind, (first, *others)) for (first, kind), others in groups.items())


@contextmanager
def _nothing_earlier(threshold: float) -> Iterator[Earlier]:
    with first_seen() as texts, first_seen() as answers, scratch(TABLES) as database:
        yield Earlier(texts, answers, database, threshold)


def kept_earlier(database: sqlite3.Connection, threshold: float = THRESHOLD) -> Earlier:
    """The problems that came before as far as a database with `KEPT_TABLES` holds them."""
    texts, answers = OnDiskFirstSeen(database, "texts"), OnDiskFirstSeen(database, "answers")
    return Earlier(texts, answers, database, threshold)


class Earlier:
    """The problems that came before."""

    def __init__(
        self,
        texts: OnDiskFirstSeen,
        answers: OnDiskFirstSeen,
        database: sqlite3.Connection,
        threshold: float,
    ) -> None:
        self._texts, self._answers = texts, answers
        self._ask, self._threshold = database.execute, threshold
        [n_before] = self._ask("SELECT coalesce(max(number) + 1, 0) FROM kept").fetchone()
        self._numbers = count(n_before)

    def curate(self, records: Iterable[Problem | Rejection]) -> Iterator[Problem | Rejection]:
        """See `curate`; the records are earlier ones from then on."""
        for record in records:
            alike = self.like(record) if isinstance(record, Problem) else None
            if not isinstance(record, Problem):
                yield record
            elif alike is None or alike[1] is Likeness.TEMPLATE:
                self._answers.setdefault(record.problem_id, repr(record.gold_answer))
                yield record
            else:
                answer = repr(record.gold_answer)
                differs = self._answers.setdefault(alike[0], answer) != answer
                reason = f"{alike[1]} duplicate of {alike[0]}"
                reason += ", which has another gold answer" if differs else ""
                yield Rejection("curate", record.problem_id, reason)

    def like(self, problem: Problem) -> Alike | None:
        """What the problem is like; one that is like none, or is of a template, is kept in mind."""
        name, comparable = problem.problem_id, _comparable(problem)
        first = self._texts.setdefault(short_hash(comparable), name)
        if first != name:
            return first, Likeness.EXACT
        shingles, quantities = _fingerprint(comparable)
        text = "\n".join(sorted(shingles))
        same, sha = short_hash(repr((quantities, problem.gold_answer))), short_hash(text)
        known = self._ask("SELECT form, bands FROM forms WHERE sha = ?", (sha,)).fetchone()
        form, bands = known or (None, _bands(text, self._threshold))
        [candidates] = self._ask(CANDIDATES, (bands,)).fetchone()
        # A near duplicate says more than any number of problems of the same template.
        near = self._first_alike(shingles, NEAR, (candidates, same))
        if near is not None:
            return near, Likeness.NEAR
        template = self._first_alike(shingles, TEMPLATE, (candidates,))
        number = next(self._numbers)
        if form is None:
            form = number
            self._ask("INSERT INTO forms VALUES (?, ?, ?, ?, ?)", (form, sha, bands, text, name))
            self._ask("INSERT INTO bands SELECT value, ? FROM json_each(?)", (form, bands))
        self._ask("INSERT INTO kept VALUES (?, ?, ?, ?)", (same, form, number, name))
        return None if template is None else (template, Likeness.TEMPLATE)

    def _first_alike(
        self, shingles: frozenset[str], query: str, values: tuple[str, ...]
    ) -> str | None:
        """The first problem of the answer with enough shingles in common."""
        for problem_id, others in self._ask(query, values):
            if _jaccard(shingles, frozenset(others.split("\n"))) >= self._threshold:
                return str(problem_id)
        return None


def _comparable(problem: Problem) -> str:
    whole = "\n".join((problem.text, *problem.context))
    return " ".join(unicodedata.normalize("NFC", whole).split())


def _fingerprint(comparable: str) -> tuple[frozenset[str], list[str]]:
    """The shingles of a text, numbers left open, and its numbers and signs in their order."""
    tokens = TOKEN.findall(comparable.casefold())
    quantities = [token for token in tokens if _is_number(token) or token in SIGNS]
    words = ["#" if _is_number(token) else token for token in tokens]
    starts = range(max(1, len(words) - SHINGLE_WORDS + 1))
    return frozenset(" ".join(words[start : start + SHINGLE_WORDS]) for start in starts), quantities


def _is_number(token: str) -> bool:
    return token[0].isdigit() or token in NUMBER_WORDS


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)


def _bands(shingles: str, threshold: float) -> str:
    """64 bits of each band of the MinHash; alike sets have a band in common, nearly always."""
    minhash = _no_shingles().copy()
    minhash.update_batch([shingle.encode() for shingle in shingles.split("\n")])
    parts = [(start, minhash.hashvalues[start:end]) for start, end in _ranges(threshold)]
    digests = [blake2b(part.tobytes(), digest_size=8, salt=b"%d" % start) for start, part in parts]
    return json.dumps([int.from_bytes(one.digest(), signed=True) for one in digests])


@cache
def _no_shingles() -> Any:
    """The permutations take longer to draw than to use."""
    from datasketch import MinHash

    return MinHash(num_perm=N_PERMUTATIONS, seed=MINHASH_SEED)


@cache
def _ranges(threshold: float) -> list[tuple[int, int]]:
    """Which hash values make each band."""
    from datasketch import MinHashLSH

    # A needless candidate costs one comparison, a missed one is a duplicate that stays.
    weights = (0.05, 0.95)
    index = MinHashLSH(threshold=threshold, num_perm=N_PERMUTATIONS, weights=weights)
    ranges: list[tuple[int, int]] = index.hashranges
    return ranges
