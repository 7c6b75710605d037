"""What answers the calls of a run's policy, from the run file's `environments:`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, assert_never

from labeler.api_key import bearer
from labeler.config.environments import (
    Bm25Config,
    CalculatorConfig,
    EnvironmentConfig,
    HttpConfig,
    PythonConfig,
    SqlConfig,
)
from labeler.config.run import RunConfig
from labeler.environments.base import Environment
from labeler.environments.bm25 import Bm25Search
from labeler.environments.calculator import Calculator
from labeler.environments.http import HttpSearch
from labeler.environments.python import PythonTool
from labeler.environments.sql import SqlTool
from labeler.labelers.shared.acting import Acting
from labeler.sandbox.base import NoSandbox, Sandbox
from labeler.wiring.sandbox import program_limits


def build_environments(config: RunConfig, sandbox: Sandbox | None) -> tuple[Environment, ...]:
    """In the order of the run file. Raises a `UserError` for files that cannot be read."""
    return tuple(_built(name, one, sandbox) for name, one in config.environments.items())


def build_acting(
    environments: Sequence[Environment], max_turns: int, *, in_messages: bool = False
) -> Acting | None:
    """How the policy calls them; None where there are none."""
    if not environments:
        return None
    tools = [tool for one in environments for tool in one.tools]
    names = {tool["function"]["name"]: one.name for one in environments for tool in one.tools}
    return Acting(names, json.dumps(tools, ensure_ascii=False), max_turns, in_messages)


def _built(name: str, config: EnvironmentConfig, sandbox: Sandbox | None) -> Environment:
    words: dict[str, Any] = {"name": name}
    if config.description:
        words["description"] = config.description
    match config:
        case Bm25Config():
            return Bm25Search.from_file(
                Path(config.corpus), config.k, most_characters=config.max_characters, **words
            )
        case HttpConfig():
            return HttpSearch(
                config.url,
                config.k,
                index=config.index,
                timeout_s=config.timeout_s,
                concurrency=config.concurrency,
                most_characters=config.max_characters,
                headers=bearer(config.api_key_env),
                **words,
            )
        case CalculatorConfig():
            return Calculator(**words)
        case PythonConfig():
            return PythonTool(
                sandbox or NoSandbox("the run has none"),
                program_limits(config.limits),
                most_characters=config.max_characters,
                **words,
            )
        case SqlConfig():
            return SqlTool(
                {table: Path(file) for table, file in config.tables.items()},
                Path(config.database) if config.database else None,
                most_rows=config.max_rows,
                most_characters=config.max_characters,
                **words,
            )
        case _:
            assert_never(config)
