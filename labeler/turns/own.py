"""What of a solution is the policy's own: its thoughts and calls, not what tools answered.

Whoever reads claims, answers or tokens of a solution reads these texts, not the steps'.
"""

from __future__ import annotations

from labeler.records import Solution, Turn
from labeler.turns.rendered import text_of


def own_texts(solution: Solution) -> tuple[str, ...]:
    """Each step without its observations; the steps themselves where it has no turns."""
    if solution.trajectory is None:
        return solution.steps
    return tuple(own_text(turn) for turn in solution.trajectory.turns)


def own_text(turn: Turn) -> str:
    """A turn without what was answered to it."""
    return text_of(Turn(turn.thought, turn.calls))


def answering_text(solution: Solution) -> str:
    """Where the final answer is to be read: of an agent, its last turn, if that calls nothing.

    A gold answer that a tool returned is not the policy's answer. "" where the last turn still
    called something.
    """
    if solution.trajectory is None:
        return "".join(solution.steps)
    last = solution.trajectory.turns[-1] if solution.trajectory.turns else Turn("")
    return "" if last.calls else last.thought


def thoughts_of(solution: Solution) -> tuple[str, ...]:
    """The words alone of each step, without calls; the steps themselves where it has no turns."""
    if solution.trajectory is None:
        return solution.steps
    return tuple(turn.thought for turn in solution.trajectory.turns)
