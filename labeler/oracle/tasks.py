"""The three things the embedded policy is taught: solve, judge step by step, annotate by reference.

Each task is a prompt and the text that answers it. Judging stops at the first error and states,
before each verdict, what the judge itself expected there; annotating goes through all steps and
quotes the reference step each is compared with (the form of SPARE, cut down to one comparison).
The readers turn such texts back into verdicts; what does not read is unknown, never wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from labeler.oracle.graph import OracleProblem
from labeler.oracle.oracle import grade
from labeler.records import Verdict


def solve_prompt(problem_text: str) -> str:
    """User message that asks for a solution."""
    return f"Solve: {problem_text}"


def judge_prompt(problem_text: str, steps: Sequence[str]) -> str:
    """User message that asks for verdicts up to the first error."""
    return f"Judge: {problem_text}\n{''.join(steps)}"


def annotate_prompt(problem_text: str, reference: Sequence[str], steps: Sequence[str]) -> str:
    """User message that asks for a verdict on every step, given a reference solution."""
    return (
        f"Annotate: {problem_text}\nReference:\n{''.join(reference)}\nSolution:\n{''.join(steps)}"
    )


def judge_answer(problem: OracleProblem, steps: Sequence[str]) -> str:
    """What a perfect judge writes."""
    expected = problem.problem.reference_solution
    lines = []
    for i, (step, error) in enumerate(zip(steps, grade(problem, steps).errors, strict=True)):
        verdict = "right" if error is None else "wrong"
        wanted = _claim(expected[min(i, len(expected) - 1)])
        lines.append(f"{_head(step)}: {_claim(step)}; expected {wanted}: {verdict}.\n")
        if error is not None:
            break
    return "".join(lines)


def annotate_answer(problem: OracleProblem, steps: Sequence[str]) -> str:
    """What a perfect annotator writes."""
    reference = problem.problem.reference_solution
    lines = []
    at = -1
    for step, error in zip(steps, grade(problem, steps).errors, strict=True):
        at = _aligned(step, reference, at)
        verdict = "right" if error is None else "wrong"
        lines.append(
            f"{_head(step)}: {_claim(step)}; "
            f"reference {at + 1}: {_claim(reference[at])}: {verdict}.\n"
        )
    return "".join(lines)


def read_verdicts(text: str, n_steps: int) -> tuple[Verdict, ...]:
    """One verdict per step from what a judge or annotator wrote; unknown where it wrote none."""
    lines = text.splitlines()
    found = [_VERDICT.search(line) for line in lines[:n_steps]]
    verdicts = [Verdict.UNKNOWN if match is None else _NAMED[match.group(1)] for match in found]
    return (*verdicts, *([Verdict.UNKNOWN] * (n_steps - len(verdicts))))


_VERDICT = re.compile(r": (right|wrong)\.$")
_NAMED = {"right": Verdict.CORRECT, "wrong": Verdict.WRONG}


def _head(step: str) -> str:
    """`Step 3` or `Answer`."""
    return step.split(":", 1)[0].strip()


def _claim(step: str) -> str:
    """The equation or the answer, without the words before it."""
    return step.rsplit(": ", 1)[-1].strip().removesuffix(".")


def _quote(step: str) -> str:
    parts = step.split(": ")
    return parts[1] if len(parts) > 2 else parts[0]


def _aligned(step: str, reference: Sequence[str], after: int) -> int:
    """Index of the next reference step with the same words; the last aligned one where none has."""
    for i in range(after + 1, len(reference)):
        if _quote(reference[i]) == _quote(step):
            return i
    return max(after, 0)
