"""What a file said of its solutions' steps: kept beside the labels, and never one of their reasons.

Evidence of the source `annotated` (asks correctness) stands on each step that somebody labelled in
the file that the solutions came from. No rule reads it: labels would agree with it by construction,
and nothing could be measured against it. It is what labels are compared with (`labeler stats`:
agreement, calibration) and, where one asks for it, what fusion is calibrated with
(`labeler consensus --gold annotated`). A person who overrules labels is another source (`human`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from labeler.consensus.human import human_evidence
from labeler.records import Evidence, LabeledSolution, Problem, Solution, Verdict, prefix_ids

ANNOTATED = "annotated"
VERSION = "1"


@dataclass(frozen=True, slots=True)
class Annotation:
    """What a file says of a solution's steps: 1, 0, -1 or None each, and why, where it tells."""

    labels: tuple[int | None, ...]
    notes: tuple[str, ...] = ()


def annotation_evidence(
    problem: Problem, solution: Solution, annotation: Annotation
) -> list[Evidence]:
    """The evidence on the steps that were labelled; it is about this solution only."""
    ids = prefix_ids(problem.problem_id, solution.steps)
    notes = annotation.notes or ("",) * len(ids)
    return [
        _of_file(human_evidence(prefix, label, note))
        for prefix, label, note in zip(ids, annotation.labels, notes, strict=True)
        if label is not None
    ]


def _of_file(piece: Evidence) -> Evidence:
    return replace(piece, labeler=ANNOTATED, labeler_version=VERSION)


def without_annotations(pieces: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """What rules may see of a step's evidence."""
    return tuple(piece for piece in pieces if piece.labeler != ANNOTATED)


def annotated_first_error(row: LabeledSolution) -> int | None:
    """The first error by the file's labels: -1 none, None where they leave it open.

    A neutral step is no error.
    """
    for t, step in enumerate(row.steps):
        said = _said(step.evidence)
        if said is None:
            return None
        if said.verdict is Verdict.WRONG:
            return t
    return -1


def _said(evidence: Sequence[Evidence]) -> Evidence | None:
    return next((piece for piece in reversed(evidence) if piece.labeler == ANNOTATED), None)
