"""The oracle of agents says exactly which turns are right, and what is wrong with the others."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeler.environments.bm25 import Bm25Search
from labeler.oracle.agents.oracle import TurnKind as T
from labeler.oracle.agents.oracle import grade_turns
from labeler.oracle.agents.questions import Scope, generate_questions
from labeler.oracle.agents.reading import answer_of
from labeler.oracle.agents.reference import MISTAKES, reference, with_mistake
from labeler.records import Call, Turn
from tests.oracle.agents.a_world import QUESTION, SEARCH, answers, asks

AUTHOR, BORN, LIES = "Saltbird written by", "Ada Berman born in", "Lefis lies in"
RIGHT = T.RIGHT


@pytest.mark.parametrize(
    ("turns", "kinds"),
    [
        pytest.param(
            [asks(AUTHOR), asks(BORN), asks(LIES), answers("Mupiria")], [RIGHT] * 4, id="right"
        ),
        pytest.param(
            [asks(AUTHOR), asks(BORN), asks("Tesford lies in")], [RIGHT] * 3, id="by its other name"
        ),
        pytest.param(
            [asks(AUTHOR), asks(AUTHOR), asks(BORN)], [RIGHT, T.NEEDLESS, RIGHT], id="asked twice"
        ),
        pytest.param(
            [asks("Zerby lies in"), asks(AUTHOR)], [T.WRONG_ENTITY, RIGHT], id="another entity"
        ),
        pytest.param([asks(BORN)], [T.WRONG_ENTITY], id="of somebody whom nobody named before"),
        pytest.param(
            [asks(AUTHOR), asks("Ada Berman lives in"), asks("Zerby lies in"), answers("Jogoria")],
            [RIGHT, T.WRONG_RELATION, T.WRONG_ENTITY, T.EARLY_ANSWER],
            id="another relation, and where it leads",
        ),
        pytest.param(
            [asks(AUTHOR), asks("Ada Berman")], [RIGHT, T.WRONG_RELATION], id="no relation"
        ),
        pytest.param(
            [asks(AUTHOR), asks(BORN), asks("Zerby governed by")],
            [RIGHT, RIGHT, T.MISREAD],
            id="goes on with the other passage's place",
        ),
        pytest.param(
            [asks(AUTHOR), asks(BORN), asks("Ada Berman lies in")],
            [RIGHT, RIGHT, T.WRONG_ENTITY],
            id="goes back to whom it looked up before",
        ),
        pytest.param(
            [asks(AUTHOR), asks(BORN), asks(LIES), answers("Ben Berman")],
            [RIGHT, RIGHT, RIGHT, T.MISREAD],
            id="answers the other passage's name",
        ),
        pytest.param(
            [asks(AUTHOR), asks(BORN), answers("Lefis")],
            [RIGHT, RIGHT, T.EARLY_ANSWER],
            id="answers before the last call",
        ),
        pytest.param(
            [asks(AUTHOR), asks(BORN), answers("Mupiria")],
            [RIGHT, RIGHT, T.UNSUPPORTED],
            id="guesses right",
        ),
        pytest.param(
            [asks(AUTHOR), asks(BORN), asks(LIES), answers("Feravia")],
            [RIGHT, RIGHT, RIGHT, T.UNSUPPORTED],
            id="answers what nobody said",
        ),
        pytest.param([asks(AUTHOR), Turn("Hm.")], [RIGHT, T.UNREADABLE], id="neither"),
        pytest.param(
            [Turn("", (Call("search", "Saltbird"),))], [T.WRONG_ENTITY], id="arguments are no JSON"
        ),
    ],
)
def test_each_kind(turns, kinds):
    assert grade_turns(QUESTION, turns).kinds == tuple(kinds)


def test_the_first_error_passes_over_needless_calls():
    grade = grade_turns(QUESTION, [asks(AUTHOR), asks(AUTHOR), answers("Ada Berman")])
    assert (grade.first_error, grade.first_error_kind) == (2, T.EARLY_ANSWER)
    right = grade_turns(QUESTION, [asks(AUTHOR)])
    assert (right.first_error, right.first_error_kind) == (-1, None)


def test_the_reference_reads_as_an_agent_writes():
    assert [turn.thought for turn in reference(QUESTION, SEARCH)] == [
        "I need the author of Saltbird.",
        "Saltbird was written by Ada Berman. I need the birthplace of Ada Berman.",
        "Ada Berman was born in Lefis. I need the country of Lefis.",
        "Tesford lies in Mupiria.\nAnswer: Mupiria",
    ]


def some(seed, people, n=4):
    questions = list(generate_questions(n, seed, Scope(people)))
    return questions, Bm25Search.from_rows(questions[0].world.rows()).search


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), people=st.integers(15, 200))
def test_references_are_right_in_every_turn(seed, people):
    questions, search = some(seed, people)
    for question in questions:
        turns = reference(question, search)
        assert grade_turns(question, turns).kinds == (RIGHT,) * (len(question.hops) + 1)
        assert answer_of(turns[-1]) == question.problem.gold_answer
        calls = tuple(call for turn in turns for call in turn.calls)
        assert question.problem.known.calls == calls


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(MISTAKES))
def test_a_mistake_is_found_at_its_place(seed, kind):
    questions, search = some(seed, 60, 12)
    made = [(q, with_mistake(q, search, kind, random.Random(seed))) for q in questions]
    assert sum(found is not None for _, found in made) >= 3
    for question, found in made:
        if found is not None:
            place, turns = found
            grade = grade_turns(question, turns)
            assert grade.kinds[: place + 1] == (*[RIGHT] * place, kind)
            assert (grade.first_error == place) is (kind is not T.NEEDLESS)
