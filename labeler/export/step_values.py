"""Values of steps from the tree of a problem: node values, process advantages, outcomes broadcast.

The tree is the trie of the problem's solutions with all value evidence on their prefixes. V of a
prefix is the share of right ones among everything that was decided at or below it, whoever asked:
rollouts from it and from the prefixes that continue it, and the answers of the solutions through it
(TreePS-RAG, arXiv 2601.06922: the mean outcome of a node's descendants). Nothing counts twice:
labelers that count a rollout at every prefix on its way (`alphamath`, `grounded_search`, `bisect`)
have counted what lies below themselves, answers included, so of each of them its own counts are
taken where it spoke, those below where it did not, and answers only where none of them spoke.

    values               V(t) in [0, 1], after each step        q = 2 V - 1 (AlphaMath's Q)
    advantage_parent     V(t) - V(t - 1), before the first step V(root)
    advantage_root       V(t) - V(root)
    outcome              the answer's 0 or 1 at every step (OVM, arXiv 2311.09724)

Of an agent, `observations` are the characters that tools wrote, and no token of the policy.
How TreePS-RAG combines the two advantages was not to be had; they stand side by side. Limits: the
tree holds what searches chose to look at, so V of a prefix leans towards what was searched below
it; V(root) is pooled from below as well; answers that no labeler counted are left out beside one
that counted others (`bisect` counts right answers only), and `bisect` does not count upwards.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from labeler.consensus.base import Counts, value_counts
from labeler.consensus.sources import OUTCOME
from labeler.export.base import IGNORED, Example, ExportOptions, Format, Unit, View
from labeler.labelers.methods import method_of
from labeler.records import Evidence, Rejection, Verdict
from labeler.turns.observed import observed_spans

NOTHING = Counts(0, 0)


@dataclass(slots=True)
class _Node:
    """A prefix: what is said of it, whatever row it stands in, and what came up from below."""

    evidence: dict[Evidence, None] = field(default_factory=dict)
    below: dict[str, _Node] = field(default_factory=dict)
    rollouts: Counts = NOTHING
    answers: Counts = NOTHING
    backed_up: dict[str, Counts] = field(default_factory=dict)

    @property
    def total(self) -> Counts:
        """All that was decided at or below it."""
        backed_up = [counts for counts in self.backed_up.values() if counts.n]
        return _sum([self.rollouts, *(backed_up or [self.answers])])

    @property
    def value(self) -> float | None:
        total = self.total
        return total.n_correct / total.n if total.n else None

    def add_up(self) -> None:
        """From what is said of it, and from the prefixes that continue it, which are done."""
        own: list[Evidence] = []
        by_answer: list[Evidence] = []
        backed: dict[str, list[Evidence]] = defaultdict(list)
        for piece in self.evidence:
            if method_of(piece.labeler).of_whole_answers:
                by_answer.append(piece)
            elif method_of(piece.labeler).backs_values_up:
                backed[piece.labeler].append(piece)
            else:
                own.append(piece)
        children = self.below.values()
        self.rollouts = _sum([*value_counts([own]), *(child.rollouts for child in children)])
        self.answers = _sum([_answer(by_answer), *(child.answers for child in children)])
        for labeler in sorted({*backed, *(name for child in children for name in child.backed_up)}):
            (here,) = value_counts([backed[labeler]])
            below = _sum([child.backed_up.get(labeler, NOTHING) for child in children])
            self.backed_up[labeler] = here if here.n else below


def _sum(parts: Sequence[Counts]) -> Counts:
    return Counts(sum(c.n for c in parts), sum(c.n_correct for c in parts))


def _answer(pieces: Sequence[Evidence]) -> Counts:
    """One answer, whoever decided it; the answer check goes first."""
    first = sorted(pieces, key=lambda piece: piece.labeler != OUTCOME.labeler)
    decided = (counts for counts in value_counts([[piece] for piece in first]) if counts.n)
    return next(decided, NOTHING)


def _convert(views: Sequence[View], options: ExportOptions) -> Iterator[Example | Rejection]:
    root = _Node()
    for view in views:
        node = root
        for step in view.steps:
            node = node.below.setdefault(step.labeled.prefix_id, _Node())
            node.evidence |= dict.fromkeys(step.labeled.evidence)
    _add_up(root)
    for view in views:
        if view.labeled.solution.outcome is Verdict.UNKNOWN:
            yield view.reject("its outcome is unknown")
        else:
            yield Example(_content(view, root))


def _add_up(root: _Node) -> None:
    """Totals of all nodes, leaves first; a solution may have more steps than Python recurses."""
    order = [root]
    for node in order:
        order += node.below.values()
    for node in reversed(order):
        node.add_up()


def _content(view: View, root: _Node) -> dict[str, object]:
    path = [root]
    for step in view.steps:
        path.append(path[-1].below[step.labeled.prefix_id])
    values = [node.value for node in path]
    texts = [step.labeled.text for step in view.steps]
    ends = list(itertools.accumulate(map(len, texts)))
    right = float(view.labeled.solution.outcome is Verdict.CORRECT)
    observed = observed_spans(view.labeled.solution)
    return {
        "prompt": view.problem,
        "completion": "".join(texts),
        "spans": [[start, end] for start, end in zip([0, *ends], ends, strict=False)],
        "root_value": _or_ignored(values[0]),
        "values": [_or_ignored(value) for value in values[1:]],
        "q": [_or_ignored(None if value is None else 2 * value - 1) for value in values[1:]],
        "n": [node.total.n for node in path[1:]],
        "advantage_parent": [_difference(b, a) for a, b in itertools.pairwise(values)],
        "advantage_root": [_difference(value, values[0]) for value in values[1:]],
        "outcome": [right] * len(view.steps),
        **({} if observed is None else {"observations": observed}),
    }


def _or_ignored(value: float | None) -> float:
    return float(IGNORED) if value is None else value


def _difference(after: float | None, before: float | None) -> float:
    return float(IGNORED) if after is None or before is None else after - before


STEP_VALUES = Format(
    name="step_values",
    about="per step: value over all descendants, process advantages, the outcome broadcast",
    readers="none directly: columns for value heads (AlphaMath, OVM) and for policy gradients",
    loss="labels, probabilities, judges' evidence; a step without a value has -100; places are "
    "characters",
    convert=_convert,
    unit=Unit.PROBLEM,
    soft=True,
    whole=True,
    needs_steps=False,
    balances=False,
)
