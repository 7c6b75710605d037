"""Talks to a labeler with literal replies."""

import json

from labeler.driver.requests import CheckResult, Completion, Samples
from labeler.labelers.base import Policy
from labeler.records import Problem, Sampling, Verdict
from labeler.wiring.labelers import build_policy

PROBLEM = Problem(
    "p", "math", "2 + 3, times 4?", "20", reference_solution=("2 + 3 = 5", "5 * 4 = 20")
)
POLICY = Policy("tiny-1b", "1", "Solve: {problem}", "", Sampling(), "\n", run_seed=0)
STEPS = ("2 + 3 = 5\n", "5 * 4 = 21\n", "Answer: 21")


def solution(*steps, outcome=Verdict.WRONG):
    return POLICY.solution(PROBLEM, steps, CheckResult(outcome, ""), 0)


def samples(*texts, finish="stop", model="critic/7b"):
    return Samples(tuple(Completion(text, 4, finish) for text in texts), 10, model)


def verdicts(*labels, key="verdict"):
    entries = [{"step": i, "analysis": f"a{i}", key: v} for i, v in enumerate(labels, 1)]
    return json.dumps({"steps": entries})


def finish(conversation, *rounds):
    """The requests of each round, and the findings at the end."""
    asked = []
    try:
        requests = next(conversation)
        for replies in rounds:
            asked.append(requests)
            requests = conversation.send(replies)
    except StopIteration as stop:
        return asked, stop.value
    raise AssertionError(f"the labeler asks on: {requests}")


NOBODY = build_policy(None, None)
"""The policy of methods that ask none."""
