"""Acquisition on simulated solutions: what a labeler would answer is taken from their evidence."""

from collections import Counter

from labeler.acquire.base import Answer, Spent
from labeler.acquire.board import Board
from labeler.labelers.base import Findings

PRICES = {"monte_carlo": 200, "judge": 20, "spare": 12, "gratis": 0, "bisect": 6}
"""Tokens for a step."""


def answer(row, source):
    found = tuple(e for step in row.steps for e in step.evidence if e.labeler == source)
    spent = Spent(PRICES.get(source, 20) * len(row.steps), 1)
    return Answer(Findings(found), spent)


def board_of(rows, rule):
    return Board([(row.problem, row.solution) for row in rows], rule)


def drive(asking, rows):
    """Answers every question; how often each labeler was asked."""
    asked = Counter()
    asks = next(asking, None)
    while asks is not None:
        asked.update(ask.source for ask in asks)
        try:
            asks = asking.send([answer(rows[ask.number], ask.source) for ask in asks])
        except StopIteration:
            asks = None
    return asked
