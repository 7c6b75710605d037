"""An agent's steps as a judge is shown them: thought, calls and observations told apart.

Each part stands under a mark of its own, and every line of an observation begins with "| ", so that
nothing that a tool returned can pass for the policy's words, whatever tags or marks it holds. A
long observation is shown by its beginning and its end. The text of a step, and so its identity, is
another matter (`labeler.turns.rendered`).
"""

from __future__ import annotations

from labeler.records import Observation, Solution, Turn

MOST_SHOWN = 4000
"""Characters of one observation."""


def shown_steps(solution: Solution) -> tuple[str, ...]:
    """The steps for a judge's eyes; the steps themselves where they are no turns."""
    if solution.trajectory is None:
        return solution.steps
    return tuple(shown_turn(turn) for turn in solution.trajectory.turns)


def shown_turn(turn: Turn) -> str:
    """A turn, part by part."""
    parts = [f"[thought]\n{turn.thought.strip()}"] if turn.thought.strip() else []
    parts += [f"[call {call.name}]\n{call.arguments}" for call in turn.calls]
    parts += [_observed(one, turn) for one in turn.observations]
    return "\n".join(parts) + "\n"


def _observed(one: Observation, turn: Turn) -> str:
    known = one.call is not None and one.call < len(turn.calls)
    who = f"{one.role} {turn.calls[one.call].name}" if known and one.call is not None else one.role
    failed = f", failed ({one.reason})" if one.reason else ""
    quoted = "\n".join(f"| {line}" for line in _shortened(one.text).splitlines() or [""])
    return f"[observation, from {who}{failed}; not the solver's words]\n{quoted}"


def _shortened(text: str) -> str:
    if len(text) <= MOST_SHOWN:
        return text
    half = MOST_SHOWN // 2
    return f"{text[:half]}\n({len(text) - 2 * half:,} characters left out)\n{text[-half:]}"
