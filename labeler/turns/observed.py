"""Where in the text of a step the policy's own words end, and what was answered begins.

Within a step observations come last, in every form that is read. Where their text cannot be told
apart to the character, more is taken for observed rather than less: a token of a tool's answer must
not be trained on, and a closing tag that goes with it may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from labeler.records import Solution, Turn
from labeler.turns.own import own_text

_BEGINS = re.compile(r"<tool_response>|^[ \t]*Observation[ \t]*\d*[ \t]*:", re.M | re.I)


def observed_from(step: str, turn: Turn) -> int:
    """The character from which on a step is not the policy's; its length where all of it is."""
    if not turn.observations:
        return len(step)
    own = own_text(turn)
    if step.startswith(own):
        return len(own)
    at = len(step)
    for seen in reversed(turn.observations):
        at = max(step.rfind(seen.text, 0, at), 0)
    line = step.rfind("\n", 0, at) + 1
    mark = _BEGINS.search(step)
    return min(line, mark.start()) if mark else line


def observed_spans(solution: Solution, n_steps: int | None = None) -> list[list[int]] | None:
    """Characters of the joined steps that are observations; None for a solution without turns.

    `n_steps`: of the first so many steps only.
    """
    if solution.trajectory is None:
        return None
    found: list[list[int]] = []
    start = 0
    turns: Sequence[Turn] = solution.trajectory.turns[:n_steps]
    for step, turn in zip(solution.steps, turns, strict=False):
        own = observed_from(step, turn)
        if own < len(step):
            found.append([start + own, start + len(step)])
        start += len(step)
    return found


def own_and_observed(solution: Solution) -> tuple[str, ...]:
    """Each step as two pieces, the policy's and what was answered; joined they are the text."""
    turns = solution.trajectory.turns if solution.trajectory else (Turn(""),) * len(solution.steps)
    ends = map(observed_from, solution.steps, turns)
    return tuple(
        piece
        for step, end in zip(solution.steps, ends, strict=True)
        for piece in (step[:end], step[end:])
    )
