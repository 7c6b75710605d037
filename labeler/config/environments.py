"""`environments:` of a run file: what answers the calls of a policy that calls tools.

The key is the name of the tool, as the policy calls it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from labeler.config.sandbox import ProgramLimits
from labeler.settings import Strict, always_says

ENVIRONMENT_OPERATIONS = {"url", "timeout_s", "concurrency", "api_key_env"}
"""What cannot change what an environment answers."""
PATHS = ("corpus", "database", "tables")
"""Settings that name files: a run is known by what these say, not by where they lie."""


class EnvironmentSettings(Strict):
    """What all kinds have."""

    model_config = always_says("kind")
    description: str = ""
    """What the policy is told that the tool does; empty for ours."""


class Bounded(EnvironmentSettings):
    """What all have whose answers may be long."""

    max_characters: Annotated[int, Field(ge=100)] = 4000
    """Of an answer; a note says how many were left out."""


class Bm25Config(Bounded):
    """A search index in this process, over a JSONL file of passages."""

    kind: Literal["bm25"] = "bm25"
    corpus: str
    """JSONL with id, title and text, from where the run file stands."""
    k: Annotated[int, Field(ge=1)] = 2
    """Passages that a query is answered with."""


class HttpConfig(Bounded):
    """A retriever that speaks Search-R1's form."""

    kind: Literal["http"] = "http"
    url: str
    """Where it takes queries, such as http://localhost:8000/retrieve."""
    k: Annotated[int, Field(ge=1)] = 3
    """Passages that a query is answered with."""
    index: str = ""
    """A name of yours for what it searches, such as "wiki of 2018": another name is another run, so
    change it with the corpus. Left out, the address stands for it."""
    timeout_s: Annotated[float, Field(gt=0)] = 60.0
    """Seconds until a batch of queries is asked again."""
    concurrency: Annotated[int, Field(ge=1)] = 4
    """Batches in flight."""
    api_key_env: str | None = None
    """The name of an environment variable, never the key."""


class CalculatorConfig(EnvironmentSettings):
    """Arithmetical expressions."""

    kind: Literal["calculator"] = "calculator"


class PythonConfig(Bounded):
    """Python programs in the run's sandbox."""

    kind: Literal["python"] = "python"
    limits: ProgramLimits = ProgramLimits()
    """Per program."""


class SqlConfig(Bounded):
    """SELECT statements over given tables."""

    kind: Literal["sql"] = "sql"
    tables: Mapping[str, str] = Field(default={})
    """Files by the names of their tables: CSV, JSONL or Parquet."""
    database: str | None = None
    """A SQLite database, in the place of tables."""
    max_rows: Annotated[int, Field(ge=1)] = 50
    """Of an answer."""

    @model_validator(mode="after")
    def _has_one_source(self) -> SqlConfig:
        if bool(self.tables) == (self.database is not None):
            raise ValueError("sql: name either tables or a database")
        return self


EnvironmentConfig = Annotated[
    Bm25Config | HttpConfig | CalculatorConfig | PythonConfig | SqlConfig,
    Field(discriminator="kind"),
]
Environments = dict[
    Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")], EnvironmentConfig
]


def known_without_paths(content: dict[str, Any]) -> dict[str, Any]:
    """Environments of a run file as its identity takes them: their files are known by content."""
    return {
        name: {key: value for key, value in one.items() if key not in PATHS}
        for name, one in content.items()
    }
