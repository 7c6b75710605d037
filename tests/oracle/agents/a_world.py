"""A small world, by hand: Ada Berman wrote Saltbird; she was born in Tesford, in Mupiria."""

from labeler.environments.bm25 import Bm25Search
from labeler.oracle.agents.questions import call_of, question_of
from labeler.oracle.agents.relations import RELATIONS, Kind
from labeler.oracle.agents.world import Entity, Fact, World
from labeler.records import Observation, Turn

NOUNS = {relation.noun: relation for relation in RELATIONS}
BOOK = Entity("Saltbird", Kind.BOOK)
ADA, BEN = Entity("Ada Berman", Kind.PERSON), Entity("Ben Berman", Kind.PERSON)
CITY = Entity("Tesford", Kind.CITY, "Lefis")
OTHER = Entity("Zerby", Kind.CITY)
COUNTRY, ABROAD = Entity("Mupiria", Kind.COUNTRY), Entity("Jogoria", Kind.COUNTRY)


def fact(subject, noun, other, shown=""):
    return Fact(subject, NOUNS[noun], other, shown or other.name)


HOPS = (
    fact(BOOK, "the author of", ADA),
    fact(ADA, "the birthplace of", CITY, "Lefis"),
    fact(CITY, "the country of", COUNTRY),
)
WORLD = World(
    "by hand",
    (BOOK, ADA, BEN, CITY, OTHER, COUNTRY, ABROAD),
    (
        *HOPS,
        fact(ADA, "the home of", OTHER),
        fact(ADA, "the spouse of", BEN),
        fact(BEN, "the birthplace of", OTHER),
        fact(OTHER, "the country of", ABROAD),
        fact(CITY, "the mayor of", BEN),
    ),
)
QUESTION = question_of(WORLD, "Saltbird", HOPS)
SEARCH = Bm25Search.from_rows(WORLD.rows()).search


def asks(query, thought="I look it up."):
    """A turn that searches."""
    return Turn(thought, (call_of(query),), (Observation("tool", SEARCH(query), 0),))


def answers(name):
    """A turn that answers."""
    return Turn(f"So it is.\nAnswer: {name}")
