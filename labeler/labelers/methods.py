"""All labelling methods by name; the order is that of messages and of the documentation.

A new method is one file, with a `Method` at its end, and one line here, or, in a package of its
own, one entry point of the group `labeler.methods` (docs/extending.md). No other module imports a
method by its name.
"""

from __future__ import annotations

from functools import cache

from labeler.extensions import Table
from labeler.labelers.alphamath import ALPHAMATH
from labeler.labelers.binary_search import BINARY_SEARCH
from labeler.labelers.bisect import BISECT
from labeler.labelers.diagnostics.diagnostics import DIAGNOSTICS
from labeler.labelers.grounded.grounded import GROUNDED
from labeler.labelers.grounded_search.grounded_search import GROUNDED_SEARCH
from labeler.labelers.judge.judge import JUDGE
from labeler.labelers.method import Method
from labeler.labelers.monte_carlo import MONTE_CARLO
from labeler.labelers.omegaprm import OMEGAPRM
from labeler.labelers.outcome import OUTCOME
from labeler.labelers.program import PROGRAM
from labeler.labelers.repair import REPAIR
from labeler.labelers.rubric.rubric import RUBRIC
from labeler.labelers.shared import last_step
from labeler.labelers.solver.solver import SOLVER
from labeler.labelers.spare import SPARE
from labeler.labelers.statement_monte_carlo import STATEMENT_MONTE_CARLO
from labeler.labelers.table.table import TABLE
from labeler.labelers.tool_check import TOOL_CHECK
from labeler.labelers.trace.trace import TRACE

METHODS: Table[Method] = Table(
    "labeler.methods", Method, "labelling method",
    TOOL_CHECK, PROGRAM, OUTCOME, MONTE_CARLO, STATEMENT_MONTE_CARLO, TRACE, DIAGNOSTICS,
    BINARY_SEARCH, BISECT, OMEGAPRM, ALPHAMATH, SPARE, JUDGE, RUBRIC, GROUNDED, GROUNDED_SEARCH,
    TABLE, SOLVER, REPAIR,
)  # fmt: skip


@cache
def is_tool(labeler: str) -> bool:
    """Whether evidence of this labeler comes from a tool; not if its method is not installed."""
    method = METHODS.get(labeler)
    return method is not None and method.is_tool


@cache
def may_say_right(labeler: str) -> bool:
    """Whether this labeler's silence on a step that it looked at is a verdict."""
    method = METHODS.get(labeler)
    return method is None or method.may_say_right


@cache
def judges_any_solution(labeler: str) -> bool:
    """Whether this labeler says both right and wrong of steps, whatever the answer."""
    method = METHODS.get(labeler)
    return method is None or (method.may_say_right and not method.only_of_wrong_answers)


@cache
def needs_reference(labeler: str) -> bool:
    """Whether this labeler holds solutions against a reference solution."""
    method = METHODS.get(labeler)
    return method is not None and method.needs_reference


@cache
def is_of_whole_answers(labeler: str) -> bool:
    """Whether this labeler's evidence of value is about the answer itself."""
    method = METHODS.get(labeler)
    return method is not None and method.of_whole_answers


@cache
def decides_answers(labeler: str) -> bool:
    """Whether this labeler finds the outcome of whole answers itself, beside the answer check."""
    return is_of_whole_answers(labeler) and labeler != last_step.NAME


@cache
def backs_values_up(labeler: str) -> bool:
    """Whether this labeler counted each rollout at every prefix on its way."""
    method = METHODS.get(labeler)
    return method is not None and method.backs_values_up
