"""Diagnostics: what a type checker says of a program after each of its statements (Lanser-CLI).

The program as it stands after each statement is type-checked (`unfinished`, `type_checker`), all
states of a problem's solutions in one run. A statement is wrong if a relevant diagnostic appears
with it and is still there at the end of the program: a name that a later statement defines is no
fault. It is never right for having none, which proves nothing: unknown, and that it was looked at
is counted. The score is the paper's reward (`lanser`), brought to [0, 1]; its parts are in the
rationale.

Comments cannot suppress anything, for the checker does not see them; a step that holds such a
comment, or `no_type_check`, is unsafe, which costs it the reward's safety term.
A solution whose steps are not its statements is split anew and handed back as a solution of its
own. Not covered: the paper's selectors and edits of files (steps are appended, never selected), and
solutions that are no Python; they are counted.
Source: Lanser-CLI (arXiv 2510.22907).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from labeler.checking.code_tests import whole_program
from labeler.checking.extract import program_in
from labeler.driver.conversation import Conversation
from labeler.driver.requests import RunResult
from labeler.labelers.base import Findings, Policy
from labeler.labelers.diagnostics.program_prefixes import unfinished
from labeler.labelers.diagnostics.reward import State, Weights, reward
from labeler.labelers.diagnostics.type_checker import (
    Diagnostic,
    checker,
    diagnostics_in,
    type_check_run,
)
from labeler.labelers.method import Method, MethodSettings, no_prompts
from labeler.labelers.shared.resplit import resplit_by_statement
from labeler.records import Asks, Domain, Evidence, Problem, Solution, Verdict, prefix_id

NAME: Final = "diagnostics"
VERSION = "1"
SUPPRESSION = re.compile(
    r"#\s*(?:type\s*:\s*ignore|mypy\s*:|pyright\s*:|pyre-|noqa|pylint\s*:)|\bno_type_check\b"
)
NOTHING_NEW = "the type checker finds nothing new, which proves nothing"
SHOWN = 3
"""Diagnostics of one step that are named."""


class Diagnostics(MethodSettings):
    """Statements of programs, by what a type checker says after each; asks no model.

    The reward's weights; gamma's term is zero, for steps are appended (a = 1).
    """

    kind: Literal["diagnostics"] = NAME
    alpha: Annotated[float, Field(gt=0)] = 0.5
    beta: Annotated[float, Field(ge=0)] = 0.4


def diagnostics(
    problem: Problem, solutions: tuple[Solution, ...], settings: Diagnostics, policy: Policy
) -> Conversation[Findings]:
    """Evidence on every statement of every solution; each state of a program is checked once."""
    if problem.domain != Domain.CODE:
        return Findings(statistics={"no_code": 1})
    split = [resplit_by_statement(problem, solution) for solution in solutions]
    states = {one: _states(problem, one) for one in split if one is not None}
    counts = Counter(unparsed=split.count(None))
    programs = list(dict.fromkeys(text for own in states.values() for text in own))
    if not programs:
        return Findings(statistics=dict(counts))
    [reply] = yield [type_check_run(programs, NAME)]
    found = diagnostics_in(reply, len(programs))
    evidence: dict[str, Evidence] = {}
    for solution, own in states.items():
        if isinstance(found, str):
            pieces = [_unknown(problem, solution, t, found) for t in range(len(solution.steps))]
        else:
            by_program = dict(zip(programs, found, strict=True))
            held = reply.isolation if isinstance(reply, RunResult) else ""
            pieces = _judge(problem, solution, [by_program[text] for text in own], settings, held)
        for piece in pieces:
            evidence.setdefault(piece.prefix_id, piece)
    for piece in evidence.values():
        counts[piece.verdict.value] += 1
    known = {solution.solution_id for solution in solutions}
    anew = tuple(one for one in states if one.solution_id not in known)
    return Findings(tuple(evidence.values()), anew, dict(counts))


def _states(problem: Problem, solution: Solution) -> list[str]:
    """The program before the first statement of a solution and after each."""
    program = program_in("".join(solution.steps)) or ""
    whole = whole_program(problem, program)
    return unfinished(whole, len(whole) - len(program))


def _judge(
    problem: Problem,
    solution: Solution,
    found: Sequence[tuple[Diagnostic, ...] | None],
    settings: Diagnostics,
    held: str,
) -> list[Evidence]:
    """Evidence on each step; `found` has one entry more than there are steps, the first before."""
    at_the_end = Counter(map(_identity, found[-1] or ()))
    weights = Weights(settings.alpha, settings.beta)
    pieces = []
    for t, step in enumerate(solution.steps):
        before, after = found[t], found[t + 1]
        if before is None or after is None or found[-1] is None:
            pieces.append(_unknown(problem, solution, t, "the type checker gives up on it"))
            continue
        seen = Counter(map(_identity, before))
        new = [one for one in after if not _taken(seen, one)]
        lasting = [one for one in new if at_the_end[_identity(one)]]
        safe = not SUPPRESSION.search(step)
        value = reward(State(len(before)), State(len(after), safe), weights)
        pieces.append(
            Evidence(
                prefix_id=prefix_id(problem.problem_id, solution.steps[: t + 1]),
                labeler=NAME,
                labeler_version=VERSION,
                asks=Asks.CORRECTNESS,
                verdict=Verdict.WRONG if lasting else Verdict.UNKNOWN,
                score=(value + weights.alpha) / (2 * weights.alpha + weights.beta),
                n=1,
                n_correct=int(not lasting),
                rationale=_rationale(len(before), len(after), safe, value, new, weights),
                model=f"{checker()}; {held}",
                calls=1,
                reason="" if lasting else "; ".join(map(str, new[:SHOWN])) or NOTHING_NEW,
            )
        )
    return pieces


def _identity(one: Diagnostic) -> tuple[str, str]:
    """Lines may shift while bodies fill up."""
    return one.code, one.message


def _taken(seen: Counter[tuple[str, str]], one: Diagnostic) -> bool:
    """Whether a diagnostic was there before; each one counts once."""
    if not seen[_identity(one)]:
        return False
    seen[_identity(one)] -= 1
    return True


def _rationale(
    before: int, after: int, safe: bool, value: float, new: Sequence[Diagnostic], weights: Weights
) -> str:
    parts = (
        f"r = {value:.2f}: {before} diagnostics before, {after} after (alpha {weights.alpha:g}), "
        f"{'safe' if safe else 'a comment or decorator that suppresses'} (beta {weights.beta:g})"
    )
    return "; ".join([*map(str, new[:SHOWN]), parts])


def _unknown(problem: Problem, solution: Solution, t: int, reason: str) -> Evidence:
    prefix = prefix_id(problem.problem_id, solution.steps[: t + 1])
    return Evidence(
        prefix, NAME, VERSION, Asks.CORRECTNESS, Verdict.UNKNOWN, model=checker(), reason=reason
    )


DIAGNOSTICS = Method(
    name=NAME,
    version=VERSION,
    settings=Diagnostics,
    conversation=diagnostics,
    asks=frozenset({Asks.CORRECTNESS}),
    asks_model=False,
    rolls_out=False,
    runs_programs=True,
    writes_solutions=False,
    is_tool=True,
    may_say_right=False,
    of_whole_answers=False,
    backs_values_up=False,
    needs_reference=False,
    only_of_wrong_answers=False,
    by_place=False,
    prompts=no_prompts,
)
