"""What scores tell of a place is learned with the places, and is silent where they tell nothing."""

from dataclasses import replace

import numpy as np
import pytest

from labeler.first_error.model import Rates, locate
from labeler.first_error.signals import (
    Case,
    Signals,
    classes_of,
    learn,
    quantile_edges,
    separation,
)


def cases(n, told, seed=0, n_steps=8):
    """Solutions whose rollouts leave the error's place or the one after it; `told`: how far below
    the others' the score of a first error is.
    """
    rng = np.random.default_rng(seed)
    found, truths = [], []
    for i in range(n):
        place = int(rng.integers(n_steps))
        values = rng.normal(0.0, 1.0, n_steps)
        values[place] -= told
        places = np.full(n_steps, 0.01)
        places[place : place + 2] = 1.0
        found.append(Case(f"s{i:03}", {"surprise": values.tolist()}, np.log(places)))
        truths.append(place)
    return found, truths


def prior(signals, values):
    weights = np.exp(signals.log_prior({"surprise": values}))
    return weights / weights.sum()


def test_a_score_that_is_low_at_errors_points_to_them():
    known, _ = cases(60, told=3.0)
    signals = learn(known)
    surprise = signals.by_source["surprise"]
    assert surprise.trust > 0.999
    assert separation(surprise.errors, surprise.others) > 0.9
    fresh, truths = cases(200, told=3.0, seed=1)
    found = [
        prior(signals, one.values["surprise"])[t] for one, t in zip(fresh, truths, strict=True)
    ]
    assert np.mean(found) > 0.6  # 1/8 without it


def test_a_score_that_says_nothing_leaves_every_place_as_likely():
    known, _ = cases(60, told=0.0)
    signals = learn(known)
    assert signals.by_source["surprise"].trust < 0.2
    for one in cases(20, told=0.0, seed=1)[0]:
        assert prior(signals, one.values["surprise"]) == pytest.approx([1 / 8] * 8, abs=0.03)


def test_a_score_that_is_high_at_errors_is_not_turned_around():
    known, _ = cases(60, told=-3.0)
    signals = learn(known)
    surprise = signals.by_source["surprise"]
    assert surprise.errors == pytest.approx(surprise.others, abs=1e-9)


def test_nothing_is_known_of_what_was_not_seen():
    assert learn([]) == Signals()
    assert Signals().log_prior({"surprise": [-1.0, -2.0]}) is None
    known, _ = cases(9, told=3.0)
    assert learn(known).log_prior({"another": [-1.0, -2.0]}) is None


def test_few_solutions_move_the_prior_little():
    values = [0.0, 0.0, -4.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    by_n = [prior(learn(cases(n, told=3.0)[0]), values)[2] for n in (1, 4, 32)]
    assert by_n == sorted(by_n)
    assert by_n[0] < 0.35
    assert by_n[2] > 0.7


def test_the_order_of_solutions_does_not_matter():
    known, _ = cases(20, told=2.0)
    one, other = learn(known), learn(known[::-1])
    assert one.by_source["surprise"].report() == other.by_source["surprise"].report()


def test_a_step_without_a_score_is_neither_likelier_nor_less():
    signals = learn(cases(60, told=3.0)[0])
    assert signals.log_prior({"surprise": [None, None, None]}) == pytest.approx([0.0] * 3)


def test_classes_are_cut_at_quantiles_and_equal_scores_stay_together():
    assert quantile_edges(np.arange(8.0), (0.25, 0.5, 0.75)).tolist() == [1.75, 3.5, 5.25]
    assert quantile_edges(np.array([-1.0, 0.0, 0.0, 0.0, 0.0]), (0.25, 0.5, 0.75)).tolist() == [0.0]
    assert quantile_edges(np.zeros(5)).tolist() == []
    assert classes_of([-2.0, -1.0, None, 0.0, 1.0], np.array([-1.0, 0.0])) == [0, 1, -1, 2, 2]


def test_the_prior_over_places_is_multiplied_by_what_is_known_besides():
    counts, log_prior = [(0, 0)] * 3, np.log([1.0, 6.0, 1.0])
    wrong = locate(counts, Rates(), is_wrong=True, log_prior=log_prior)
    assert wrong.probabilities == pytest.approx([1 / 8, 6 / 8, 1 / 8, 0.0])
    # Whether there is an error at all is not for scores to say: they were learned on wrong answers.
    unknown = locate(counts, Rates(), is_wrong=False, log_prior=log_prior)
    assert unknown.probabilities == pytest.approx([1 / 16, 6 / 16, 1 / 16, 1 / 2])
    flat = locate([(4, 3), (4, 0), (0, 0)], Rates(), is_wrong=True)
    same = locate([(4, 3), (4, 0), (0, 0)], Rates(), is_wrong=True, log_prior=np.full(3, -2.0))
    assert same.probabilities == pytest.approx(flat.probabilities)
    assert same.log_likelihood == pytest.approx(flat.log_likelihood)


def test_a_source_is_believed_as_far_as_it_is_trusted():
    signals = learn(cases(60, told=3.0)[0])
    half = Signals({"surprise": replace(signals.by_source["surprise"], trust=0.5)})
    none = Signals({"surprise": replace(signals.by_source["surprise"], trust=0.0)})
    values = [0.0, -4.0, 0.0]
    assert none.log_prior({"surprise": values}) == pytest.approx([0.0] * 3)
    assert prior(none, values)[1] < prior(half, values)[1] < prior(signals, values)[1]
