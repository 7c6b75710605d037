"""The Protocol of an environment: calls of tools in, what they answer out; and what all share.

An answer is an observation whatever it says: a call that names no tool, whose arguments are no JSON
or not those that the tool takes, a query that raises, a program that runs too long. Only what keeps
the environment itself from answering is none (`Failed`, or `BackendBusy` for what may pass), and
what depends on it is unknown. An observation has at most so many characters; what is left out is
counted, and a note says so. Bytes are read as UTF-8, and what is no character is replaced.

Does not cover: who calls (`labeler.labelers.acting`), journal and retries (`labeler.driver`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from labeler.driver.requests import Act, Acted, Failed
from labeler.records import Call
from labeler.settings import Strict
from labeler.turns.similarity import arguments_of

BAD_ARGUMENTS = "bad arguments"
MOST_CHARACTERS = 4000
"""Of an observation, where an environment's settings do not say otherwise."""
_NO_CHARACTERS = re.compile("[\x00\ud800-\udfff]")

Arguments = TypeVar("Arguments", bound=Strict)


class Environment(Protocol):
    """Answers calls; a batch in, a batch of the same length out, in order.

    A failure of the whole batch that may pass raises `BackendBusy`, and is not journalled.
    """

    @property
    def name(self) -> str:
        """What the run calls it, and the policy its tool."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hash of all that decides replies (corpus, settings, rules); part of journal keys."""
        ...

    @property
    def tools(self) -> tuple[Mapping[str, Any], ...]:
        """Its tools in OpenAI's JSON form."""
        ...

    @property
    def concurrency(self) -> int:
        """How many batches it answers at once."""
        ...

    async def act(self, batch: Sequence[Act]) -> list[Acted | Failed]: ...

    async def ready(self) -> None:
        """Makes sure that it answers; raises `BackendDown` with one clear line."""
        ...

    async def aclose(self) -> None:
        """Lets go of what it holds; may be called twice."""
        ...


@dataclass(frozen=True, slots=True)
class Tool:
    """What an environment lets the policy call; `arguments` says which it takes, of which type."""

    name: str
    description: str
    arguments: type[Strict]

    @property
    def declared(self) -> Mapping[str, Any]:
        """In OpenAI's JSON form."""
        schema = self.arguments.model_json_schema()
        properties = {
            name: {key: value for key, value in one.items() if key != "title"}
            for name, one in schema["properties"].items()
        }
        parameters = {
            "type": "object",
            "properties": properties,
            "required": schema.get("required", []),
            "additionalProperties": False,
        }
        function = {
            "name": self.name,
            "description": self.description,
            "parameters": parameters,
        }
        return {"type": "function", "function": function}

    def read(self, call: Call, kind: type[Arguments]) -> Arguments | Acted:
        """The arguments of a call as `kind`, or the answer to one that cannot be read."""
        if call.name != self.name:
            return refused(f"no tool is called {call.name!r}; there is {self.name}")
        given = arguments_of(call)
        if given is None:
            return refused("the arguments are no JSON object")
        try:
            return kind.model_validate({name: _clean(value) for name, value in given.items()})
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            known = ", ".join(kind.model_fields)
            return refused(f"argument {where!r}: {_said(first['msg'])} ({self.name} takes {known})")


def observed(text: str | bytes, most: int = MOST_CHARACTERS, failure: str | None = None) -> Acted:
    """An answer as an observation: characters only, at most so many, with a note on the rest."""
    whole = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    shown = _NO_CHARACTERS.sub("\ufffd", whole).strip("\n")
    left_out = max(0, len(shown) - most)
    if left_out:
        shown = f"{shown[:most]}\n({left_out:,} more characters left out)"
    return Acted(shown, failure, left_out)


def refused(why: str, failure: str = BAD_ARGUMENTS) -> Acted:
    """The answer to a call that cannot be carried out."""
    return observed(f"Error: {why}", failure=failure)


def _clean(value: Any) -> Any:
    """A text without what is no character, which no program, database or server takes."""
    return _NO_CHARACTERS.sub("\ufffd", value) if isinstance(value, str) else value


def _said(message: str) -> str:
    """Of a mistake, in the words that a tool would use."""
    return {
        "Extra inputs are not permitted": "there is no such argument",
        "Field required": "it is missing",
    }.get(message, message[:1].lower() + message[1:])
