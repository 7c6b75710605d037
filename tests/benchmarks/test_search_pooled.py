"""Seeds of the search benchmark taken together."""

import pytest

from labeler.consensus.base import Decision
from labeler.evaluation.metrics import Prediction
from labeler.records import Verdict
from tests.benchmarks.test_search import benchmark

POOLED = benchmark("search_pooled")


def judged(predicted, truth):
    return Prediction(Decision(predicted, (1, 1), (1.0, 1.0)), truth, Verdict.WRONG)


def method(by_problem, tokens=100, diagram=()):
    return {
        "by_problem": by_problem,
        "generated_tokens": tokens,
        "reliability": list(diagram),
        "n_probabilities": sum(one["n"] for one in diagram),
        "by_length": {"4-7": {"n": 1, "exact": 1.0, "tokens": tokens}},
    }


def run(seed, **methods):
    return {"k": 8, "seed": seed, "n": 20, "n_erroneous": 10, "methods": methods}


# Ten problems of one erroneous and one correct solution each.
ALL_FOUND = {f"p{i}": [1, 1, 1, 1] for i in range(10)}
HALF_FOUND = {f"p{i}": [1, i % 2, 1, 1] for i in range(10)}


def test_solutions_are_counted_by_problem():
    found = POOLED.by_problem(
        [judged(1, 1), judged(0, 1), judged(-1, -1), judged(None, -1)], ["a", "a", "a", "b"]
    )
    assert found == {"a": [2, 1, 1, 1], "b": [0, 0, 1, 0]}


def test_f1_is_taken_of_all_seeds_together_and_not_averaged():
    first = run(1, bayes=method(ALL_FOUND))
    second = run(2, bayes=method({"q": [10, 0, 10, 10]}))
    [found] = POOLED.pooled([first, second])
    # 10 of 20 located, 20 of 20 cleared; the mean of 1 and 0 were 0.5.
    assert found["methods"]["bayes"]["f1"] == pytest.approx(2 * 0.5 / 1.5)
    assert (found["seeds"], found["n"], found["n_erroneous"]) == ([1, 2], 40, 20)


def test_differences_are_of_the_same_draws_of_problems():
    # Each misses one error per second problem; both miss the same ones.
    [equal] = POOLED.pooled([run(1, monte_carlo=method(HALF_FOUND), bayes=method(HALF_FOUND))])
    assert equal["f1_above"] == {"monte_carlo": {"difference": 0.0, "interval": (0.0, 0.0)}}
    [better] = POOLED.pooled([run(1, monte_carlo=method(HALF_FOUND), bayes=method(ALL_FOUND))])
    above = better["f1_above"]["monte_carlo"]
    assert above["difference"] == pytest.approx(1 - 2 / 3)
    assert 0 < above["interval"][0] < above["difference"] < above["interval"][1]


def test_tokens_are_compared_as_sums_over_seeds():
    brute, ours = method(ALL_FOUND, tokens=300), method(ALL_FOUND, tokens=60)
    [found] = POOLED.pooled([run(s, monte_carlo=brute, bayes=ours) for s in (1, 2)])
    assert found["methods"]["bayes"]["tokens_of"] == {"monte_carlo": 0.2, "bayes": 1.0}
    assert found["methods"]["bayes"]["tokens_by_length"] == {"4-7": 120}


def test_calibration_errors_of_seeds_may_cancel():
    too_high = [{"n": 10, "claimed": 0.55, "true": 0.45}]
    too_low = [{"n": 10, "claimed": 0.55, "true": 0.65}]
    runs = [run(1, bayes=method(ALL_FOUND, diagram=too_high))]
    assert POOLED.pooled(runs)[0]["methods"]["bayes"]["ece"] == pytest.approx(0.1)
    runs.append(run(2, bayes=method(ALL_FOUND, diagram=too_low)))
    assert POOLED.pooled(runs)[0]["methods"]["bayes"]["ece"] == pytest.approx(0.0)
