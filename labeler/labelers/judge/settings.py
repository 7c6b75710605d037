"""What a judge can be told, and the prompts that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from labeler.driver.requests import POLICY
from labeler.prompts import PromptSet, Task, prompts_sha
from labeler.records import Sampling

Mode = Literal["single", "meta", "deliberate"]
VoteRule = Literal["majority", "intersection", "union"]

CHAINS: dict[Mode, tuple[str, ...]] = {
    "single": (),
    "meta": ("meta_critique", "merge"),
    "deliberate": ("deliberate", "merge"),
}
"""The tasks after the first verification; each sees the replies before it, the last one decides."""


@dataclass(frozen=True, slots=True)
class Judge:
    """`votes` independent critiques are merged by `vote_rule`; `min_agreement` is the share of
    votes that must be with the verdict, else it is unknown.

    `panel` names further models that judge by themselves and give evidence of their own. With
    `solve_first` a model first writes `solve_tries` own solutions: the first greedily; the one it
    judges by has the most frequent answer, or, `with_gold`, the right one. `order_swap` asks each
    vote again with problem and solution in the other order, and believes what comes out both times.
    """

    prompts: PromptSet
    model: str = POLICY
    panel: tuple[str, ...] = ()
    mode: Mode = "single"
    votes: int = 1
    vote_rule: VoteRule = "majority"
    min_agreement: float = 0.0
    every_step: bool = False
    solve_first: bool = False
    solve_tries: int = 1
    with_gold: bool = False
    order_swap: bool = False
    structured: bool = True
    temperature: float = 0.0
    max_tokens: int = 4096

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.model, *self.panel)))

    @property
    def sampling(self) -> Sampling:
        return Sampling(temperature=self.temperature, max_tokens=self.max_tokens)


@dataclass(frozen=True, slots=True)
class Tasks:
    """The prompts of a judge, in the order they are asked."""

    solve: Task | None
    chain: tuple[Task, ...]

    @property
    def sha(self) -> str:
        """8 hex digits over all of them."""
        return prompts_sha([*([self.solve] if self.solve else []), *self.chain])


def judge_tasks(settings: Judge) -> Tasks:
    """Raises `ConfigError` where the prompt set has no place for what the settings ask for."""
    needed = [
        "problem",
        "steps",
        # A judge that solves first is helped by the gold answer without being shown it.
        *(["gold_answer"] if settings.with_gold and not settings.solve_first else []),
        *(["swapped"] if settings.order_swap else []),
    ]
    prompts = settings.prompts
    if settings.solve_first:
        solve, first = prompts.task("solve"), prompts.task("judge_solved", "own_solution", *needed)
    else:
        solve, first = None, prompts.task("judge", *needed)
    later = [prompts.task(name, "critiques", *needed) for name in CHAINS[settings.mode]]
    return Tasks(solve, (first, *later))
