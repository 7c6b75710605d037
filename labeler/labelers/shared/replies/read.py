"""One tolerant reader for what judges and annotators reply: the right verdict, or unknown and why.

JSON comes first, then lines, tags and boxes. What was read is laid onto the steps: numbers may
start from 0 or from 1, entries may be missing. Where a reply cannot be laid in one way only, or
contradicts itself, no verdict is taken from it. Sources of the forms: SPARE (arXiv 2506.15498),
Qwen's Lessons (2501.07301), ProcessBench (2412.06559), ThinkPRM (2504.16828); specs/99 on numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from labeler.labelers.shared.replies.base import Entry, ParsedReply, StepVerdict
from labeler.labelers.shared.replies.injection import speaks_to_judge
from labeler.labelers.shared.replies.json_form import read_json
from labeler.labelers.shared.replies.line_form import read_lines
from labeler.records import Verdict
from labeler.steps.thinking import without_thinking

MOST_CHARACTERS = 4_000_000
"""Of a reply: a million tokens."""
MOST_CONCLUSIONS = 64
"""Each is laid onto all steps; an honest reply has one, or one for each of its drafts."""


def read_reply(
    text: str,
    steps: Sequence[str],
    *,
    cut_off: bool = False,
    first_number: int = 1,
    by_heads: bool = False,
) -> tuple[StepVerdict, ...]:
    """One verdict per step; UNKNOWN has a reason.

    `first_number` is what the prompt calls the first step. `by_heads`: the prompt did not number
    the steps, so that lines are told by what each step begins with (`Step 2`, `Answer`).
    """
    if len(text) > MOST_CHARACTERS:
        return _unknown(len(steps), f"the reply is longer than {MOST_CHARACTERS:,} characters")
    spoken = without_thinking(text)
    quoted = "".join(steps)
    heads = [step.split(":", 1)[0].strip() for step in steps] if by_heads else []
    parsed = read_json(spoken, cut_off, quoted)
    if not parsed:
        lines = read_lines(spoken, cut_off, heads, quoted)
        parsed = [lines] if lines else []
    if not parsed:
        return _unknown(len(steps), _why_nothing(text, spoken, cut_off))
    if len(parsed) > MOST_CONCLUSIONS:
        return _unknown(len(steps), f"the reply concludes {len(parsed):,} times")
    silence = "the reply was cut off" if cut_off else "no verdict on this step"
    laid = [_laid(one, len(steps), first_number, by_heads, silence) for one in parsed]
    step_verdicts = tuple(_agreed(said) for said in zip(*laid, strict=True))
    return _unswayed(step_verdicts) if speaks_to_judge(steps) else step_verdicts


def _why_nothing(text: str, spoken: str, cut_off: bool) -> str:
    if not text.strip():
        return "empty reply"
    if cut_off:
        return "the reply was cut off before a verdict"
    return "no verdict in the reply" if spoken.strip() else "the reply ends in its thinking"


def _unknown(n: int, reason: str) -> tuple[StepVerdict, ...]:
    return (StepVerdict(Verdict.UNKNOWN, reason),) * n


def _laid(
    found: ParsedReply, n: int, first_number: int, by_heads: bool, silence: str
) -> tuple[StepVerdict, ...]:
    """A parsed reply laid onto the steps; all unknown where it misfits or contradicts itself."""
    indices, base, misfit = _step_indices(found.entries, n, first_number, by_heads)
    if misfit:
        return _unknown(n, misfit)
    step_verdicts: list[StepVerdict | None] = [None] * n
    for index, entry in zip(indices, found.entries, strict=True):
        before = step_verdicts[index]
        step_verdicts[index] = (
            entry.step_verdict if before is None else _agreed((before, entry.step_verdict))
        )
    wrong = [t for t, r in enumerate(step_verdicts) if r and r.verdict is Verdict.WRONG]
    if found.none_wrong and (found.some_wrong or wrong):
        return _unknown(n, "the reply contradicts itself: no error, and an error")
    if found.first_wrong is not None:
        first = found.first_wrong - base
        if not 0 <= first < n:
            return _unknown(n, f"first error in step {found.first_wrong}, of {n} steps")
        if found.entries and wrong[:1] != [first]:
            return _unknown(n, "the first error it names is not the first it flags")
        if not found.entries:
            step_verdicts[: first + 1] = [
                *[StepVerdict(Verdict.CORRECT, rationale="before the first error")] * first,
                StepVerdict(Verdict.WRONG, rationale="the first error"),
            ]
    elif found.some_wrong and not found.entries:
        return _unknown(n, "the reply says that there is an error, but not where")
    elif found.some_wrong and all(r and r.verdict is Verdict.CORRECT for r in step_verdicts):
        return _unknown(n, "the reply concludes that there is an error, but flags none")
    elif found.none_wrong and not found.entries:
        step_verdicts = [StepVerdict(Verdict.CORRECT, rationale="no error in the whole")] * n
    return tuple(
        step_verdict or StepVerdict(Verdict.UNKNOWN, silence) for step_verdict in step_verdicts
    )


def _step_indices(
    entries: Sequence[Entry], n: int, first_number: int, by_heads: bool
) -> tuple[list[int], int, str]:
    """The step of each entry, the number of the first step, or why entries do not fit."""
    base = first_number
    if not entries:
        return [], base, ""
    if by_heads and any(e.index is not None for e in entries):
        if any(entry.index is None for entry in entries):
            return [], base, "a verdict on a step that the solution does not have"
        return [e.index for e in entries if e.index is not None], base, ""
    numbers = [entry.number for entry in entries if entry.number is not None]
    if not numbers:
        verdicts = [entry.step_verdict.verdict for entry in entries]
        stopped = len(entries) < n and verdicts.index(verdicts[-1]) == len(verdicts) - 1
        if len(entries) == n or (stopped and verdicts[-1] is Verdict.WRONG):
            return list(range(len(entries))), base, ""
        return [], base, f"{len(entries)} verdicts for {n} steps"
    if len(numbers) < len(entries):
        return [], base, "some verdicts name their step, and some do not"
    lowest, highest = min(numbers), max(numbers)
    if lowest == 0:
        base = 0
    elif highest == n:
        base = 1
    elif lowest == 1 and first_number == 0:
        return [], base, "verdicts are numbered from 1, or leave out the first step"
    if highest - base >= n:
        return [], base, f"a verdict on step {highest}, of {n} steps"
    return [number - base for number in numbers], base, ""


def _agreed(said: Sequence[StepVerdict]) -> StepVerdict:
    """Several verdicts on one step: the one they share, unknown where they differ."""
    decided = [one for one in said if one.verdict is not Verdict.UNKNOWN]
    if len({one.verdict for one in decided}) > 1:
        return StepVerdict(Verdict.UNKNOWN, "two verdicts on this step that disagree")
    return (decided or list(said))[0]


def _unswayed(step_verdicts: Sequence[StepVerdict]) -> tuple[StepVerdict, ...]:
    return tuple(
        replace(one, verdict=Verdict.UNKNOWN, reason="the solution speaks to its judge")
        if one.verdict is Verdict.CORRECT
        else one
        for one in step_verdicts
    )
