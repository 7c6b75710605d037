"""MR-RLVR: tasks made of right chains: fill what was masked, put shuffled steps in order.

Source: MR-RLVR, arXiv 2511.17473 (masked-then-fill and step reordering; its reward formulas were
not verified, so only task and answer are written). Chains are solutions without an error and with
the right answer, and the problems' reference solutions, each once. What is masked: numbers and
formulas between dollars.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence

from labeler.export.base import Example, ExportOptions, Format, Unit, View
from labeler.export.views import shown
from labeler.records import Rejection, Verdict
from labeler.seeds import derive_seed

MASK = "[MASK]"
ENTITY = re.compile(r"\$[^$\n]+\$|(?<![\w.])(?<!Step )\d+(?:[.,]\d+)*(?:/\d+)?")
Task = Callable[[str, tuple[str, ...], random.Random], dict[str, object] | None]


def _chains(views: Sequence[View]) -> list[tuple[str, ...]]:
    problem = views[0].labeled.problem
    found = [tuple(shown(step) for step in problem.reference_solution)]
    for view in views:
        right = view.labeled.solution.outcome is Verdict.CORRECT
        # What a tool said is not to be guessed.
        if right and view.labeled.first_error == -1 and not view.labeled.solution.trajectory:
            found.append(tuple(step.text for step in view.steps))
    return [chain for chain in dict.fromkeys(found) if chain]


def _fill(problem: str, chain: tuple[str, ...], chooser: random.Random) -> dict[str, object] | None:
    with_entities = [t for t, step in enumerate(chain) if ENTITY.search(step)]
    if not with_entities or any(MASK in step for step in chain):
        return None
    masked = chooser.choice(with_entities)
    hidden = ENTITY.findall(chain[masked])
    shown_steps = [*chain[:masked], ENTITY.sub(MASK, chain[masked]), *chain[masked + 1 :]]
    asked = (
        f"{problem}\n\nA solution with parts of one step masked:\n"
        + "\n".join(shown_steps)
        + f"\n\nGive what each {MASK} stands for, in order, one per line."
    )
    return {"prompt": asked, "answer": hidden, "step": masked}


def _reorder(
    problem: str, chain: tuple[str, ...], chooser: random.Random
) -> dict[str, object] | None:
    order = list(range(len(chain)))
    if len(set(chain)) < max(2, len(chain)):
        return None  # One step, or two alike: no single right order.
    while order == sorted(order):
        chooser.shuffle(order)
    shuffled = "\n".join(f"({n}) {chain[t]}" for n, t in enumerate(order, start=1))
    asked = (
        f"{problem}\n\nThe steps of a solution in random order:\n{shuffled}\n\n"
        "Give the numbers of the steps in the right order."
    )
    return {"prompt": asked, "answer": [order.index(t) + 1 for t in range(len(order))]}


def _tasks(name: str, make: Task, unfit: str) -> Format:
    def convert(views: Sequence[View], options: ExportOptions) -> Iterator[Example | Rejection]:
        problem = views[0].labeled.problem
        chains = _chains(views)
        if not chains:
            yield Rejection("export", problem.problem_id, "its problem has no right chain")
        for number, chain in enumerate(chains):
            seed = derive_seed(options.seed, name, problem.problem_id, str(number))
            content = make(problem.text, chain, random.Random(seed))
            if content is None:
                yield Rejection("export", problem.problem_id, unfit)
            else:
                yield Example(content)

    return Format(
        name=name,
        about="MR-RLVR: "
        + {
            "masked_fill": "one step of a right chain with its numbers and formulas masked",
            "reorder": "the steps of a right chain in random order",
        }[name],
        readers="none directly: prompt and answer for a reward function of any RLVR trainer",
        loss="every wrong solution, all labels and evidence",
        convert=convert,
        unit=Unit.PROBLEM,
        whole=True,
        needs_steps=False,
        balances=False,
    )


MASKED_FILL = _tasks("masked_fill", _fill, "a chain has no number or formula to mask")
REORDER = _tasks("reorder", _reorder, "a chain has a single step, or two alike")
