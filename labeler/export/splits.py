"""Which split a problem belongs to: never a row, so nothing is trained and tested on at once.

Problems with one id, or with one text (case and white space aside), stay together: union-find over
both. The place depends on the seed and the group's smallest id only, so adding problems moves none.
Memory: one short entry per problem. Does not cover near duplicates (`labeler.problems.curation`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labeler.records import short_hash
from labeler.seeds import derive_seed

if TYPE_CHECKING:
    from labeler.dataset import Dataset


def problem_splits(dataset: Dataset, shares: Mapping[str, float], seed: int) -> dict[str, str]:
    """The split of every problem id, for shares that sum to 1."""
    pairs: dict[tuple[str, str], None] = {}
    for rows in dataset.columns("problem_id", "text"):
        problems, texts = (rows.columns[name].to_pylist() for name in ("problem_id", "text"))
        for problem, text in dict.fromkeys(zip(problems, texts, strict=True)):
            pairs[problem, short_hash(" ".join(text.lower().split()))] = None
    leaders = together(list(pairs))
    return {problem: _place(leader, shares, seed) for problem, leader in leaders.items()}


def together(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """For (problem id, text) pairs: each id with the smallest id of its group."""
    leader: dict[str, str] = {}

    def find(problem: str) -> str:
        while leader[problem] != problem:
            leader[problem] = leader[leader[problem]]
            problem = leader[problem]
        return problem

    first_of_text: dict[str, str] = {}
    for problem, text in pairs:
        leader.setdefault(problem, problem)
        one, other = find(problem), find(first_of_text.setdefault(text, problem))
        leader[max(one, other)] = min(one, other)
    return {problem: find(problem) for problem in leader}


def _place(leader: str, shares: Mapping[str, float], seed: int) -> str:
    point, reached = derive_seed(seed, "split", leader) / 2**63, 0.0
    for name, share in shares.items():
        reached += share
        if point < reached:
            return name
    return name  # Shares that sum to a hair less than 1.
