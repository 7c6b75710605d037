"""A person's word decides: labels, the first error and what is kept, after a review."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeler.consensus.human import apply_human_reviews, human_evidence, human_label
from labeler.records import (
    Asks,
    Consensus,
    Evidence,
    Generator,
    LabeledSolution,
    LabeledStep,
    Problem,
    Sampling,
    Solution,
    Verdict,
)

LABELS = (1, 0, -1, None)


def solution(labels, first_error, said, kept=None, reason=""):
    """Steps with a rule's labels; `said` holds a person's (None: nothing)."""
    steps = tuple(
        LabeledStep(
            f"{t}\n",
            f"p{t}",
            label,
            {1: 0.9, -1: 0.2}.get(label),
            () if said[t] is None else (human_evidence(f"p{t}", said[t]),),
        )
        for t, label in enumerate(labels)
    )
    texts = tuple(step.text for step in steps)
    generator = Generator("tiny", "", Sampling(), 0, "")
    written = Solution("s", "q", texts, "2", Verdict.CORRECT, "", generator)
    kept = first_error is not None if kept is None else kept
    consensus = Consensus("posterior", kept, reason)
    return LabeledSolution(Problem("q", "math", "?", "2"), written, steps, first_error, consensus)


def decided(labels, first_error, said, **rest):
    after = apply_human_reviews(solution(labels, first_error, said, **rest))
    return [step.label for step in after.steps], after.first_error, after.consensus.kept


@pytest.mark.parametrize(
    ("rule", "said", "result"),
    [
        # Confirmed: nothing moves.
        (([1, 1, 1], -1), [None, 1, None], ([1, 1, 1], -1, True)),
        (([1, -1, None], 1), [None, -1, None], ([1, -1, None], 1, True)),
        # An error the rule had missed; its labels behind it go.
        (([1, 1, 1], -1), [None, -1, None], ([1, -1, None], 1, True)),
        # Moved back, and forth; in between somebody must have spoken.
        (([1, 1, -1], 2), [-1, None, None], ([-1, None, None], 0, True)),
        (([1, -1, None], 1), [None, 1, -1], ([1, 1, -1], 2, True)),
        (([-1, None, None], 0), [1, None, -1], ([1, None, -1], None, False)),
        # The step that was taken for the error is right: what is behind it stays open.
        (([1, -1, None], 1), [None, 1, None], ([1, 1, None], None, False)),
        # Undecided, and decided by a person.
        (([1, None, None], None), [None, -1, None], ([1, -1, None], 1, True)),
        (([None, None, None], None), [1, 1, 1], ([1, 1, 1], -1, True)),
        (([None, None, None], None), [None, -1, None], ([None, -1, None], None, False)),
        # A neutral step is no error.
        (([1, -1, None], 1), [None, 0, 1], ([1, 0, 1], -1, True)),
        # What a person said behind the error stays.
        (([1, 1, 1], -1), [-1, 1, None], ([-1, 1, None], 0, True)),
    ],
)
def test_what_a_person_says_of_a_step_is_its_label_and_the_rest_follows(rule, said, result):
    assert decided(*rule, said) == result


def test_a_dropped_solution_is_kept_once_a_person_has_settled_it():
    dropped = {"kept": False, "reason": "judge and rollouts disagree"}
    assert decided([1, -1, None], 1, [1, None, None], **dropped)[2] is False
    assert decided([1, -1, None], 1, [None, -1, None], **dropped)[2] is True
    assert decided([1, 1], -1, [1, None], **dropped)[2] is False
    assert decided([1, 1], -1, [1, 1], **dropped)[2] is True


def test_the_consensus_tells_that_a_person_had_a_say():
    moved = apply_human_reviews(solution([1, -1], 1, [None, 1]))
    assert moved.consensus == Consensus("posterior+human", True, "")
    opened = apply_human_reviews(solution([1, -1, None], 1, [None, 1, None]))
    assert opened.consensus == Consensus(
        "posterior+human", False, "a person judged step 2, the first error is undecided"
    )


def test_probabilities_follow_the_label():
    after = apply_human_reviews(solution([1, 1, 1, 1], -1, [1, 0, -1, None]))
    assert [step.probability for step in after.steps] == [1.0, None, 0.0, None]


def test_the_last_word_counts_and_machines_have_none():
    machine = Evidence("p", "judge", "1", Asks.CORRECTNESS, Verdict.WRONG, 0.0)
    assert human_label([machine]) is None
    assert human_label([human_evidence("p", 1), machine, human_evidence("p", 0)]) == 0


def test_a_review_as_evidence():
    assert human_evidence("p", -1, "6 * 7 is 42", "ann") == Evidence(
        "p", "human", "1", Asks.CORRECTNESS, Verdict.WRONG, 0.0, n=1, n_correct=0,
        rationale="6 * 7 is 42", model="ann",
    )  # fmt: skip
    neutral = human_evidence("p", 0)
    assert (neutral.verdict, neutral.score, neutral.reason) == (
        Verdict.UNKNOWN, 0.5, "neutral: neither a help nor an error",
    )  # fmt: skip


@st.composite
def reviewed(draw):
    n = draw(st.integers(1, 6))
    first = draw(st.one_of(st.none(), st.integers(-1, n - 1)))
    labels = [1 if first == -1 or (first is not None and t < first) else None for t in range(n)]
    if first is not None and first >= 0:
        labels[first] = -1
    said = draw(st.lists(st.sampled_from(LABELS), min_size=n, max_size=n))
    return solution(labels, first, said)


@given(reviewed())
def test_overruling_twice_is_overruling_once(labeled):
    once = apply_human_reviews(labeled)
    assert apply_human_reviews(once) == once


@given(reviewed())
def test_the_first_error_is_the_first_wrong_label_and_nothing_before_it_is_open(labeled):
    after = apply_human_reviews(labeled)
    labels = [step.label for step in after.steps]
    place = after.first_error
    if place == -1:
        assert set(labels) <= {0, 1}
    elif place is not None:
        assert labels[place] == -1
        assert set(labels[:place]) <= {0, 1}


@given(reviewed())
def test_nobody_spoke_nothing_changes(labeled):
    silent = replace(labeled, steps=tuple(replace(s, evidence=()) for s in labeled.steps))
    assert apply_human_reviews(silent) is silent
