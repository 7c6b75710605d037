"""A labeler is a conversation: a generator that yields requests and is sent their replies.

It does no I/O, looks at no clock, and is deterministic given its replies. `together` makes one
conversation of several; the driver (`labeler.driver.driver`) runs thousands of them at once.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TypeVar

from labeler.driver.requests import Reply, Request

T = TypeVar("T")
Conversation = Generator[list[Request], list[Reply], T]
"""Yields requests, is sent one reply per request in the same order, returns its result."""


def together(conversations: Sequence[Conversation[T]]) -> Conversation[list[T]]:
    """Runs conversations side by side: each round asks what all of them ask, in one list."""
    results: dict[int, T] = {}
    asking: dict[int, list[Request]] = {}
    for i, conversation in enumerate(conversations):
        try:
            asking[i] = next(conversation)
        except StopIteration as stop:
            results[i] = stop.value
    while asking:
        replies = yield [request for requests in asking.values() for request in requests]
        at = 0
        for i, requests in list(asking.items()):
            answers = replies[at : at + len(requests)]
            at += len(requests)
            try:
                asking[i] = conversations[i].send(answers)
            except StopIteration as stop:
                results[i] = stop.value
                del asking[i]
    return [results[i] for i in range(len(conversations))]
