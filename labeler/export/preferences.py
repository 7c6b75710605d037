"""Preference pairs from the solutions of one problem: by next step, and by whole solution.

`dpo_steps`: same prefix, a right and a wrong next step (Step-DPO's shape). `dpo_pareto`: the
chosen solution strictly beats the rejected one on its answer and on its mean step label (SPARE,
arXiv 2506.15498, section on ORPO pairs; at most 10 pairs per problem). Of an agent a next step is
what it says and calls: what a tool answered stands in prompts only, and a whole trajectory, which
holds such answers, is in no pair. `dpo_turns` has an agent's pairs as chats.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence

from labeler.export.base import Example, ExportOptions, Format, Unit, View
from labeler.export.views import shown
from labeler.records import Rejection, Verdict
from labeler.seeds import derive_seed
from labeler.turns.observed import observed_from

MAX_PAIRS = 10


def _by_step(views: Sequence[View], options: ExportOptions) -> Iterator[Example | Rejection]:
    right: dict[str, dict[str, str]] = {}
    wrong: dict[str, dict[str, str]] = {}
    prefixes: dict[str, str] = {}
    for view in views:
        before, text = "", ""
        for step, own in zip(view.steps, _own_texts(view), strict=True):
            if step.target is not None:
                side = right if step.is_right else wrong
                # Turns that differ in what was answered to them alone are the same turn.
                side.setdefault(before, {}).setdefault(own, step.labeled.prefix_id)
                prefixes[before] = text
            if step.target == 0:
                break  # After an error no next step is right.
            before, text = step.labeled.prefix_id, f"{text}{step.text}\n"
    for before, text in prefixes.items():
        pairs = itertools.product(right.get(before, {}), wrong.get(before, {}))
        differing = (pair for pair in pairs if pair[0] != pair[1])
        for chosen, rejected in itertools.islice(differing, MAX_PAIRS):
            prompt = f"{views[0].problem}\n{text}"
            yield Example({"prompt": prompt, "chosen": chosen, "rejected": rejected})


def _own_texts(view: View) -> list[str]:
    """The text of each step without what was answered to it."""
    trajectory = view.labeled.solution.trajectory
    if trajectory is None:
        return [step.text for step in view.steps]
    return [
        shown(step.labeled.text[: observed_from(step.labeled.text, turn)])
        for step, turn in zip(view.steps, trajectory.turns, strict=False)
    ]


def _by_solution(views: Sequence[View], options: ExportOptions) -> Iterator[Example | Rejection]:
    scored = []
    for view in views:
        targets = [step.target for step in view.steps if step.target is not None]
        if view.labeled.solution.trajectory is not None:
            yield view.reject("whole trajectories hold what tools answered")
            continue
        if view.labeled.solution.outcome is Verdict.UNKNOWN:
            yield view.reject("its outcome is unknown")
            continue
        right = view.labeled.solution.outcome is Verdict.CORRECT
        scored.append((right, sum(targets) / len(targets), view))
    pairs = [
        (better[2], worse[2])
        for better, worse in itertools.permutations(scored, 2)
        if better[0] > worse[0] and better[1] > worse[1]
    ]
    if len(pairs) > MAX_PAIRS:
        problem_id = views[0].labeled.problem.problem_id
        chooser = random.Random(derive_seed(options.seed, "pareto", problem_id))
        pairs = chooser.sample(pairs, MAX_PAIRS)
    for better_view, worse_view in pairs:
        yield Example(
            {
                "prompt": views[0].problem,
                "chosen": "".join(better_view.labeled.solution.steps).strip(),
                "rejected": "".join(worse_view.labeled.solution.steps).strip(),
            }
        )


DPO_STEPS = Format(
    name="dpo_steps",
    about="step preference pairs: same prefix, a right and a wrong next step",
    readers="TRL DPOTrainer and ORPOTrainer 0.12 and later (prompt, chosen, rejected)",
    loss="prefixes with next steps of one kind only; soft labels; evidence; more than 10 pairs "
    "of one prefix",
    convert=_by_step,
    unit=Unit.PROBLEM,
    balances=False,
)
DPO_PARETO = Format(
    name="dpo_pareto",
    about="solution pairs: chosen strictly better on answer and on mean step label (SPARE)",
    readers="TRL DPOTrainer and ORPOTrainer 0.12 and later (prompt, chosen, rejected)",
    loss="step labels but through their mean; solutions with unknown outcome or without a "
    "counterpart; agents' trajectories; more than 10 pairs of one problem",
    convert=_by_solution,
    unit=Unit.PROBLEM,
    soft=True,
    whole=True,
    balances=False,
)
