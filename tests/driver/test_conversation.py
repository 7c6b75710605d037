"""Conversations side by side."""

from labeler.driver.conversation import together
from labeler.driver.requests import Check, CheckResult
from labeler.records import Problem, Verdict

PROBLEM = Problem("p", "math", "1 + 1?", "2")


def asks(*rounds):
    """Asks about each answer of each round; returns the reasons that it was told."""
    told = []
    for answers in rounds:
        replies = yield [Check(PROBLEM, answer) for answer in answers]
        told += [reply.reason for reply in replies]
    return told


def talk(conversation):
    """Replies to every check with its own answer as the reason; gives rounds and result."""
    rounds = []
    try:
        requests = next(conversation)
        while True:
            rounds.append([request.answer for request in requests])
            requests = conversation.send(
                [CheckResult(Verdict.UNKNOWN, request.answer) for request in requests]
            )
    except StopIteration as stop:
        return rounds, stop.value


def test_each_round_asks_what_all_conversations_ask():
    short, long = asks(["a", "b"]), asks(["c"], ["d", "e"])
    assert talk(together([short, long])) == (
        [["a", "b", "c"], ["d", "e"]],
        [["a", "b"], ["c", "d", "e"]],
    )


def test_conversations_that_ask_nothing_are_done_at_once():
    assert talk(together([asks(), asks()])) == ([], [[], []])
    assert talk(together([])) == ([], [])
