"""A conversation under way: which replies of its round are there, and how it ended.

Whoever brings the last reply of a round lets it go on. A task for each conversation and a promise
for each request would cost the processor more than most else that happens to a request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from labeler.driver.conversation import Conversation
from labeler.driver.cost import Cost
from labeler.driver.requests import Reply, Request

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Talk(Generic[T]):
    """One conversation on the way to its result."""

    name: str
    costs: dict[str, Cost] | None
    _conversation: Conversation[T]
    _tell: Callable[[Talk[T]], None]
    """Told once, at the end."""
    _replies: list[Reply] | None = None
    """Of this round, in the order of its requests; None before the first."""
    _missing: int = 0
    _is_left: bool = False
    _ended: list[T] = field(default_factory=list)
    _error: Exception | None = None

    def go_on(self, ask: Callable[[Talk[T], Sequence[Request]], None]) -> None:
        """Asks until replies must be waited for, or to the end; `ask` takes each round."""
        try:
            while not self._missing:
                # The first message to a generator is None.
                ask(self, self._conversation.send(self._replies))  # type: ignore[arg-type]
        except StopIteration as stop:
            self._ended.append(stop.value)
            self._tell(self)
        except Exception as error:
            self._error = error
            self._tell(self)

    def begin_round(self, replies: list[Reply], n_missing: int) -> None:
        """What is known of a round's replies; something stands for those that are missing."""
        self._replies, self._missing = replies, n_missing

    def take(self, place: int, reply: Reply) -> bool:
        """A reply that was missing; whether the conversation can go on now."""
        assert self._replies is not None
        self._replies[place] = reply
        self._missing -= 1
        return not self._missing and not self._is_left

    def leave(self) -> None:
        """Nobody wants its result any more."""
        self._is_left = True
        self._conversation.close()

    def result(self) -> T:
        """What it returned; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._ended[0]
