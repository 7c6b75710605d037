"""Worlds and questions: the same seed, the same world; every question has one answer."""

import pytest

from labeler.checking.qa_answer import compare_words
from labeler.errors import ConfigError
from labeler.oracle.agents.names import CITIES, COUNTRIES, ORGANISATIONS
from labeler.oracle.agents.questions import Scope, generate_questions
from labeler.oracle.agents.relations import ANSWERS, Kind
from labeler.oracle.agents.world import generate_world
from labeler.records import Call, Known, Verdict
from tests.oracle.agents.a_world import QUESTION, WORLD


def test_the_corpus_holds_a_passage_per_fact():
    assert WORLD.rows()[:3] == [
        {"id": "0", "title": "Saltbird", "text": "Saltbird was written by Ada Berman."},
        {"id": "1", "title": "Ada Berman", "text": "Ada Berman was born in Lefis."},
        {"id": "2", "title": "Tesford", "text": "Tesford, also called Lefis, lies in Mupiria."},
    ]


def test_a_question_says_what_is_known_of_it():
    problem = QUESTION.problem
    assert problem.text == "What is the country of the birthplace of the author of Saltbird?"
    assert problem.gold_answer == "Mupiria"
    assert problem.known == Known(
        aliases=(),
        calls=(
            Call("search", '{"query": "Saltbird written by"}'),
            Call("search", '{"query": "Ada Berman born in"}'),
            Call("search", '{"query": "Lefis lies in"}'),
        ),
        entities=("Ada Berman", "Tesford"),
    )


def test_the_same_seed_gives_the_same_world_and_another_seed_another():
    one, same, other = generate_world(1), generate_world(1), generate_world(2)
    assert one == same != other
    assert {e.name for e in one.entities} != {e.name for e in other.entities}


def test_worlds_have_shared_surnames_second_names_and_gaps():
    world = generate_world(3, 80)
    people = [entity for entity in world.entities if entity.kind is Kind.PERSON]
    surnames = [person.name.split()[1] for person in people]
    assert len(set(surnames)) < len(surnames)
    assert any(entity.alias for entity in world.entities)
    assert any(fact.shown != fact.object.name for fact in world.facts)
    assert any(len(world.facts_of(person.name)) < 4 for person in people)
    married = {f.subject.name: f.object.name for f in world.facts if "spouse" in f.relation.noun}
    assert all(married.get(other, one) == one for one, other in married.items())


def test_questions_are_distinct_and_of_two_to_five_hops():
    questions = list(generate_questions(300, 1, Scope()))
    assert len({question.problem.problem_id for question in questions}) == 300
    hops = [len(question.hops) for question in questions]
    assert all(hops.count(n) > 20 for n in (2, 3, 4, 5))
    assert sum(map(hops.count, (2, 3, 4, 5))) == 300
    assert {question.hops[-1].object.kind for question in questions} == set(ANSWERS)


def test_fewer_questions_are_the_beginning_of_more():
    assert list(generate_questions(5, 1, Scope())) == list(generate_questions(9, 1, Scope()))[:5]


def test_a_world_too_small_for_so_many_questions_says_so():
    with pytest.raises(ConfigError, match="a world of 10 people has no 5000 questions"):
        list(generate_questions(5000, 1, Scope(people=10)))
    with pytest.raises(ConfigError, match="people 5: need 10 to"):
        generate_world(1, 5)
    with pytest.raises(ConfigError, match="min_hops 3, max_hops 2"):
        Scope(min_hops=3, max_hops=2)


def test_no_two_names_that_may_be_answers_are_taken_for_one_another():
    names = [*CITIES, *COUNTRIES, *ORGANISATIONS]
    undecided = [
        (one, other)
        for one in names
        for other in names
        if one != other and compare_words([one], other).verdict is not Verdict.WRONG
    ]
    assert undecided == []
