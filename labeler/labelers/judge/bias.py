"""Signs of bias that can be counted while judging; none of them changes a verdict.

- Length: of the solutions of one problem whose answers are right, is the longer half flagged more
  often than the shorter half? (Same problem, so difficulty is held.)
- Self-preference: of solutions whose answers are wrong, how many does the judge pass when a model
  of its own family wrote them, and when another did?

Counts are summed over the problems of a run; ratios are for whoever reads them. The order of the
prompt is guarded in `votes.both_ways`. Does not cover: families that share training data.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from labeler.labelers.shared.verdict_evidence import AggregatedVerdict
from labeler.records import Solution, Verdict

Judged = tuple[Solution, Sequence[AggregatedVerdict]]


def family(model: str) -> str:
    """`qwen` for `Qwen/Qwen2.5-72B-Instruct@main`: the first letters of the model's own name."""
    name = model.split("@", maxsplit=1)[0].rstrip("/").rsplit("/", maxsplit=1)[-1].lower()
    letters = re.match(r"[a-z]+", name)
    return letters.group() if letters else name


def signs_of_bias(judged: Sequence[Judged], model: str) -> dict[str, int]:
    """Counts; a solution of which a step stayed unknown is neither flagged nor passed."""
    counts: Counter[str] = Counter()
    right = sorted(
        (one for one in judged if one[0].outcome is Verdict.CORRECT),
        key=lambda one: len("".join(one[0].steps)),
    )
    half = len(right) // 2
    for name, group in (("shorter", right[:half]), ("longer", right[len(right) - half :])):
        counts[f"right_{name}"] += len(group)
        counts[f"right_{name}_flagged"] += sum(_flagged(opinions) for _, opinions in group)
    for solution, opinions in judged:
        if solution.outcome is Verdict.WRONG:
            own = family(solution.generator.model) == family(model)
            whose = "own_family" if own else "other_family"
            counts[f"wrong_{whose}"] += 1
            counts[f"wrong_{whose}_passed"] += all(o.verdict is Verdict.CORRECT for o in opinions)
    return {name: n for name, n in counts.items() if n}


def _flagged(opinions: Sequence[AggregatedVerdict]) -> bool:
    return any(opinion.verdict is Verdict.WRONG for opinion in opinions)
