"""The recipe: in which stages the embedded policy is trained, on what, for how long."""

from __future__ import annotations

from dataclasses import dataclass, replace

SEED = 1


@dataclass(frozen=True)
class Stage:
    """`schedule` tokens set the pace of everything; training stops after `steps` or at their end.

    `rate` scales the learning rate, `own` is the share of the policy's own solutions among those
    that are judged, `emphasis` the weight of lines that call a step wrong, `carried` the share of
    solutions that go on from a slip (the line that slips is not learned). `n_own` solutions are
    sampled before the stage.
    """

    name: str
    schedule: int
    steps: int
    rate: float
    shares: dict[str, float]
    own: float = 0.0
    emphasis: float = 1.0
    carried: float = 0.0
    n_own: int = 4000


SHARES = {"solve": 0.5, "judge": 0.3, "annotate": 0.2}
JUDGING = {"solve": 0.35, "judge": 0.4, "annotate": 0.25}
AGAIN = {"solve": 0.35, "judge": 0.5, "annotate": 0.15}
STAGES = (
    Stage("references", 8_000_000, 1499, 1.0, SHARES),
    Stage("own", 2_200_000, 249, 0.65, JUDGING, own=0.6),
    Stage("near misses", 1_300_000, 10**6, 0.4, JUDGING, own=0.8, emphasis=8.0),
    Stage("carrying on", 2_400_000, 10**6, 0.4, JUDGING, 0.8, 8.0, carried=0.7, n_own=8000),
    Stage("once more", 2_500_000, 10**6, 0.5, AGAIN, 0.9, 8.0, carried=0.5, n_own=8000),
)


def order(stage: Stage) -> int:
    """Its place among the stages, from 0."""
    return [one.name for one in STAGES].index(stage.name)


def part_of(stage: Stage, part: float) -> Stage:
    """The same stage on a part of its tokens: a rehearsal of everything that happens in it."""
    return replace(
        stage,
        schedule=round(stage.schedule * part),
        steps=round(stage.steps * part),
        n_own=round(stage.n_own * part),
    )
