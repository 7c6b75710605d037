"""A step that knows what it is made of: text like any other, with its turn beside it.

Methods take steps apart and put them together as texts, for the text is a step's identity; what an
agent's step is made of cannot be read back from it (an observation may hold any tag), so it travels
along. A step that was changed, or cut, is text again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from labeler.records import Said, Solution, Turn
from labeler.turns.observed import observed_from


class TurnStep(str):
    """The text of one turn.

    `logprobs` are natural logarithms of the tokens that the policy wrote of it, None where they
    were not asked for.
    """

    turn: Turn
    logprobs: tuple[float, ...] | None

    def __new__(cls, text: str, turn: Turn, logprobs: tuple[float, ...] | None = None) -> TurnStep:
        """The text with its turn."""
        step = super().__new__(cls, text)
        step.turn, step.logprobs = turn, logprobs
        return step

    def __getnewargs__(self) -> tuple[str, Turn, tuple[float, ...] | None]:  # type: ignore[override]
        return str(self), self.turn, self.logprobs


def turn_steps(solution: Solution) -> tuple[str, ...]:
    """The steps of a solution, each with its turn; as they are where it has none."""
    if solution.trajectory is None:
        return solution.steps
    known = solution.logprobs or (None,) * len(solution.steps)
    turns = zip(solution.steps, solution.trajectory.turns, known, strict=True)
    return tuple(TurnStep(step, turn, logprobs) for step, turn, logprobs in turns)


def turns_among(steps: Iterable[str]) -> tuple[Turn, ...] | None:
    """The turns of steps of which some are an agent's, the others words alone; None without any."""
    known = list(steps)
    if not any(isinstance(step, TurnStep) for step in known):
        return None
    return tuple(step.turn if isinstance(step, TurnStep) else Turn(step.strip()) for step in known)


def as_messages(steps: Iterable[str]) -> tuple[tuple[Said, ...], str]:
    """Steps as the messages of a chat, and what the assistant's next one begins with.

    The policy's own text is the assistant's, what tools answered the user's, tags and all: so do
    Qwen's and Hermes' chat templates write messages of tools.
    """
    messages: list[Said] = []
    begun = ""
    for step in steps:
        own = observed_from(step, step.turn) if isinstance(step, TurnStep) else len(step)
        begun += step[:own]
        if own < len(step):
            messages += [
                Said("assistant", begun.rstrip("\n")),
                Said("user", step[own:].rstrip("\n")),
            ]
            begun = ""
    return tuple(messages), begun


def logprobs_among(steps: Sequence[str]) -> tuple[tuple[float, ...], ...] | None:
    """What the policy's tokens of each step were worth to it; None where that is not known."""
    known = [step.logprobs if isinstance(step, TurnStep) else None for step in steps]
    found = tuple(one for one in known if one is not None)
    return found if found and len(found) == len(known) else None
