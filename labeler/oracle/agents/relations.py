"""What can be known in a generated world: each relation, and its words wherever they stand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an entity is."""

    PERSON = "person"
    CITY = "city"
    COUNTRY = "country"
    ORGANISATION = "organisation"
    BOOK = "book"
    FILM = "film"


@dataclass(frozen=True, slots=True)
class Relation:
    """Every subject has at most one object.

    `noun` stands in questions and thoughts, `verb` between subject and object in passages and
    claims, `query` behind the subject in a query; its words are in the passage, as a search needs.
    """

    noun: str
    verb: str
    query: str
    subject: Kind
    object: Kind


RELATIONS = (
    Relation("the author of", "was written by", "written by", Kind.BOOK, Kind.PERSON),
    Relation("the publisher of", "was published by", "published by", Kind.BOOK, Kind.ORGANISATION),
    Relation("the director of", "was directed by", "directed by", Kind.FILM, Kind.PERSON),
    Relation("the producer of", "was produced by", "produced by", Kind.FILM, Kind.ORGANISATION),
    Relation("the birthplace of", "was born in", "born in", Kind.PERSON, Kind.CITY),
    Relation("the home of", "lives in", "lives in", Kind.PERSON, Kind.CITY),
    Relation("the spouse of", "is married to", "married to", Kind.PERSON, Kind.PERSON),
    Relation("the teacher of", "was taught by", "taught by", Kind.PERSON, Kind.PERSON),
    Relation("the employer of", "works for", "works for", Kind.PERSON, Kind.ORGANISATION),
    Relation("the founder of", "was founded by", "founded by", Kind.ORGANISATION, Kind.PERSON),
    Relation("the seat of", "has its seat in", "seat in", Kind.ORGANISATION, Kind.CITY),
    Relation("the mayor of", "is governed by", "governed by", Kind.CITY, Kind.PERSON),
    Relation("the country of", "lies in", "lies in", Kind.CITY, Kind.COUNTRY),
    Relation("the capital of", "has the capital", "capital", Kind.COUNTRY, Kind.CITY),
)

ANSWERS = (Kind.CITY, Kind.COUNTRY, Kind.ORGANISATION)
"""What a question may ask for: a person's name shares words with others', so a checker of answers
would leave wrong ones undecided."""
