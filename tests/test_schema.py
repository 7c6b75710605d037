"""The row schema: a released contract, and records that come back as they went in."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeler.errors import DatasetError
from labeler.records import (
    Asks,
    Call,
    Consensus,
    Evidence,
    Generator,
    Known,
    LabeledSolution,
    LabeledStep,
    Observation,
    Problem,
    Said,
    Sampling,
    Solution,
    Source,
    Trajectory,
    Turn,
    Verdict,
)
from labeler.schema import (
    SCHEMA_VERSION,
    Provenance,
    Row,
    arrow_schema,
    contract,
    labeled_solution,
    provenance_of,
    row,
)

SCHEMAS = Path(__file__).parent.parent / "schemas"
PROVENANCE = Provenance("run-1", "c0ffee", "0.1.0", "shard-00003")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
text_lists = st.lists(texts, max_size=3).map(tuple)
whole = st.integers(0, 2**63 - 1)
logprobs = st.lists(st.floats(-99, 0), max_size=2).map(tuple)
shares = st.none() | st.floats(0, 1, width=32)
evidence = st.builds(
    Evidence,
    *[texts] * 3,
    st.sampled_from(Asks),
    st.sampled_from(Verdict),
    score=st.none() | st.floats(0, 1),
    n=whole,
    n_correct=whole,
    rationale=texts,
    model=texts,
    calls=whole,
    prompt_tokens=whole,
    completion_tokens=whole,
    reason=texts,
    signal=st.none() | st.floats(allow_nan=False, allow_infinity=False),
)
steps = st.builds(
    LabeledStep,
    texts,
    texts,
    st.sampled_from([1, 0, -1, None]),
    shares,
    st.lists(evidence, max_size=2).map(tuple),
)
sources = st.builds(Source, texts, texts, texts, texts)
calls = st.lists(st.builds(Call, texts, texts), max_size=2).map(tuple)
known = st.builds(Known, text_lists, calls, text_lists)
observations = st.builds(Observation, texts, texts, st.none() | whole, texts)
turns = st.builds(Turn, texts, calls, st.lists(observations, max_size=2).map(tuple))
opening = st.lists(st.builds(Said, texts, texts), max_size=2).map(tuple)
problems = st.builds(
    Problem, texts, texts, texts, st.none() | texts, text_lists, text_lists, text_lists, sources,
    st.none() | known,
)  # fmt: skip
samplings = st.builds(Sampling, st.floats(0, 2), st.floats(0, 1), whole, whole, text_lists)
generators = st.builds(Generator, texts, texts, samplings, whole, texts)


@st.composite
def labeled_solutions(draw: st.DrawFn) -> LabeledSolution:
    problem, its_steps = draw(problems), tuple(draw(st.lists(steps, max_size=3)))
    solution = Solution(
        solution_id=draw(texts),
        problem_id=problem.problem_id,
        steps=tuple(step.text for step in its_steps),
        final_answer=draw(st.none() | texts),
        outcome=draw(st.sampled_from(Verdict)),
        outcome_reason=draw(texts),
        generator=draw(generators),
        logprobs=draw(st.none() | st.tuples(*[logprobs] * len(its_steps))),
        trajectory=draw(
            st.none() | st.builds(Trajectory, st.tuples(*[turns] * len(its_steps)), opening, texts)
        ),
    )
    first_error = draw(st.none() | st.integers(-1, len(its_steps) - 1))
    consensus = Consensus(draw(texts), draw(st.booleans()), draw(texts))
    return LabeledSolution(problem, solution, its_steps, first_error, consensus)


@given(labeled_solutions())
@settings(deadline=None, max_examples=100)
def test_a_record_comes_back_from_arrow_as_it_went_in(labeled: LabeledSolution) -> None:
    table = pa.Table.from_pylist([row(labeled, PROVENANCE)], schema=arrow_schema())
    table.validate(full=True)
    columns = table.to_pylist()[0]
    assert columns == row(labeled, PROVENANCE)
    assert labeled_solution(columns) == labeled
    assert repr(labeled_solution(columns)) == repr(labeled), "enums come back as enums"
    assert provenance_of(columns) == PROVENANCE
    assert columns["schema_version"] == SCHEMA_VERSION


def test_the_released_contract_is_the_generated_one() -> None:
    released = SCHEMAS / f"labeled_solutions.v{SCHEMA_VERSION}.json"
    assert released.read_text(encoding="utf-8") == contract(), "python -m labeler.schema prints it"


def test_every_field_of_a_problem_and_a_solution_has_a_column() -> None:
    columns = {field.name for field in fields(Row)}
    assert {field.name for field in (*fields(Problem), *fields(Solution))} <= columns


def test_nulls_are_allowed_only_where_the_record_says_so() -> None:
    step = arrow_schema().field("steps").type.value_type
    assert [field.name for field in arrow_schema() if field.nullable] == [
        "gold_answer",
        "final_answer",
        "first_error",
        "samples",
        "logprobs",
        "known",
        "trajectory",
    ]
    assert {field.name: (str(field.type), field.nullable) for field in step if field.nullable} == {
        "label": ("int8", True),
        "probability": ("float", True),
    }


def solution_with(**changes: object) -> LabeledSolution:
    step = LabeledStep("1+1=2", "p0", 1, 0.5, ())
    generator = Generator("m", "r", Sampling(), 0, "sha")
    return replace(
        LabeledSolution(
            Problem("q", "math", "1+1?", "2"),
            Solution("s", "q", ("1+1=2",), "2", Verdict.CORRECT, "", generator),
            (step,),
            -1,
            Consensus("p", True, ""),
        ),
        **changes,
    )


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"problem": Problem("other", "math", "?", "2")}, "belongs to another problem"),
        ({"steps": ()}, "labelled steps differ from its text"),
        ({"first_error": 1}, "first_error 1 is no index"),
        ({"steps": (LabeledStep("1+1=2", "p0", 2, 0.5, ()),)}, "label 2 is not"),
        ({"steps": (LabeledStep("1+1=2", "p0", 1, float("nan"), ()),)}, "nan is no score"),
    ],
)
def test_a_record_that_would_not_come_back_is_refused(
    changes: dict[str, object], complaint: str
) -> None:
    with pytest.raises(DatasetError, match=complaint):
        row(solution_with(**changes), PROVENANCE)


def test_turns_that_are_not_those_of_the_steps_are_refused() -> None:
    one = solution_with()
    odd = replace(one, solution=replace(one.solution, trajectory=Trajectory(())))
    with pytest.raises(DatasetError, match="solution s: has 0 turns and 1 steps"):
        row(odd, PROVENANCE)
