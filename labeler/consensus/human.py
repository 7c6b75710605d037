"""A person's word decides: how reviews of steps enter the labels of a solution.

What a reviewer says of a step is evidence like any other (labeler `human`, asks correctness), and
the last word said on a step counts. Where a person spoke, the label is theirs; the rest follows:

- `first_error` is the first step labelled -1, if every step before it is labelled; -1 if every step
  is labelled and none is -1; otherwise undecided. (A person who clears the step that a rule had
  taken for the first error leaves the steps behind it open: the rule never judged them.)
- Where that moves the first error, labels of a rule behind it go: they answered another question.
- The solution is kept if its first error is decided and either was kept before, or has moved, or
  was decided by the person: the wrong step itself, or every step where none is wrong.

Does not cover several reviewers who disagree (the last one counts) or reviewing (`labeler.view`).
Source: PRM800K's ratings 1, 0, -1 (Lightman et al., arXiv 2305.20050, section 2.4); our own rule.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from labeler.records import Asks, Consensus, Evidence, LabeledSolution, LabeledStep, Verdict

HUMAN = "human"
VERSION = "1"

SUFFIX = "+human"
"""Ends the name of a consensus policy wherever a person had a say."""

_SAID = {
    1: (Verdict.CORRECT, 1.0, ""),
    0: (Verdict.UNKNOWN, 0.5, "neutral: neither a help nor an error"),
    -1: (Verdict.WRONG, 0.0, ""),
}


def human_evidence(prefix_id: str, label: int, note: str = "", reviewer: str = "") -> Evidence:
    """A person's label (1, 0 or -1) of the last step of a prefix, with a note on why."""
    verdict, score, reason = _SAID[label]
    return Evidence(
        prefix_id,
        HUMAN,
        VERSION,
        Asks.CORRECTNESS,
        verdict,
        score,
        n=1,
        n_correct=int(label == 1),
        rationale=note,
        model=reviewer,
        reason=reason,
    )


def human_label(evidence: Sequence[Evidence]) -> int | None:
    """The last word of a person on a step: 1, 0 or -1; None where nobody spoke."""
    labels = {score: label for label, (_, score, _) in _SAID.items()}
    said = [labels[e.score] for e in evidence if e.labeler == HUMAN and e.score in labels]
    return said[-1] if said else None


def apply_human_reviews(labeled: LabeledSolution) -> LabeledSolution:
    """The same solution with what people said of its steps put in force (the rules above).

    Without a person's evidence it comes back as it was; doing it twice changes nothing more.
    """
    said = [human_label(step.evidence) for step in labeled.steps]
    if all(label is None for label in said):
        return labeled
    steps = tuple(map(_with, labeled.steps, said))
    first_error = _first_error([step.label for step in steps])
    moved = first_error != labeled.first_error
    if moved and first_error is not None and first_error >= 0:
        steps = tuple(
            _undecided(step) if t > first_error and said[t] is None else step
            for t, step in enumerate(steps)
        )
    return dataclasses.replace(
        labeled,
        steps=steps,
        first_error=first_error,
        consensus=_consensus(labeled.consensus, first_error, moved, said),
    )


def _with(step: LabeledStep, said: int | None) -> LabeledStep:
    if said is None:
        return step
    probability = {1: 1.0, 0: None, -1: 0.0}[said]
    return dataclasses.replace(step, label=said, probability=probability)


def _undecided(step: LabeledStep) -> LabeledStep:
    return dataclasses.replace(step, label=None, probability=None)


def _first_error(labels: Sequence[int | None]) -> int | None:
    for t, label in enumerate(labels):
        if label is None:
            return None
        if label == -1:
            return t
    return -1


def _consensus(
    before: Consensus, first_error: int | None, moved: bool, said: Sequence[int | None]
) -> Consensus:
    policy = before.policy if before.policy.endswith(SUFFIX) else before.policy + SUFFIX
    if first_error is None:
        open_step = next((t for t, label in enumerate(said) if label is not None), 0)
        reason = f"a person judged step {open_step + 1}, the first error is undecided"
        return Consensus(policy, False, before.reason if not moved and before.reason else reason)
    by_person = said[first_error] == -1 if first_error >= 0 else None not in said
    kept = before.kept or moved or by_person
    return Consensus(policy, kept, "" if kept else before.reason)
