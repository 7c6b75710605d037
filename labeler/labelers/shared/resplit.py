"""A solution in code with statements for steps, whatever it was split by before.

Its text stays as it was: what surrounds the program (a chat's words and fence) goes to the first
and the last statement. Evidence on a statement needs a solution that has it as a step, so labelers
of statements hand back the solutions that they had to split anew, as solutions of their own.
"""

from __future__ import annotations

from dataclasses import replace

from labeler.checking.code_tests import whole_program
from labeler.checking.extract import program_in
from labeler.programs.statements import split_statements
from labeler.records import Problem, Solution, short_hash


def resplit_by_statement(problem: Problem, solution: Solution) -> Solution | None:
    """The solution itself where its steps are statements; None where it is no Python."""
    text = "".join(solution.steps)
    # A turn of an agent stays a step: a program in its text may be what a tool returned.
    program = None if solution.trajectory else program_in(text)
    if program is None:
        return None
    whole = whole_program(problem, program)
    try:
        steps = split_statements(whole, len(whole) - len(program))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # a text with a null character, or nested too deeply, is no program either
    if not steps or "".join(steps) != program:
        return None
    at = text.rindex(program)
    before, after = text[:at], text[at + len(program) :]
    steps = (before + steps[0], *steps[1:])
    steps = (*steps[:-1], steps[-1] + after)
    if steps == solution.steps:
        return solution
    name = short_hash(problem.problem_id, *steps)
    return replace(solution, solution_id=name, steps=steps, logprobs=None)
