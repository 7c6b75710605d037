"""SPARE, talked to with literal replies."""

import dataclasses
import json

import pytest

from labeler.driver.requests import Failed
from labeler.labelers.spare import Spare, spare
from labeler.prompts import load_prompts, prompts_sha
from labeler.records import Asks, Evidence, Verdict, prefix_id
from tests.labelers.talking import POLICY, PROBLEM, STEPS, finish, samples, solution

DEFAULT = load_prompts("default")
VERSION = "2+" + prompts_sha([DEFAULT.task("annotate")])
REPLY = json.dumps(
    {
        "steps": [
            {"step": 1, "context": [], "related_steps": [], "reference_steps": [1],
             "explanation": "The same sum.", "errors": [], "label": "CORRECT"},
            {"step": 2, "context": [], "related_steps": [1], "reference_steps": [2],
             "explanation": "5 * 4 is 20.", "errors": ["NUMERIC"], "label": "INCORRECT"},
            {"step": 3, "context": [], "related_steps": [2], "reference_steps": [],
             "explanation": "Carries 21 on.", "errors": ["NUMERIC"], "label": "INCORRECT"},
        ]
    }
)  # fmt: skip


def annotate(*replies, problem=PROBLEM, settings=None, **outcome):
    settings = settings or Spare()
    return finish(spare(problem, (solution(*STEPS, **outcome),), settings, POLICY), list(replies))


def piece(t, verdict, rationale="", *, version=VERSION, **more):
    decided = verdict is not Verdict.UNKNOWN
    right = int(verdict is Verdict.CORRECT)
    said = {"score": float(right), "n": 1, "n_correct": right} if decided else {}
    cost = {"calls": 1, "prompt_tokens": 10, "completion_tokens": 4} if t == 0 else {}
    return Evidence(
        **{
            "prefix_id": prefix_id("p", STEPS[: t + 1]), "labeler": "spare",
            "labeler_version": version, "asks": Asks.CORRECTNESS, "verdict": verdict,
            "rationale": rationale, "model": "critic/7b",
        }
        | said | cost | more
    )  # fmt: skip


def test_one_call_labels_every_step_also_those_after_an_error():
    [[asked]], found = annotate(samples(REPLY))
    assert (asked.n, asked.model, asked.requester, asked.sampling.temperature) == (
        1, "policy", "spare", 0.0,
    )  # fmt: skip
    assert json.loads(asked.schema)["required"] == ["steps"]
    assert "<reference_2>5 * 4 = 20</reference_2>" in asked.prompt.messages[-1].content
    assert len(asked.prompt.messages) == 1 + 2 * 5 + 1
    assert found.evidence == (
        piece(0, Verdict.CORRECT, "reference_steps: 1; The same sum."),
        piece(
            1,
            Verdict.WRONG,
            "related_steps: 1; reference_steps: 2; errors: NUMERIC; 5 * 4 is 20.",
        ),
        piece(2, Verdict.WRONG, "related_steps: 2; errors: NUMERIC; Carries 21 on."),
    )
    assert found.statistics == {"solutions": 1, "steps": 3, "unknown": 0}


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (samples(""), "empty reply"),
        (samples("I cannot."), "no verdict in the reply"),
        (samples('{"steps": [', finish="length"), "the reply was cut off before a verdict"),
    ],
)
def test_what_cannot_be_read_is_unknown_never_wrong(reply, reason):
    _, found = annotate(reply)
    assert found.evidence == tuple(piece(t, Verdict.UNKNOWN, reason=reason) for t in range(3))


def test_a_server_that_failed_is_unknown():
    _, found = annotate(Failed("no reply after 8 tries: 503"))
    assert {(e.verdict, e.reason, e.model) for e in found.evidence} == {
        (Verdict.UNKNOWN, "no reply after 8 tries: 503", "")
    }


def test_without_a_reference_nothing_is_asked():
    problem = dataclasses.replace(PROBLEM, reference_solution=())
    asked, found = finish(spare(problem, (solution(*STEPS),), Spare(), POLICY))
    assert asked == []
    assert {(e.verdict, e.reason, e.calls) for e in found.evidence} == {
        (Verdict.UNKNOWN, "the problem has no reference solution", 0)
    }


def test_the_last_step_follows_the_answer_check_where_that_is_set_and_says_so():
    settings = Spare(last_step="outcome")
    _, found = annotate(samples(REPLY), settings=settings, outcome=Verdict.CORRECT)
    assert found.evidence[2] == piece(
        2,
        Verdict.CORRECT,
        "by the answer check; the annotator: wrong. "
        "related_steps: 2; errors: NUMERIC; Carries 21 on.",
        version=VERSION + "+outcome",
    )
    # It says how this solution ends, and nothing of one that goes on from there.
    assert found.shared == found.evidence[:2]
    assert found.about(solution(*STEPS)) == found.evidence[2:]


def test_an_outcome_that_is_unknown_leaves_the_last_step_to_the_annotator():
    settings = Spare(last_step="outcome")
    _, found = annotate(samples(REPLY), settings=settings, outcome=Verdict.UNKNOWN)
    assert found.evidence[2].verdict is Verdict.WRONG
    assert found.shared == found.evidence


def test_the_embedded_form_is_read_line_by_line_without_exemplars_or_schema():
    reply = (
        "Step 1: 2 + 3 = 5; reference 1: 2 + 3 = 5: right.\n"
        "Step 2: 5 * 4 = 21; reference 2: 5 * 4 = 20: wrong.\nAnswer: 21; reference 3: 20: wrong.\n"
    )
    steps = ("Step 1: so: 2 + 3 = 5.\n", "Step 2: so: 5 * 4 = 21.\n", "Answer: 21")
    settings = Spare(prompts="embedded", model="judge")
    work = spare(PROBLEM, (solution(*steps),), settings, POLICY)
    [[asked]], found = finish(work, [samples(reply)])
    assert (len(asked.prompt.messages), asked.schema, asked.model) == (1, "", "judge")
    assert [e.verdict for e in found.evidence] == [Verdict.CORRECT, Verdict.WRONG, Verdict.WRONG]
