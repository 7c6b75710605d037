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
from labeler.labelers.entity_gain import METHOD as ENTITY_GAIN
from labeler.labelers.evidence_check import METHOD as EVIDENCE_CHECK
from labeler.labelers.grounded.grounded import GROUNDED
from labeler.labelers.grounded_search.grounded_search import GROUNDED_SEARCH
from labeler.labelers.implicit import METHOD as IMPLICIT
from labeler.labelers.information_gain import METHOD as INFORMATION_GAIN
from labeler.labelers.judge.judge import JUDGE
from labeler.labelers.method import Method
from labeler.labelers.monte_carlo import MONTE_CARLO
from labeler.labelers.omegaprm import OMEGAPRM
from labeler.labelers.outcome import OUTCOME
from labeler.labelers.prm import METHOD as PRM
from labeler.labelers.program import PROGRAM
from labeler.labelers.repair import REPAIR
from labeler.labelers.rubric.rubric import RUBRIC
from labeler.labelers.solver.solver import SOLVER
from labeler.labelers.spare import SPARE
from labeler.labelers.statement_monte_carlo import STATEMENT_MONTE_CARLO
from labeler.labelers.sufficiency import METHOD as SUFFICIENCY
from labeler.labelers.surprise import SURPRISE
from labeler.labelers.table.table import TABLE
from labeler.labelers.tool_check import TOOL_CHECK
from labeler.labelers.tool_match import TOOL_MATCH
from labeler.labelers.trace.trace import TRACE

METHODS: Table[Method] = Table(
    "labeler.methods", Method, "labelling method",
    TOOL_CHECK, PROGRAM, OUTCOME, MONTE_CARLO, STATEMENT_MONTE_CARLO, TRACE, DIAGNOSTICS,
    BINARY_SEARCH, BISECT, OMEGAPRM, ALPHAMATH, SPARE, JUDGE, RUBRIC, GROUNDED, GROUNDED_SEARCH,
    TABLE, SOLVER, REPAIR, SURPRISE, PRM, IMPLICIT, INFORMATION_GAIN,
    TOOL_MATCH, ENTITY_GAIN, EVIDENCE_CHECK, SUFFICIENCY,
)  # fmt: skip


@cache
def method_of(labeler: str) -> Method:
    """The method behind evidence of this name; where it is not installed, as any judge."""
    return METHODS.get(labeler, JUDGE)
