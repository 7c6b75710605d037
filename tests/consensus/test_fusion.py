"""Fusion on solutions whose truth and whose sources are known."""

import dataclasses
import random

import numpy as np
import pytest

from labeler.consensus.base import fitted
from labeler.consensus.calibration import calibrate
from labeler.consensus.first_zero import FirstZero
from labeler.consensus.fusion import Fusion, FusionRule
from labeler.consensus.label import recompute_solution
from labeler.consensus.observations import gather
from labeler.consensus.posterior import Posterior, PosteriorRule
from labeler.consensus.sources import first_error_of, judges
from labeler.errors import DataError
from labeler.records import Asks, Consensus, Evidence, Verdict
from tests.consensus.simulation import (
    HAZARD,
    JUDGE,
    NEAR_MISS,
    OUTCOME_BY_LUCK,
    SPARE,
    Judge,
    ece,
    f1,
    simulate,
)
from tests.consensus.talk import rollouts, said, solution, steps

N = 1000
SURE = Fusion(FusionRule(min_confidence=1e-09))
"""Decides everything."""


@pytest.fixture(scope="module")
def data():
    return simulate(N)


@pytest.fixture(scope="module")
def fusion(data):
    return SURE.fit(row for row, _ in data)


def evidence_of(row):
    return [step.evidence for step in row.steps]


def posterior(rule, row):
    return rule.first_error_posterior(row.solution, evidence_of(row))


def prefix_right(rule, data):
    """(P(no error up to the step), whether there was none) of every step."""
    pairs = []
    for row, truth in data:
        right = 1 - np.cumsum(posterior(rule, row)[:-1])
        pairs += [(p, truth == -1 or t < truth) for t, p in enumerate(np.clip(right, 0, 1))]
    return pairs


def test_learns_how_reliable_each_source_is_without_any_truth(fusion):
    learned = {
        source["labeler"]: {
            truth: votes["says_right"] / (votes["says_right"] + votes["says_wrong"])
            for truth, votes in source["confusion"].items()
        }
        for source in fusion.report()["sources"]
    }
    for judge in (JUDGE, SPARE):
        assert learned[judge.name]["before_error"] == pytest.approx(judge.right, abs=0.01)
        assert learned[judge.name]["error"] == pytest.approx(judge.error, abs=0.05)
    assert learned["spare"]["after_error"] == pytest.approx(SPARE.after, abs=0.05)
    assert learned["monte_carlo"]["before_error"] == pytest.approx(6 / 7, abs=0.02)
    assert learned["monte_carlo"]["error"] == pytest.approx(
        NEAR_MISS * 3 / 4 + (1 - NEAR_MISS) * 0.1 / 6.1, abs=0.03
    )
    assert learned["outcome"]["after_error"] == pytest.approx(
        NEAR_MISS + (1 - NEAR_MISS) * OUTCOME_BY_LUCK, abs=0.04
    )


def test_probabilities_keep_their_promise(fusion, data):
    assert ece(*zip(*prefix_right(fusion, data), strict=True)) < 0.015


def test_beats_every_single_source(fusion, data):
    def by_judge(row, name):
        [verdicts] = judges(evidence_of(row), [name]).values()
        return first_error_of(verdicts)

    def by_rule(rule):
        return f1([(recompute_solution(row, rule).first_error, truth) for row, truth in data])

    singles = [f1([(by_judge(row, name), truth) for row, truth in data]) for name in
               ("judge", "spare")]  # fmt: skip
    assert by_rule(fusion) > 0.03 + max(
        [*singles, by_rule(FirstZero()), by_rule(Posterior(PosteriorRule(min_confidence=1e-09)))]
    )


def test_a_source_that_is_always_silent_changes_nothing(fusion, data):
    mute = Evidence(
        "", "mute", "1", Asks.CORRECTNESS, Verdict.UNKNOWN, model="tiny", reason="no parse"
    )

    def with_mute(row):
        steps = tuple(dataclasses.replace(s, evidence=(mute, *s.evidence)) for s in row.steps)
        return dataclasses.replace(row, steps=steps)

    other = SURE.fit(with_mute(row) for row, _ in data)
    assert [posterior(other, with_mute(row)) for row, _ in data[:100]] == [
        posterior(fusion, row) for row, _ in data[:100]
    ]


def test_a_source_that_speaks_seldom_does_no_harm(fusion, data):
    seldom = Judge("seldom", "other", right=0.7, error=0.5, after=0.5, stops=False, speaks=0.1)
    more = simulate(500, (JUDGE, SPARE, seldom))
    rule = SURE.fit(row for row, _ in more)
    scores = [
        f1([(recompute_solution(row, r).first_error, truth) for row, truth in rows])
        for r, rows in ((rule, more), (fusion, data))
    ]
    assert scores[0] > scores[1] - 0.02
    assert ece(*zip(*prefix_right(rule, more), strict=True)) < 0.015


def surest(rule, data):
    """Mean confidence in the most likely place."""
    return float(np.mean([max(posterior(rule, row)) for row, _ in data]))


def test_a_copied_judge_adds_no_confidence():
    """One judge; the same one four times; its copies passed off as four different models."""
    copies = [dataclasses.replace(JUDGE, name=f"copy{i}", copies="judge") for i in range(3)]
    masked = [dataclasses.replace(copy, model=f"m{i}") for i, copy in enumerate(copies)]
    alone, copied, hidden = (simulate(250, (JUDGE, *others)) for others in ((), copies, masked))
    by_one, by_copies, by_hidden = (
        SURE.fit(row for row, _ in rows) for rows in (alone, copied, hidden)
    )
    assert [c["rho"] for c in by_copies.report()["correlations"]] == pytest.approx([1.0] * 6)
    for (row, _), (same, _) in zip(alone, copied, strict=True):
        assert posterior(by_copies, same) == pytest.approx(posterior(by_one, row), abs=0.01)
    assert surest(by_hidden, hidden) > surest(by_one, alone) + 0.01


def test_a_family_counts_as_so_many_voices_at_most():
    """Twelve judges of one model whose mistakes do not even correlate."""
    family = [JUDGE, *(dataclasses.replace(JUDGE, name=f"j{i}") for i in range(11))]
    data = simulate(100, family, monte_carlo=False)
    rule = Fusion(FusionRule(min_confidence=1e-09, max_effective_votes=2.0)).fit(
        row for row, _ in data
    )
    rhos = [c["rho"] for c in rule.report()["correlations"]]
    assert len(rhos) == 66
    assert min(rhos) >= 0.5


def test_order_of_rows_and_of_sources_is_irrelevant(fusion, data):
    mixed = [row for row, _ in data]
    random.Random(1).shuffle(mixed)

    def reversed_evidence(row):
        steps = tuple(dataclasses.replace(s, evidence=s.evidence[::-1]) for s in row.steps)
        return dataclasses.replace(row, steps=steps)

    other = SURE.fit(map(reversed_evidence, mixed))
    for row, _ in data[:200]:
        assert posterior(other, reversed_evidence(row)) == pytest.approx(
            posterior(fusion, row), abs=1e-9
        )


def test_a_large_dataset_is_fitted_on_a_part_that_does_not_depend_on_order(data):
    rows = [row for row, _ in data[:300]]
    some, same = gather(rows, 100), gather(reversed(rows), 100)
    assert sum(len(group) for group in some.groups) == 100
    assert some.sources == same.sources
    assert all(
        np.array_equal(a, b)
        for mine, others in ((some.tables, same.tables), (some.groups, same.groups))
        for a, b in zip(mine, others, strict=True)
    )


NAMES = {"mc": "monte_carlo@tiny", "judge": "judge@tiny", "spare": "spare@tiny"}


@pytest.mark.parametrize(
    ("sources", "outcome", "first_error"),
    [
        # The first step is wrong.
        ([("mc", [(8, 0), (8, 0), None]), ("judge", "-"), ("spare", "---")], Verdict.WRONG, 0),
        # The last one is, which only the answer tells.
        ([("mc", [(8, 8), (8, 7), None]), ("judge", "++-"), ("spare", "++-")], Verdict.WRONG, 2),
        ([("mc", [(8, 8), (8, 7), None]), ("judge", "+++"), ("spare", "+++")], Verdict.CORRECT, -1),
        # One step, right and wrong.
        ([("mc", [None]), ("judge", "+"), ("spare", "+")], Verdict.CORRECT, -1),
        ([("mc", [None]), ("judge", "-"), ("spare", "-")], Verdict.WRONG, 0),
        # Right answer by a wrong way: value was never lost, both judges object.
        ([("mc", [(8, 8), (8, 7), None]), ("judge", "+-"), ("spare", "+--")], Verdict.CORRECT, 1),
        # One unlucky zero.
        ([("mc", [(8, 7), (8, 0), (8, 8), None]), ("judge", "++++"), ("spare", "++++")],
         Verdict.CORRECT, -1),
    ],
)  # fmt: skip
def test_places_of_the_first_error(fusion, sources, outcome, first_error):
    evidence = steps(*((NAMES[name], words) for name, words in sources))
    decision = fusion.decide(solution(len(evidence), outcome), evidence)
    assert decision.first_error == first_error


def test_a_wrong_answer_rules_out_that_nothing_is_wrong():
    """However often the answer alone is wrong: sources that missed it do not outvote it."""

    def spoiled(row, truth, number):
        if truth >= 0 or number % 5:
            return row
        wrong = dataclasses.replace(row.solution, outcome=Verdict.WRONG)
        return dataclasses.replace(row, solution=wrong)

    rows = [spoiled(row, truth, i) for i, (row, truth) in enumerate(simulate(300))]
    rule = SURE.fit(rows)
    wrong = [row for row in rows if row.solution.outcome is Verdict.WRONG]
    assert max(posterior(rule, row)[-1] for row in wrong) < 0.05


def test_learns_how_often_errors_happen(fusion):
    learned = fusion.report()
    step = dict(zip(learned["states"], learned["step"][0], strict=True))
    error, near_miss = step["error"], step["error_near_miss"]
    assert error + near_miss == pytest.approx(HAZARD, abs=0.015)
    assert near_miss / (error + near_miss) == pytest.approx(NEAR_MISS, abs=0.06)


def test_labels_where_it_is_sure_and_none_where_it_is_not(fusion):
    rule = dataclasses.replace(fusion, settings=FusionRule(min_confidence=0.8))
    torn = steps(("monte_carlo@tiny", [(8, 8), None, None, (8, 0)]), ("spare@tiny", "++"))
    decision = rule.decide(solution(5), torn)
    assert decision.first_error is None
    assert decision.labels[:2] == (1, 1)
    assert decision.reason.startswith("first error undecided: most likely step ")
    assert not decision.kept


@pytest.mark.parametrize("rule", [Fusion(), None])
def test_no_evidence_no_label(rule, fusion):
    rule = rule or fusion
    unknown = solution(3, Verdict.UNKNOWN)
    decision = rule.decide(unknown, [(), (), ()])
    assert decision.labels == decision.probabilities == (None, None, None)
    assert (decision.first_error, decision.reason) == (None, "no evidence")
    only = rule.decide(unknown, [(said("?"),), (), ()])
    assert only.reason == "no evidence"


def test_what_nobody_spoke_about_is_left_open(fusion):
    evidence = [(rollouts(8, 8), said("+"), said("+", "spare")), (), ()]
    decision = fusion.decide(solution(3, Verdict.UNKNOWN), evidence)
    assert decision.labels == (1, None, None)
    assert decision.probabilities[1:] == (None, None)
    assert (decision.first_error, decision.reason) == (None, "no evidence from step 2 on")


def test_unfitted_it_decides_by_its_belief():
    evidence = steps(("monte_carlo", [(8, 8), (8, 0), (8, 0), None]), ("judge", "+-"))
    assert Fusion().decide(solution(4), evidence).labels == (1, -1, None, None)


def test_a_fit_to_nothing_is_the_belief():
    evidence = steps(("monte_carlo", [(8, 8), (8, 0), (8, 0), None]), ("judge", "+-"))
    fit = Fusion().fit([])
    assert fit.decide(solution(4), evidence) == Fusion().decide(solution(4), evidence)


def test_other_rules_have_nothing_to_learn(data):
    rule = FirstZero()
    assert fitted(rule, (row for row, _ in data)) is rule


def test_relabelling_keeps_everything_but_the_decision(fusion, data):
    row = data[0][0]
    again = recompute_solution(row, fusion)
    assert again.consensus == Consensus("fusion", True, "")
    assert [s.evidence for s in again.steps] == [s.evidence for s in row.steps]
    assert (again.problem, again.solution) == (row.problem, row.solution)


def test_gold_mends_a_judge_that_everybody_believes():
    """Two that share a blind spot, of different models, are believed too much; gold tells."""
    blind = Judge("a", "m1", right=0.99, error=0.6, after=0.9, stops=False)
    twin = dataclasses.replace(blind, name="b", model="m2", copies="a")
    data = simulate(600, (blind, twin), monte_carlo=False)
    rows = [row for row, _ in data]
    plain = SURE.fit(rows)
    gold = {row.solution.solution_id: truth for row, truth in data[:150]}
    mended = dataclasses.replace(SURE, gold=gold).fit(rows)
    rest = data[150:]
    before, after = (ece(*zip(*prefix_right(rule, rest), strict=True)) for rule in (plain, mended))
    assert after < before
    assert after < 0.03
    assert mended.report()["calibration"]["n_solutions"] == 150


def test_gold_that_does_not_fit_is_refused(data):
    rows = [row for row, _ in data[:5]]
    with pytest.raises(DataError, match="none of its 1 solutions is in this dataset"):
        Fusion(gold={"elsewhere": -1}).fit(rows)
    with pytest.raises(DataError, match="p0 has no step 40; the first step is 0"):
        Fusion(gold={"p0": 40}).fit(rows)


def test_calibration_is_monotone_and_small_slices_change_little():
    rng = np.random.default_rng(0)
    probabilities = np.linspace(0, 1, 400)
    right = (rng.random(400) < probabilities**2).astype(float)
    found = calibrate([(probabilities[i : i + 1], right[i : i + 1]) for i in range(400)])
    mapped = found.right(np.linspace(0, 1, 50))
    assert (np.diff(mapped) >= 0).all()
    assert found.right(np.array([0.7]))[0] == pytest.approx(0.49, abs=0.12)
    tiny = calibrate([(np.array([0.9]), np.array([0.0]))])
    assert tiny.right(np.array([0.9]))[0] == pytest.approx(0.9 * 50 / 51, abs=0.01)


def test_a_long_gold_solution_weighs_as_much_as_a_short_one():
    short, long = (np.array([0.8]), np.array([1.0])), (np.full(9, 0.8), np.zeros(9))
    assert calibrate([short, long] * 50).right(np.array([0.8]))[0] == pytest.approx(0.6, abs=0.01)


def test_calibrated_places_sum_to_one(fusion, data):
    rule = dataclasses.replace(fusion, gold={row.solution.solution_id: t for row, t in data[:50]})
    rule = rule.fit(row for row, _ in data[:300])
    for row, _ in data[:20]:
        found = posterior(rule, row)
        assert sum(found) == pytest.approx(1)
        assert min(found) >= -1e-12
