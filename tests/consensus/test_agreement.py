"""Rules of agreement, by hand: what is kept, where the first error is, and why not."""

import pytest

from labeler.consensus.base import Counts, Decision
from labeler.consensus.genprm import GenPRM, GenPRMRule
from labeler.consensus.lessons import Lessons, LessonsRule
from labeler.consensus.progress import progress
from labeler.consensus.rules import RULES
from labeler.consensus.votes import AllRule, MajorityRule, Votes
from labeler.consensus.weak_strong import WeakStrong
from labeler.records import Verdict
from tests.consensus.talk import rollouts, said, solution, steps

RIGHT, WRONG = Verdict.CORRECT, Verdict.WRONG


def mc(*counts):
    return ("monte_carlo", list(counts))


@pytest.mark.parametrize(
    ("sources", "first_error", "reason"),
    [
        ([mc((8, 8), (8, 0), (1, 0)), ("judge", "+-")], 1, ""),
        ([mc((8, 0), (8, 0), (1, 0)), ("judge", "-")], 0, ""),
        ([mc((8, 8), (8, 3), (1, 0)), ("judge", "++-")], 2, ""),
        ([mc((8, 8), (8, 3), (1, 1)), ("judge", "+++")], -1, ""),
        ([mc((1, 0)), ("judge", "-")], 0, ""),
        ([mc((8, 8), (8, 0), (1, 0)), ("judge", "-")], None,
         "value says step 2, judge says step 1"),
        ([mc((8, 8), (8, 1), (1, 1)), ("judge", "+-")], None,
         "value says no error, judge says step 2"),
        ([mc((8, 8), (8, 0), (1, 0)), ("judge", "+?")], None, "judge is undecided"),
        ([mc((8, 8), (8, 0), (1, 0))], None, "no judge"),
        ([mc((8, 8), None, (8, 0), (1, 0)), ("judge", "++-")], None,
         "value: first error between steps 1 and 2"),
    ],
)  # fmt: skip
def test_lessons_keeps_where_value_and_judge_agree(sources, first_error, reason):
    evidence = steps(*sources)
    decision = Lessons().decide(solution(len(evidence)), evidence)
    assert (decision.first_error, decision.reason) == (first_error, reason)
    assert decision.kept == (first_error is not None)


def test_lessons_labels_up_to_the_error_hard_or_soft():
    evidence = steps(mc((8, 8), (8, 6), (8, 0), (1, 0)), ("judge", "++-"))
    hard = Lessons().decide(solution(4), evidence)
    soft = Lessons(LessonsRule(soft=True)).decide(solution(4), evidence)
    assert hard.labels == soft.labels == (1, 1, -1, None)
    assert hard.probabilities == (None, None, None, None)
    assert soft.probabilities == (1.0, 0.75, 0.0, None)


def test_all_judges_that_are_named_must_agree():
    evidence = steps(mc((8, 8), (8, 0), (1, 0)), ("judge", "+-"), ("spare", "++-"))
    decision = Lessons(LessonsRule(judges=("judge", "spare"))).decide(solution(3), evidence)
    assert (decision.first_error, decision.reason) == (None, "value says step 2, spare says step 3")


ALIVE, FALLS = mc((8, 8), (8, 8), (8, 8), (1, 1)), mc((8, 8), (8, 8), (8, 0), (1, 0))


@pytest.mark.parametrize(
    ("sources", "first_error", "reason"),
    [
        # Who has a reference solution judges where nobody judges without one.
        ([ALIVE, ("judge", "++++"), ("spare", "+-")], -1, ""),
        ([ALIVE, ("spare", "+-")], None, "value says no error, spare says step 2"),
        ([ALIVE, ("judge", "????"), ("spare", "++++")], None, "no judge"),
        ([FALLS, ("judge", "++-"), ("rubric", "+-")], None,
         "value says step 3, rubric says step 2"),
        ([FALLS, ("judge", "++-"), ("another-package", "++-")], 2, ""),
        # Who never says "right", or speaks of wrong answers only, leaves nothing open.
        ([ALIVE, ("judge", "++++"), ("tool_check@", "????")], -1, ""),
        ([ALIVE, ("judge", "++++"), ("diagnostics@", "    ")], -1, ""),
        ([FALLS, ("judge", "++-"), ("repair", "+-")], 2, ""),
        ([FALLS, ("judge", "++-"), ("repair", "??")], 2, ""),
        ([ALIVE, ("judge", "++++"), ("human", "+")], -1, ""),
        ([FALLS, ("repair", "++-")], None, "no judge"),
        ([FALLS, ("tool_check@", "  -")], None, "no judge"),
        # A proof moves the first error forward, and does nothing behind it.
        ([ALIVE, ("judge", "++++"), ("tool_check@", " -")], 1, ""),
        ([FALLS, ("judge", "++-"), ("tool_check@", "-")], 0, ""),
        ([FALLS, ("judge", "++-"), ("tool_check@", "  -")], 2, ""),
        ([FALLS, ("judge", "++-"), ("tool_check@", "   -")], 2, ""),
        ([FALLS, ("judge", "++-"), ("diagnostics@", " - -")], 1, ""),
        # All hold every step before it to be right, wherever they see the first error themselves.
        ([FALLS, ("judge", "++++"), ("tool_check@", " -")], 1, ""),
        ([FALLS, ("judge", "+??"), ("tool_check@", " -")], 1, ""),
        ([FALLS, ("judge", "-"), ("tool_check@", " -")], None,
         "value says step 3, judge says step 1"),
        ([FALLS, ("judge", "?+-"), ("tool_check@", " -")], None, "judge is undecided"),
    ],
)  # fmt: skip
def test_who_judges_by_default_and_what_a_proof_changes(sources, first_error, reason):
    evidence = steps(*sources)
    decision = Lessons().decide(solution(4), [*evidence, *[()] * (4 - len(evidence))])
    assert (decision.first_error, decision.reason) == (first_error, reason)


@pytest.mark.parametrize("rule", [Lessons, GenPRM])
@pytest.mark.parametrize("judge", ["++++", "+++-", "++-", "+-", "-", "+?", "?", ""])
@pytest.mark.parametrize("counts", [ALIVE, FALLS, mc((8, 0), (8, 0), (8, 0), (1, 0))])
@pytest.mark.parametrize("flag", ["-", " -", "  -", "   -", "- - ", "????", ""])
@pytest.mark.parametrize("tool", ["tool_check@", "diagnostics@"])
def test_a_proof_only_ever_moves_a_first_error_forward(rule, judge, counts, flag, tool):
    def decided(*sources):
        evidence = steps(*sources)
        return rule().decide(solution(4), [*evidence, *[()] * (4 - len(evidence))]).first_error

    before, after = (
        decided(counts, ("judge", judge)),
        decided(counts, ("judge", judge), (tool, flag)),
    )
    places = {-1: 4}
    if before is not None:
        assert after is not None
        assert places.get(after, after) <= places.get(before, before)


def test_a_named_source_that_judges_nothing_vetoes_nothing():
    evidence = steps(ALIVE, ("judge", "++++"), ("tool_check@", " -"), ("repair", "-"))
    for names, first_error in (
        (("judge",), -1),  # a tool that is not named is not heard
        (("judge", "tool_check"), 1),
        (("judge", "repair"), -1),
        (("repair",), None),
    ):
        rules = (Lessons(LessonsRule(judges=names)), GenPRM(GenPRMRule(judges=names)))
        found = [rule.decide(solution(4), evidence).first_error for rule in rules]
        assert (names, found) == (names, [first_error] * 2)


def test_genprm_keeps_what_a_proof_moves_forward_although_the_values_hold_there():
    evidence = steps(FALLS, ("judge", "++-"), ("tool_check@", " -"))
    assert GenPRM().decide(solution(4), evidence).first_error == 1
    dips = steps(mc((8, 8), (8, 4), (8, 4), (1, 0)), ("judge", "+-"), ("tool_check@", " -"))
    assert GenPRM().decide(solution(4), dips).reason == "right again after its first error"


def test_lessons_may_name_its_judge():
    evidence = steps(mc((8, 8), (8, 0), (1, 0)), ("judge", "+-"), ("spare", "++-"))
    assert Lessons(LessonsRule(judges=("judge",))).decide(solution(3), evidence).first_error == 1


@pytest.mark.parametrize(
    ("values", "right"),
    [
        ([8, 8, 8], [True, True, True]),
        ([8, 6, 6], [True, False, True]),  # 6/8 is below 0.8, and 6/6 above it
        ([10, 8, 7], [True, True, True]),  # 8/10 = 0.8 is enough
        ([4, 0, 5], [True, False, False]),  # after a zero everything is wrong
        ([0, 5, 5], [False, False, False]),
        ([2, 8, 7], [True, True, True]),
    ],
)
def test_relative_progress(values, right):
    assert progress([Counts(10, c) for c in values], 0.8) == right


def test_relative_progress_needs_every_step_up_to_the_first_zero():
    assert progress([Counts(8, 8), Counts(0, 0), Counts(8, 8)], 0.8) is None
    assert progress([Counts(8, 0), Counts(0, 0), Counts(8, 8)], 0.8) == [False, False, False]


@pytest.mark.parametrize(
    ("counts", "judge", "strict", "lenient"),
    [
        ([(8, 8), (8, 8), (1, 1)], "+++", -1, -1),
        ([(8, 8), (8, 0), (1, 0)], "+-", 1, 1),
        ([(8, 0), (8, 0), (1, 0)], "-", 0, 0),
        # Dips at step 1 and recovers: never kept whole, but the place agrees.
        ([(8, 8), (8, 4), (8, 4), (1, 0)], "+-", None, 1),
        ([(8, 8), (8, 0), (1, 0)], "+++", None, None),
        ([(8, 8), (8, 7), (1, 0)], "++-", 2, 2),
        ([(8, 8), (8, 7), (1, 0)], "++?", None, None),
    ],
)
def test_genprm_strict_and_lenient(counts, judge, strict, lenient):
    evidence = steps(mc(*counts), ("judge", judge))
    written = solution(len(counts))
    assert GenPRM().decide(written, evidence).first_error == strict
    assert GenPRM(GenPRMRule(lenient=True)).decide(written, evidence).first_error == lenient


def test_genprm_at_threshold_zero_is_the_hard_estimate():
    evidence = steps(mc((8, 8), (8, 1), (1, 1)), ("judge", "+++"))
    assert GenPRM().decide(solution(3, RIGHT), evidence).first_error is None
    assert GenPRM(GenPRMRule(threshold=0)).decide(solution(3, RIGHT), evidence).first_error == -1


@pytest.mark.parametrize(
    ("weak", "strong", "outcome", "first_error", "labels"),
    [
        ([(8, 8), (8, 1), None], [(8, 8), (8, 8), None], RIGHT, -1, (1, 1, 1)),
        ([(8, 8), (8, 0), None], [(8, 8), (8, 0), None], WRONG, 1, (1, -1, None)),
        # The weak one fails a right step; the strong one rescues it: step 1 is left out.
        ([(8, 8), (8, 0), None], [(8, 8), (8, 5), None], RIGHT, None, (1, None, 1)),
        ([(8, 0), (8, 0), None], [(8, 2), (8, 0), None], WRONG, None, (None, -1, None)),
        ([(8, 0), (8, 0), None], [(8, 0), (8, 0), None], WRONG, 0, (-1, None, None)),
        ([(8, 8), (8, 8), None], [(8, 8), (8, 8), None], WRONG, 2, (1, 1, -1)),
        # One completer alone agrees with nobody.
        ([(8, 8), (8, 8), None], [None, None, None], RIGHT, None, (None, None, None)),
    ],
)
def test_weak_and_strong_completer(weak, strong, outcome, first_error, labels):
    evidence = [
        tuple(
            rollouts(*counts, labeler="mc", model=model)
            for counts, model in ((w, "weak"), (s, "strong"))
            if counts
        )
        for w, s in zip(weak, strong, strict=True)
    ]
    decision = WeakStrong().decide(solution(3, outcome), evidence)
    assert (decision.first_error, decision.labels) == (first_error, labels)
    assert decision.kept == any(labels)


@pytest.mark.parametrize(
    "asked",
    [
        [("monte_carlo", "tiny")],
        [("monte_carlo", "tiny"), ("omegaprm", "tiny"), ("bisect", "tiny")],
        # Nobody knows whether one without a name is another.
        [("monte_carlo", "tiny"), ("omegaprm", "")],
        [("monte_carlo", ""), ("omegaprm", "")],
        [],
    ],
)
@pytest.mark.parametrize("n_steps", [1, 3])
def test_one_completer_decides_nothing_however_often_it_was_asked(asked, n_steps):
    evidence = [tuple(rollouts(8, 8, *one) for one in asked) for _ in range(n_steps)]
    decision = WeakStrong().decide(solution(n_steps, RIGHT), evidence)
    nothing = (None,) * n_steps
    reason = "no step on which two completers agree"
    assert decision == Decision(None, nothing, nothing, reason)


def test_two_methods_of_one_completer_beside_another_must_all_agree():
    def decided(*counts):
        pieces = zip(("omegaprm", "bisect", "omegaprm"), ("weak", "weak", "strong"), strict=True)
        said = tuple(rollouts(8, n, *who) for n, who in zip(counts, pieces, strict=True))
        return WeakStrong().decide(solution(2, RIGHT), [said, ()]).labels

    assert decided(8, 8, 8) == (1, 1)
    assert decided(8, 0, 8) == (None, None)


@pytest.mark.parametrize(
    ("sources", "by_all", "by_any", "by_majority"),
    [
        ([("a", "+++"), ("b", "+++")], -1, -1, -1),
        ([("a", "+--"), ("b", "++-")], 2, 1, None),
        ([("a", "-"), ("b", "-")], 0, 0, 0),
        ([("a", "++-"), ("b", "+++"), ("c", "++-")], -1, 2, 2),
        ([("a", "+-"), ("b", "++"), ("c", "++")], -1, 1, -1),
        ([("a", "+?"), ("b", "+?")], None, None, None),
        # One that is silent is no voice against the others.
        ([("a", "+?"), ("b", "+-")], 1, 1, 1),
        # Value counts as one voice, however many rollouts it has.
        ([mc((8, 8), (8, 0)), ("b", "++"), ("c", "++")], -1, 1, -1),
    ],
)
def test_votes(sources, by_all, by_any, by_majority):
    evidence = steps(*sources)
    for name, first_error in (("all", by_all), ("any", by_any), ("majority", by_majority)):
        decision = Votes(RULES.find(name, "a test").settings()).decide(
            solution(len(evidence)), evidence
        )
        assert (name, decision.first_error) == (name, first_error)


@pytest.mark.parametrize(
    ("sources", "by_all", "by_majority"),
    [
        # Repair names one step of a wrong answer: that it passes others acquits nothing.
        ([("judge", "-"), ("repair", "+")], 0, None),
        ([("judge", "+-"), ("repair", "++")], 1, None),
        ([("judge", "++"), ("repair", "+-")], -1, None),
        ([("repair", "++")], -1, -1),
        # What a tool leaves open is no voice; what it proves breaks a tie, and no more.
        ([("judge", "++"), ("tool_check@", "??")], -1, -1),
        ([("judge", "++"), ("tool_check@", " -")], -1, 1),
        ([("judge", "++"), ("spare", "++"), ("tool_check@", " -")], -1, -1),
        ([("judge", "+-"), ("tool_check@", " -")], 1, 1),
        ([("judge", "+ "), ("tool_check@", " -")], 1, 1),
    ],
)  # fmt: skip
def test_votes_of_who_judges_no_solution(sources, by_all, by_majority):
    evidence = steps(*sources)
    for rule, first_error in ((AllRule(), by_all), (MajorityRule(), by_majority)):
        decision = Votes(rule).decide(solution(len(evidence)), evidence)
        assert (rule.rule, decision.first_error) == (rule.rule, first_error)


def test_a_proof_breaks_no_tie_of_a_question_that_is_not_asked():
    evidence = steps(mc((8, 8)), ("judge", "+"), ("tool_check@", "-"))
    decision = Votes(MajorityRule(correctness_weight=0)).decide(solution(1), evidence)
    assert decision.first_error == -1


def test_majority_weighs_the_two_questions():
    evidence = steps(mc((8, 8), (8, 0)), ("judge", "++"))
    written = solution(2)
    tie = Votes(MajorityRule()).decide(written, evidence)
    assert (tie.first_error, tie.labels, tie.reason) == (None, (1, None), "nothing decides step 2")
    assert Votes(MajorityRule(value_weight=2)).decide(written, evidence).first_error == 1
    assert Votes(MajorityRule(correctness_weight=2)).decide(written, evidence).first_error == -1
    assert Votes(MajorityRule(value_weight=0)).decide(written, evidence).first_error == -1


def test_a_source_that_speaks_twice_is_one_voice():
    evidence = [(said("-"), said("-"), said("+", "a"), said("+", "b"))]
    assert Votes(MajorityRule()).decide(solution(1), evidence).first_error == -1
    torn = [(said("-"), said("+"), said("-", "a"))]
    assert Votes(MajorityRule()).decide(solution(1), torn).first_error == 0
