"""What is kept of the samples of a problem, and what is counted of all of them."""

import pytest

from labeler.checking.extract import answer_in
from labeler.driver.requests import Check, CheckResult, Completion, Samples
from labeler.labelers.base import Policy
from labeler.labelling.solving import Filter, solve
from labeler.records import Problem, ProblemSamples, Sampling, Verdict
from labeler.seeds import derive_seed
from tests.labelers.playing import play

PROBLEM = Problem("p", "math", "Count to 6.", "6")
POLICY = Policy("tiny", "1", "Solve: {problem}", "", Sampling(), "\n", run_seed=0)
SEED = derive_seed(0, "solve", "p")
RIGHT, WRONG, UNKNOWN = Verdict.CORRECT, Verdict.WRONG, Verdict.UNKNOWN


def solved(*texts, n=None, bounds=None, decided_later=False, cut=()):
    """What comes of samples with these texts; those numbered in `cut` were cut off."""

    def answer(request):
        if isinstance(request, Check):
            verdict = (
                UNKNOWN if request.answer == "?" else RIGHT if request.answer == "6" else WRONG
            )
            return CheckResult(verdict, "no parse" if verdict is UNKNOWN else "")
        drawn = [
            Completion(text, 4, "length" if i in cut else "stop") for i, text in enumerate(texts)
        ]
        return Samples(tuple(drawn), 10, "tiny")

    work = solve(PROBLEM, POLICY, len(texts) if n is None else n, bounds, decided_later)
    return play(work, answer)[0]


@pytest.mark.parametrize(
    ("texts", "more", "rows", "counts"),
    [
        # Nine tenths are right and have one text: two rows, all samples counted.
        (["Answer: 6"] * 9 + ["Answer: 7"], {}, 2, (10, 10, 9)),
        (["Answer: 7"] * 10, {}, 1, (10, 10, 0)),
        # What cannot be decided is drawn, but neither right nor wrong.
        (["Answer: 6"] * 2 + ["Answer: ?"] * 3, {}, 1, (5, 2, 2)),
        (["Answer: 6"] * 2 + ["1, 2,"], {"cut": [2]}, 1, (3, 2, 2)),
        # One without a readable answer is drawn, but neither right nor wrong.
        (["Answer: 6", "I give up."], {}, 1, (2, 1, 1)),
        (["Answer: 6", ""], {}, 1, (2, 1, 1)),
        # Those that only the filter drew count as well.
        (["Answer: 6"] * 3 + ["Answer: 7"] * 5, {"n": 1, "bounds": Filter(8, 0, 1)}, 1, (8, 8, 3)),
    ],
)  # fmt: skip
def test_all_samples_are_counted_and_distinct_ones_kept(texts, more, rows, counts):
    found = solved(*texts, **more)
    samples = ProblemSamples(SEED, *counts)
    assert found.samples == samples
    assert [one.samples for one in found.solutions] == [samples] * rows
    assert len(found.rejections) == min(len(texts), more.get("n", len(texts))) - rows


def test_a_sample_that_marks_no_answer_waits_for_the_method_that_decides_answers():
    model = "```python\nprint(1)\n```\n"
    assert answer_in("math", model) is None
    found = solved(model, model, "Answer: 6", "x = 1", decided_later=True, cut=[3])
    assert [(one.outcome, one.outcome_reason) for one in found.solutions] == [
        (UNKNOWN, "no final answer that the answer check could read"),
        (RIGHT, ""),
    ]
    assert found.samples == ProblemSamples(SEED, 4, 1, 1)
    assert [one.reason for one in found.rejections] == [
        "same text as another sample",
        "cut off before its end",
    ]
