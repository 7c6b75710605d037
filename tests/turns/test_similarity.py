"""MatchTIR's similarity and matchings, by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from labeler.records import Call
from labeler.turns.similarity import assigned, greedy, similarities, similarity, transported


def call(arguments: object, name: str = "search") -> Call:
    return Call(name, arguments if isinstance(arguments, str) else json.dumps(arguments))


@pytest.mark.parametrize(
    ("given", "gold", "expected"),
    [
        # (1 + J + equal values) / (2 + gold parameters)
        (call({"a": 1, "b": 2}), call({"b": 2, "a": 1}), 1.0),
        (call({}), call({}), 1.0),
        (call(""), call({}), 1.0),
        (call({}, "Search"), call({}, "search"), 1.0),
        (call({"a": 1}, "other"), call({"a": 1}), 0.0),
        (call({"a": 1}), call({"a": 1, "b": 2}), (1 + 1 / 2 + 1) / 4),
        (call({"a": 1, "b": 2}), call({"a": 1}), (1 + 1 / 2 + 1) / 3),
        (call({"c": 1}), call({"a": 1, "b": 2}), (1 + 0 + 0) / 4),
        (call({"a": 1, "c": 1}), call({"a": 1, "b": 2}), (1 + 1 / 3 + 1) / 4),
        (call({"a": 1}), call({}), (1 + 0 + 0) / 2),
        (call({}), call({"a": 1}), (1 + 0 + 0) / 3),
        # Types first, then values.
        (call({"a": "5"}), call({"a": 5}), (1 + 1 + 0) / 3),
        (call({"a": True}), call({"a": 1}), (1 + 1 + 0) / 3),
        (call({"a": None}), call({"a": ""}), (1 + 1 + 0) / 3),
        (call({"a": 1.0}), call({"a": 1}), 1.0),
        (call({"a": {"b": [1, "x"]}}), call({"a": {"b": [1, "x"]}}), 1.0),
        (call({"a": {"b": [1, "x"]}}), call({"a": {"b": ["x", 1]}}), (1 + 1 + 0) / 3),
        # JSON inside JSON is read; what is no JSON has no arguments.
        (call(json.dumps(json.dumps({"a": 1}))), call({"a": 1}), 1.0),
        (call("a=1"), call({"a": 1}), (1 + 0 + 0) / 3),
        (call("[1]"), call({"a": 1}), (1 + 0 + 0) / 3),
    ],
)
def test_a_call_is_like_a_gold_call_by_name_arguments_and_values(
    given: Call, gold: Call, expected: float
) -> None:
    assert similarity(given, gold) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("sims", "best", "taken"),
    [
        # Crossing scores: greedy takes 0.9 + 0.1, the assignment 0.8 + 0.8.
        ([[0.9, 0.8], [0.8, 0.1]], (1, 0), (0, 1)),
        ([[0.9, 0.2], [0.3, 0.8]], (0, 1), (0, 1)),
        # A duplicate has no gold call left; the first of equal calls is the one that counts.
        ([[1.0], [1.0]], (0, None), (0, None)),
        ([[0.5], [1.0], [1.0]], (None, 0, None), (None, 0, None)),
        # More gold calls than calls; pairs that have nothing in common never match.
        ([[0.0, 0.4, 0.9]], (2,), (2,)),
        ([[0.0, 0.0]], (None,), (None,)),
        ([[0.0, 1.0], [0.0, 0.5]], (1, None), (1, None)),
    ],
)
def test_calls_are_matched_one_to_one(
    sims: list[list[float]], best: tuple[int | None, ...], taken: tuple[int | None, ...]
) -> None:
    assert (assigned(np.array(sims)), greedy(np.array(sims))) == (best, taken)


def test_without_calls_or_gold_calls_nothing_is_matched() -> None:
    none, some = similarities([], [call({})]), similarities([call({}), call({})], [])
    assert [(assigned(s), greedy(s), transported(s)) for s in (none, some)] == [
        ((), (), []),
        ((None, None), (None, None), [0.0, 0.0]),
    ]


def test_transport_shares_gold_calls_out_and_rewards_one_over_the_number_of_calls() -> None:
    assert transported(np.array([[0.6]])) == pytest.approx([0.6])
    assert transported(np.array([[1.0], [0.0]])) == pytest.approx([0.5, 0.0])
    # T = [[x, 1/2 - x], ...] with x / (1/2 - x) = exp(1 / 0.1) at the optimum.
    x = 0.5 * np.exp(10) / (1 + np.exp(10))
    assert transported(np.array([[1.0, 0.0], [0.0, 1.0]])) == pytest.approx([x, x])
