"""Table: each step's look-up, filter or arithmetic on a table, executed again as SQL (TaTToo).

For each step a model writes the query that does what the step does, and copies the value that the
step claims; DuckDB executes it in the sandbox; a judge then says whether the query is about the
step, whether the step takes from the table what the question needs, and its verdict. Where the
query is relevant, judge and execution must agree: a claimed value that the execution does not find
and a judge that calls the step right make it unknown. A right look-up of the wrong rows is wrong.
Steps that only reason, and steps whose query failed, are judged without it, and that is said.

Tables stand in the problem's context (`parsing`); without one everything is unknown and nothing is
asked. Does not cover the paper's GRPO rewards, and no rewards per type of step: both verdicts here
are evidence on correctness.
Source: TaTToo (arXiv 2510.06217, ICLR 2026): table-grounded steps, look-ups replaced by executions.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

from labeler.driver.conversation import Conversation, together
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Method
from labeler.labelers.shared.replies.json_form import text_under
from labeler.labelers.shared.tool_use import Call, ToolReturn
from labeler.labelers.shared.verdict_evidence import (
    AggregatedVerdict,
    TokenUsage,
    correctness_evidence,
)
from labeler.labelers.shared.verification.settings import Tasks, Verifier
from labeler.labelers.shared.verification.verify import Verification, counted
from labeler.labelers.table.claims import agrees, stands_in
from labeler.labelers.table.parsing import as_csv, table_in
from labeler.records import Asks, Evidence, Problem, Solution, Verdict

NAME: Final = "table"
VERSION = "1"
AGAINST = "the execution does not find what the step claims, the judge calls it right"
NO_TABLE = "the problem has no table in its context"


class TableSettings(Verifier):
    """Every step on a table, executed again as SQL (TaTToo)."""

    kind: Literal["table"] = NAME


def table_tasks(settings: Verifier) -> Tasks:
    """Raises `ConfigError` where the prompt set has no place for what is asked."""
    needed = ("problem", "context", "steps")
    prompts = settings.prompt_set
    return Tasks(
        prompts.task("table_query", *needed),
        prompts.task("table_judge", *needed, "tool_program", "tool_output", "tool_failed"),
    )


def table(
    problem: Problem, solutions: tuple[Solution, ...], settings: TableSettings, policy: Policy
) -> Conversation[Findings]:
    """Evidence on every step of every solution; steps on a shared prefix are verified once."""
    tasks = table_tasks(settings)
    version = f"{VERSION}+{tasks.sha}"
    files = tuple(
        (f"table_{number}.csv", as_csv(rows))
        for number, text in enumerate(problem.context, 1)
        if (rows := table_in(text)) is not None
    )
    if not files:
        return _without_table(problem, solutions, version)

    def read(text: str) -> Call | None:
        sql = text_under(text, ("sql",)).strip()
        return Call(sql, _runner(), (*files, ("query.sql", sql))) if sql else None

    work = Verification(
        problem, settings, tasks, policy.run_seed, requester=NAME, read=read, decide=_held_to
    )
    prefixes = {
        "".join(s.steps[: t + 1]): s.steps[: t + 1] for s in solutions for t in range(len(s.steps))
    }
    found = yield from together([work.verified(prefix) for prefix in prefixes.values()])
    evidence = tuple(one.evidence(problem, NAME, version) for one in found)
    statistics = counted(found)
    if against := sum(one.opinion.reason == AGAINST for one in found):
        statistics["execution_against_judge"] = against
    return Findings(evidence, statistics=statistics)


def _held_to(
    said: AggregatedVerdict, tool: ToolReturn, prefix: tuple[str, ...]
) -> AggregatedVerdict:
    """The judge's opinion, but never a right step whose claim was not found."""
    claim = text_under(tool.written, ("claim",)).strip()
    if not stands_in(claim, prefix[-1]):
        return said  # What is compared must be the step's own words.
    agreed = agrees(claim, tool.output)
    if said.verdict is Verdict.CORRECT and agreed is False:
        return replace(said, verdict=Verdict.UNKNOWN, n=0, n_correct=0, reason=AGAINST)
    return said


def _without_table(problem: Problem, solutions: tuple[Solution, ...], version: str) -> Findings:
    evidence: dict[str, Evidence] = {}
    for solution in solutions:
        said = [AggregatedVerdict(Verdict.UNKNOWN, reason=NO_TABLE)] * len(solution.steps)
        for piece in correctness_evidence(NAME, version, problem, solution, said, "", TokenUsage()):
            evidence.setdefault(piece.prefix_id, piece)
    return Findings(tuple(evidence.values()), statistics={"without_table": 1})


def _runner() -> str:
    return Path(__file__).with_name("runner.py").read_text(encoding="utf-8")


TABLE = Method(
    name=NAME,
    version=VERSION,
    settings=TableSettings,
    conversation=table,
    asks=frozenset({Asks.CORRECTNESS}),
    asks_model=True,
    rolls_out=False,
    runs_programs=True,
    writes_solutions=False,
    is_tool=False,
    may_say_right=True,
    of_whole_answers=False,
    backs_values_up=False,
    needs_reference=False,
    only_of_wrong_answers=False,
    by_place=False,
    prompts=lambda settings: table_tasks(settings).all,
)
