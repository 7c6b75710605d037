"""Asks a model for a program, runs it in the sandbox, and tells what came of it.

Shared by labelers that check a step with a tool which a model operates. A tool that failed is no
verdict on the step: why it failed is kept, and whoever judges is told. What a tool did stands at
the end of a rationale, behind a mark, so that exports can tell it from the judgement.
Source: GroundedPRM (arXiv 2510.14942), its tool query; here the query is a Python program.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from labeler.checking.extract import program_in
from labeler.driver.conversation import Conversation
from labeler.driver.requests import Failed, Limits, Run, RunResult, Sample, Samples
from labeler.labelers.shared.verdict_evidence import TokenUsage, usage_of

MARK = "\n\n[tool] "
"""Stands in a rationale between the judgement and what a tool did."""

_RAISED = re.compile(r"^[\w.]*(?:Error|Exception)\b.*$", re.MULTILINE)
"""The line of a traceback that names what was raised; some messages go on below it."""

MOST_SHOWN = 2000
"""Characters of a program's output that a judge is shown."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a model wrote for the tool, as it is shown, and the program and files that run it."""

    shown: str
    program: str
    files: tuple[tuple[str, str], ...] = ()


Read = Callable[[str], Call | None]
"""From a reply to the call in it; None where the model says that there is nothing to compute."""


@dataclass(frozen=True, slots=True)
class ToolReturn:
    """`program` is "" where the model wrote none; `failed` says why there is no output.

    `written` is the model's whole reply.
    """

    program: str = ""
    output: str = ""
    failed: str = ""
    written: str = ""
    isolation: str = ""
    model: str = ""
    spent: TokenUsage = field(default_factory=TokenUsage)

    def note(self, relevance: str) -> str:
        """What the tool did, for the rationale; "" where there was nothing to compute."""
        held = " (ran without isolation)" if self.isolation.startswith("none") else ""
        if self.failed:
            return f"{MARK}failed: {self.failed}; judged without it{held}"
        if not self.program:
            return ""
        without = "; irrelevant to the step, judged without it" if relevance == "irrelevant" else ""
        return f"{MARK}{self.program.strip()}\n-> {self.output}{without}{held}"


def split_note(rationale: str) -> tuple[str, str]:
    """The judgement and what a tool did ("" for nothing), out of a rationale."""
    judgement, _, note = rationale.partition(MARK)
    return judgement, note


def python_program(text: str) -> Call | None:
    """The program of a reply, in a fence or alone; none for the word NONE."""
    program = program_in(text)
    if program is None or program.strip().strip(".").upper() == "NONE":
        return None
    return Call(program, program)


def use_tool(
    query: Sample, limits: Limits, read: Read = python_program
) -> Conversation[ToolReturn]:
    """Two requests: the query that writes what is to be run, and the run."""
    [reply] = yield [query]
    if not isinstance(reply, Samples):
        reason = reply.reason if isinstance(reply, Failed) else "no samples"
        return ToolReturn(failed=f"no query: {reason}", spent=usage_of(reply))
    written, spent = reply.completions[0], usage_of(reply)
    if written.finish == "length":
        return ToolReturn(failed="the query was cut off", model=reply.model, spent=spent)
    # Models that think aloud close their thoughts before they answer.
    text = written.text.rsplit("</think>", 1)[-1].strip()
    call = read(text)
    if call is None:
        return ToolReturn(written=text, model=reply.model, spent=spent)
    [ran] = yield [
        Run(call.program, files=call.files, limits=limits, packages=True, requester=query.requester)
    ]
    output, failed, isolation = "", "no run", ""
    if isinstance(ran, RunResult):
        output, failed = _output(ran)
        isolation = ran.isolation
    elif isinstance(ran, Failed):
        failed = ran.reason
    return ToolReturn(
        call.shown, output, failed, text, isolation, reply.model, spent + usage_of(ran)
    )


def failure_of(ran: RunResult) -> str:
    """What a program that failed says of it: the line that names the error, else its last."""
    raised = _RAISED.findall(ran.stderr)
    said = raised or ran.stderr.strip().splitlines() or [f"exit status {ran.exit_code}"]
    return said[-1][:200]


def _output(ran: RunResult) -> tuple[str, str]:
    """What the program printed, or why that does not count."""
    output = ran.stdout.strip()
    if ran.ended != "exited":
        return "", f"the program was ended: {ran.ended}"
    if ran.exit_code:
        return "", failure_of(ran)
    if not output:
        return "", "the program printed nothing"
    return (output if len(output) <= MOST_SHOWN else output[:MOST_SHOWN] + " ..."), ""
