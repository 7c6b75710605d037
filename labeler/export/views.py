"""Labels -> targets: what each step of a solution is exported as, under the options.

Soft labels are the consensus' probability; where the rule gave none, the share of right rollouts
from there (Math-Shepherd's soft estimate), with the counts of all value evidence summed; where
there is neither, no label. Does not cover how a format writes them.
"""

from __future__ import annotations

from labeler.consensus.base import value_counts
from labeler.export.base import AfterError, ExportOptions, Format, Labels, Neutral, Step, View
from labeler.records import LabeledSolution, LabeledStep, Rejection

OF_NEUTRAL = {Neutral.RIGHT: 1.0, Neutral.WRONG: 0.0, Neutral.MASK: None}


def view(labeled: LabeledSolution, fmt: Format, options: ExportOptions) -> View | Rejection:
    """The solution as this format is to see it, or why it is not to."""
    name = labeled.solution.solution_id
    if fmt.needs_steps and not labeled.consensus.kept and not options.dropped_too:
        return Rejection("export", name, "dropped by consensus")
    targets = [_target(step, options) for step in labeled.steps]
    if not fmt.whole:
        targets = _until_error(labeled, targets, options)
    if fmt.needs_steps and all(target is None for target in targets):
        return Rejection("export", name, "no step has a label")
    steps = (
        Step(shown(step.text), target, step)
        for step, target in zip(labeled.steps, targets, strict=False)
    )
    return View(labeled, tuple(steps))


def shown(text: str) -> str:
    """A step's text without what separates steps; indentation (of code) stays."""
    return text.lstrip("\n").rstrip()


def soft_label(step: LabeledStep) -> float | None:
    """The probability that the step is right, or the share of right rollouts, or nothing."""
    if step.probability is not None:
        return step.probability
    (counts,) = value_counts([step.evidence])
    return counts.n_correct / counts.n if counts.n else None


def _target(step: LabeledStep, options: ExportOptions) -> float | None:
    if options.labels is Labels.SOFT:
        return soft_label(step)
    if options.threshold is not None:
        soft = soft_label(step)
        return None if soft is None else float(soft > options.threshold)
    if step.label == 0:
        return OF_NEUTRAL[options.neutral]
    return None if step.label is None else float(step.label == 1)


def _until_error(
    labeled: LabeledSolution, targets: list[float | None], options: ExportOptions
) -> list[float | None]:
    if options.labels is Labels.HARD:
        wrong = [t for t, target in enumerate(targets) if target == 0]
    else:
        wrong = [t for t, step in enumerate(labeled.steps) if step.label == -1]
    if not wrong or options.after_error is AfterError.KEEP:
        return targets
    end = wrong[0] + 1
    masked = len(targets) - end if options.after_error is AfterError.MASK else 0
    return targets[:end] + [None] * masked
