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
Source: Broder, "On the resemblance and containment of documents" (1997); MinHash LSH of datasketch,
whose candidates are then compared exactly.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from labeler.records import Problem, Rejection, short_hash

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


@dataclass(frozen=True, slots=True)
class Curated:
    """What stays, what was dropped and why, and every group that was found."""

    kept: tuple[Problem, ...]
    rejections: tuple[Rejection, ...]
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class _Fingerprint:
    shingles: frozenset[str]
    quantities: tuple[str, ...]


def curate(problems: Sequence[Problem], threshold: float = THRESHOLD) -> Curated:
    """Keeps the first problem of every exact or near group, in the order given."""
    groups = find_duplicates(problems, threshold)
    reasons = {
        problem_id: f"{group.likeness} duplicate of {group.problem_ids[0]}"
        for group in groups
        if group.likeness is not Likeness.TEMPLATE
        for problem_id in group.problem_ids[1:]
    }
    kept = tuple(problem for problem in problems if problem.problem_id not in reasons)
    rejections = tuple(Rejection("curate", name, reason) for name, reason in reasons.items())
    return Curated(kept, rejections, groups)


def find_duplicates(problems: Iterable[Problem], threshold: float = THRESHOLD) -> tuple[Group, ...]:
    """Groups of alike problems, in the order in which their first problems come."""
    from datasketch import MinHashLSH

    # A needless candidate costs one comparison, a missed one is a duplicate that stays.
    weights = (0.05, 0.95)
    index = MinHashLSH(threshold=threshold, num_perm=N_PERMUTATIONS, weights=weights)
    seen_texts: dict[str, str] = {}
    seen: dict[str, tuple[int, Problem, _Fingerprint]] = {}
    groups: dict[tuple[str, Likeness], list[str]] = {}
    for position, problem in enumerate(problems):
        name, text = problem.problem_id, short_hash(_comparable(problem))
        if text in seen_texts:
            groups.setdefault((seen_texts[text], Likeness.EXACT), []).append(name)
            continue
        seen_texts[text] = name
        fingerprint = _fingerprint(problem)
        minhash = _minhash(fingerprint.shingles)
        candidates = sorted((seen[key] for key in index.query(minhash)), key=lambda found: found[0])
        alike = [
            (other.problem_id, _likeness(problem, fingerprint, other, known))
            for _, other, known in candidates
            if _jaccard(fingerprint.shingles, known.shingles) >= threshold
        ]
        # A near duplicate says more than any number of problems of the same template.
        best = min(alike, key=lambda found: found[1] is not Likeness.NEAR, default=None)
        if best is not None:
            groups.setdefault(best, []).append(name)
        if best is None or best[1] is not Likeness.NEAR:
            index.insert(name, minhash)
            seen[name] = position, problem, fingerprint
    return tuple(Group(kind, (first, *others)) for (first, kind), others in groups.items())


def _comparable(problem: Problem) -> str:
    whole = "\n".join((problem.text, *problem.context))
    return " ".join(unicodedata.normalize("NFC", whole).split())


def _fingerprint(problem: Problem) -> _Fingerprint:
    tokens = TOKEN.findall(_comparable(problem).casefold())
    quantities = tuple(token for token in tokens if _is_number(token) or token in SIGNS)
    words = ["#" if _is_number(token) else token for token in tokens]
    starts = range(max(1, len(words) - SHINGLE_WORDS + 1))
    shingles = frozenset(" ".join(words[start : start + SHINGLE_WORDS]) for start in starts)
    return _Fingerprint(shingles, quantities)


def _is_number(token: str) -> bool:
    return token[0].isdigit() or token in NUMBER_WORDS


def _likeness(problem: Problem, mine: _Fingerprint, other: Problem, its: _Fingerprint) -> Likeness:
    same = mine.quantities == its.quantities and problem.gold_answer == other.gold_answer
    return Likeness.NEAR if same else Likeness.TEMPLATE


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)


def _minhash(shingles: frozenset[str]) -> Any:
    from datasketch import MinHash

    minhash = MinHash(num_perm=N_PERMUTATIONS, seed=MINHASH_SEED)
    minhash.update_batch([shingle.encode() for shingle in sorted(shingles)])
    return minhash
