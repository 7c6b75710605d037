"""Labelers that are no good, made of what good ones said: for `budget.py --troubled`.

`dice` rolls its verdicts and `echo` says what the judge says; both take what the judge takes.
`fading` is the judge again, sound on the solutions that a run learns on and on the first half of
the others, and rolling its verdicts from there on.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import replace

from labeler.evaluation.compare import Examined
from labeler.records import Evidence, Verdict
from labeler.seeds import derive_seed

FLAGS = 0.15
"""How often a roll calls a step wrong: about as often as the judge does."""


def with_dice(examined: Sequence[Examined], seed: int) -> list[Examined]:
    """Beside the others, one whose verdicts are random."""
    return [_heard(one, "dice", _rolled(_renamed(one, "dice"), seed)) for one in examined]


def with_echo(examined: Sequence[Examined]) -> list[Examined]:
    """Beside the others, a copy of the judge."""
    return [_heard(one, "echo", _renamed(one, "echo")) for one in examined]


def with_fading(
    examined: Sequence[Examined], learned_on: Collection[str], seed: int
) -> list[Examined]:
    """Beside the others, a second judge that is one no more from the middle of the run on."""
    ids = [one.solved.problem.problem_id for one in examined]
    later = [name for name in ids if name not in learned_on]
    bad = set(later[len(later) // 2 :])
    found = []
    for one, name in zip(examined, ids, strict=True):
        said = _renamed(one, "fading")
        found.append(_heard(one, "fading", _rolled(said, seed) if name in bad else said))
    return found


def _heard(one: Examined, name: str, said: tuple[Evidence, ...]) -> Examined:
    return replace(one, evidence={**one.evidence, name: said})


def _renamed(one: Examined, name: str) -> tuple[Evidence, ...]:
    """What the judge said, of a model of its own: nobody is told that the two are alike."""
    return tuple(replace(e, labeler=name, model=name) for e in one.evidence["judge"])


def _rolled(said: Sequence[Evidence], seed: int) -> tuple[Evidence, ...]:
    found = []
    for piece in said:
        rng = random.Random(derive_seed(seed, "troubled", piece.labeler, piece.prefix_id))
        verdict = Verdict.WRONG if rng.random() < FLAGS else Verdict.CORRECT
        if piece.verdict is Verdict.UNKNOWN:
            found.append(piece)
            continue
        is_right = verdict is Verdict.CORRECT
        found.append(
            replace(piece, verdict=verdict, n_correct=piece.n * is_right, score=float(is_right))
        )
    return tuple(found)
