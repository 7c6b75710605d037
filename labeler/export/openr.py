"""OpenR tree: the prefixes of a problem's solutions as a tree with their Monte Carlo values.

Source: github.com/openreasoner/openr, preprocess (ReasoningNode: text, mc_value, children);
OmegaPRM, arXiv 2406.06592. A prefix that nobody sampled from is joined to the next that has a
value, as OmegaPRM's edges span several lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from labeler.consensus.base import value_counts
from labeler.export.base import Example, ExportOptions, Format, Unit, View
from labeler.labelers.shared.pass_rate import decided_and_right
from labeler.records import Rejection
from labeler.seeds import derive_seed

MAX_DEPTH = 200
"""Readers and json recurse once per level."""


@dataclass
class _Node:
    text: str
    mc_value: float | None
    children: dict[str, _Node] = field(default_factory=dict)

    def grown(self, pending: str = "") -> list[dict[str, Any]]:
        """This prefix and what follows it, as OpenR's nodes; none where nothing has a value."""
        text = f"{pending}\n{self.text}" if pending else self.text
        if self.mc_value is None:
            return [node for child in self.children.values() for node in child.grown(text)]
        below = [node for child in self.children.values() for node in child.grown()]
        return [{"text": text, "mc_value": self.mc_value, "children": below}]


def _convert(views: Sequence[View], options: ExportOptions) -> Iterator[Example | Rejection]:
    children: dict[str, _Node] = {}
    taken: list[View] = []
    for view in views:
        if len(view.steps) > MAX_DEPTH:
            yield view.reject(f"it has more than {MAX_DEPTH} steps")
            continue
        taken.append(view)
        level = children
        for step in view.steps:
            (counts,) = value_counts([step.labeled.evidence])
            value = counts.n_correct / counts.n if counts.n else None
            node = level.setdefault(step.labeled.prefix_id, _Node(step.text, value))
            level = node.children
    nodes = [node for child in children.values() for node in child.grown()]
    n, n_right = decided_and_right(view.labeled.solution for view in taken)
    if not nodes or not n:
        yield from (view.reject("no prefix of its problem has a value") for view in taken)
        return
    problem = taken[0].labeled.problem
    root = {
        "text": problem.text,
        "mc_value": n_right / n,
        "children": nodes,
    }
    yield Example(
        {
            "question": problem.text,
            "final_answer": problem.gold_answer or "",
            "reasoning_steps": root,
            "question_id": derive_seed(0, problem.problem_id) >> 32,
        }
    )


OPENR = Format(
    name="openr",
    about="OpenR tree: per problem, prefixes with mc_value and children",
    readers="OpenR's preprocessor (ReasoningNode), which takes mc_value > 0.5 as +",
    loss="labels and probabilities (only Monte Carlo values are held), judges' evidence; prefixes "
    "without a value are joined to the next; the root's value is the share of right ones among "
    "all samples of the problem, or among its solutions where none were drawn; question_id is a "
    "number made of the problem's id",
    convert=_convert,
    unit=Unit.PROBLEM,
    whole=True,
    needs_steps=False,
    balances=False,
    # Trees of later rows may be deeper than those from which `datasets` would infer a type.
    features=(
        ("question", "string"),
        ("final_answer", "string"),
        ("reasoning_steps", "json"),
        ("question_id", "int64"),
    ),
)
