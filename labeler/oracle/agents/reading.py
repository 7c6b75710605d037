"""What a turn of an agent says: whom and what its call asks for, what its observation holds."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from labeler.oracle.agents.relations import RELATIONS, Relation
from labeler.records import Call, Turn

_ANSWER = re.compile(r"^Answer: *(.*?)\.?$", re.MULTILINE)
_PASSAGE = re.compile(r"^\[([^\]]*)\] (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a query names, as it stands there, and for which relation; None for one not told."""

    name: str
    relation: Relation | None


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage taken apart: who it is of, and how it calls the other one; `also` is "" mostly."""

    subject: str
    relation: Relation
    object: str
    also: str = ""

    @property
    def claim(self) -> str:
        """What it says, as a clause."""
        return f"{self.subject} {self.relation.verb} {self.object}"


def query_of(call: Call) -> str:
    """The query of a call, "" where it has none."""
    try:
        arguments = json.loads(call.arguments)
    except ValueError:
        return ""
    query = arguments.get("query") if isinstance(arguments, dict) else None
    return query if isinstance(query, str) else ""


def asked_by(query: str) -> Asked:
    """What a query asks for: the words before a relation's are the name."""
    for relation in RELATIONS:
        if query.endswith(f" {relation.query}"):
            return Asked(query.removesuffix(f" {relation.query}").strip(), relation)
    return Asked(query.strip(), None)


def answer_of(turn: Turn) -> str | None:
    """The answer that a turn gives behind `Answer:`; None for a turn that calls or gives none."""
    found = _ANSWER.findall(turn.thought)
    return found[-1].strip() if found and not turn.calls else None


def passages_in(observation: str) -> list[Passage]:
    """The passages of an observation that can be read."""
    found = [_passage(title, text) for title, text in _PASSAGE.findall(observation)]
    return [one for one in found if one is not None]


def _passage(title: str, text: str) -> Passage | None:
    for relation in RELATIONS:
        head, verb, tail = text.partition(f" {relation.verb} ")
        subject, _, also = head.removesuffix(",").partition(", also called ")
        if verb and subject == title:
            return Passage(title, relation, tail.removesuffix("."), also)
    return None
