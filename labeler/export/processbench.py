"""ProcessBench: a solution and the 0-based index of its earliest error, -1 for none.

Source: github.com/QwenLM/ProcessBench; arXiv 2412.06559. All steps stay, those after the error too.
"""

from __future__ import annotations

from labeler.export.base import Example, ExportOptions, Format, View, single
from labeler.records import Rejection, Verdict


def _first_error(view: View, options: ExportOptions) -> int | None:
    if options.threshold is None:
        return view.labeled.first_error
    for index, step in enumerate(view.steps):
        if step.target is None:
            return None
        if not step.is_right:
            return index
    return -1


def _convert(view: View, options: ExportOptions) -> Example | Rejection:
    first = _first_error(view, options)
    if first is None:
        return view.reject("its first error is undecided")
    if view.labeled.solution.outcome is Verdict.UNKNOWN:
        return view.reject("its outcome is unknown")
    content = {
        "id": view.solution_id,
        "generator": view.labeled.solution.generator.model,
        "problem": view.problem,
        "steps": [step.text for step in view.steps],
        "final_answer_correct": view.labeled.solution.outcome is Verdict.CORRECT,
        "label": first,
    }
    return Example(content, first == -1)


PROCESSBENCH = Format(
    name="processbench",
    about="ProcessBench: problem, steps, label = 0-based index of the earliest error or -1",
    readers="QwenLM/ProcessBench's scripts and whatever evaluates on Qwen/ProcessBench",
    loss="every label but the place of the first error; neutral steps; soft labels; evidence",
    convert=single(_convert),
    whole=True,
)
