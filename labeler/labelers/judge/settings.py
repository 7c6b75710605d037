"""What a judge can be told, and the prompts that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from labeler.labelers.method import Prompted
from labeler.prompts import Task, prompts_sha

Mode = Literal["single", "meta", "deliberate"]
VoteRule = Literal["majority", "intersection", "union"]

CHAINS: dict[Mode, tuple[str, ...]] = {
    "single": (),
    "meta": ("meta_critique", "merge"),
    "deliberate": ("deliberate", "merge"),
}
"""The tasks after the first verification; each sees the replies before it, the last one decides."""


class Judge(Prompted):
    """A critic that stops at the first wrong step; votes, chains and guards are settings.

    `votes` independent critiques are merged by `vote_rule`; `min_agreement` is the share of votes
    that must be with the verdict, else it is unknown. `panel` names further models that judge by
    themselves and give evidence of their own. With `solve_first` a model first writes `solve_tries`
    own solutions: the first greedily; the one it judges by has the most frequent answer, or,
    `with_gold`, the right one. `order_swap` asks each vote again with problem and solution in the
    other order, and believes what comes out both times.
    """

    kind: Literal["judge"] = "judge"
    panel: tuple[str, ...] = ()
    mode: Mode = "single"
    votes: Annotated[int, Field(ge=1)] = 1
    vote_rule: VoteRule = "majority"
    min_agreement: Annotated[float, Field(ge=0, le=1)] = 0.0
    every_step: bool = False
    solve_first: bool = False
    solve_tries: Annotated[int, Field(ge=1)] = 1
    with_gold: bool = False
    order_swap: bool = False

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.model, *self.panel)))

    @model_validator(mode="after")
    def _votes_differ(self) -> Judge:
        if self.votes > 1 and self.temperature == 0:
            raise ValueError("votes at temperature 0 are all the same; set temperature, say 0.7")
        if self.solve_tries > 1 and not self.solve_first:
            raise ValueError("solve_tries is for judges that solve first; set solve_first: true")
        return self


@dataclass(frozen=True, slots=True)
class Tasks:
    """The prompts of a judge, in the order they are asked."""

    solve: Task | None
    chain: tuple[Task, ...]

    @property
    def all(self) -> tuple[Task, ...]:
        return (*([self.solve] if self.solve else []), *self.chain)

    @property
    def sha(self) -> str:
        """8 hex digits over all of them."""
        return prompts_sha(self.all)


def judge_tasks(settings: Judge) -> Tasks:
    """Raises `ConfigError` where the prompt set has no place for what the settings ask for."""
    needed = [
        "problem",
        "steps",
        # A judge that solves first is helped by the gold answer without being shown it.
        *(["gold_answer"] if settings.with_gold and not settings.solve_first else []),
        *(["swapped"] if settings.order_swap else []),
    ]
    prompts = settings.prompt_set
    if settings.solve_first:
        solve, first = prompts.task("solve"), prompts.task("judge_solved", "own_solution", *needed)
    else:
        solve, first = None, prompts.task("judge", *needed)
    later = [prompts.task(name, "critiques", *needed) for name in CHAINS[settings.mode]]
    return Tasks(solve, (first, *later))
