"""A score without a verdict is never a verdict: no rule counts it as a vote."""

from __future__ import annotations

import pytest

from labeler.consensus.rules import RULES
from labeler.labelers.shared.score_alone import score_alone
from labeler.records import Asks, Verdict
from tests.consensus.talk import solution, steps

SAID = [
    steps(("monte_carlo", [(8, 8), (8, 0), None]), ("judge", "+- ")),
    steps(("monte_carlo", [(8, 8), (8, 3), (8, 1)]), ("judge@one", "+++"), ("judge@two", "++-")),
    steps(("judge", "+?-")),
    steps(("monte_carlo", [(8, 7), None, None])),
]


@pytest.mark.parametrize("rule", [RULES[name] for name in RULES], ids=lambda rule: rule.name)
@pytest.mark.parametrize("asks", list(Asks))
def test_scores_alone_change_no_decision_of_a_rule_that_has_not_learned(rule, asks):
    ready = rule.build(rule.settings())
    for outcome in Verdict:
        for said in SAID:
            with_scores = [
                (*pieces, score_alone("", "prm", "1", asks, -9.0 * t, score=0.1))
                for t, pieces in enumerate(said)
            ]
            one = solution(3, outcome)
            assert ready.decide(one, with_scores) == ready.decide(one, said)
