"""All forms of records with step labels by name; the order is that of recognition.

A new form is a function from a record to plain ones (`forms.base`) and one line here, or one entry
point of the group `labeler.forms`. No option is needed: a form is known by its fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches as close

from labeler.extensions import Table
from labeler.problems.forms.base import Form, Record, listed
from labeler.problems.forms.every_step import DELTABENCH, PARC, PRMBENCH
from labeler.problems.forms.messages import MESSAGES
from labeler.problems.forms.meta_reasoning import MR_BEN, MR_GSM8K, MR_MATH_REDUNDANT
from labeler.problems.forms.mistakes import BIG_BENCH_MISTAKE, MATHCHECK, STEPVERIFY
from labeler.problems.forms.prm800k import PRM800K
from labeler.problems.forms.toolcomp import TOOLCOMP
from labeler.problems.forms.trajectories import AGENT_PROCESS_BENCH
from labeler.problems.forms.worked_answers import GSM8K
from labeler.problems.forms.written_turns import HERMES, REACT

AUTO = "auto"
SHOWN_FIELDS = 12
"""Of a record, in a message."""
ALIKE = 0.65
"""How alike two names are that may stand for each other, as `difflib` measures it."""


def _plain(record: Record) -> Sequence[Record]:
    """As it stands; steps may be a list that is printed as text, as some copies of sets have it."""
    if isinstance(record.get("steps"), str) and record["steps"].lstrip().startswith("["):
        return [{**record, "steps": listed(record, "steps")}]
    return [record]


PROCESS_BENCH = Form(
    name="process_bench",
    of="ProcessBench, and MR-GSM8K as others pass it on",
    fields=("problem", "steps", "label"),
    read=_plain,
)

PLAIN = Form(
    name="plain",
    of="any other file with problem and steps, and labels where known",
    fields=("problem", "steps"),
    read=_plain,
)

FORMS: Table[Form] = Table(
    "labeler.forms", Form, "form of step labels",
    PRM800K, BIG_BENCH_MISTAKE, MR_GSM8K, MR_MATH_REDUNDANT, MR_BEN, STEPVERIFY, PRMBENCH,
    MATHCHECK, PARC, DELTABENCH, AGENT_PROCESS_BENCH, MESSAGES, TOOLCOMP, HERMES, REACT, GSM8K,
    PROCESS_BENCH, PLAIN,
)  # fmt: skip


def form_of(record: Record) -> Form:
    """The form that knows a record; the plain one where none does, which then says what lacks."""
    return next((form for form in FORMS.values() if form.knows(record)), PLAIN)


def nearest(fields: Sequence[str]) -> str:
    """What is there and what is nearest to it, in words for a message."""
    have = {name.lower() for name in fields}

    def match(name: str) -> float:
        if name in fields:
            return 1.0
        return 0.9 if name.lower() in have else 0.5 * bool(close(name.lower(), have, 1, ALIKE))

    def likeness(form: Form) -> tuple[float, int]:
        return sum(map(match, form.fields)) / len(form.fields), len(form.fields)

    best = max(FORMS.values(), key=likeness)
    shown = [*fields[:SHOWN_FIELDS], *(["..."] if len(fields) > SHOWN_FIELDS else [])]
    found = f"its fields are {', '.join(shown)}" if fields else "it has no fields"
    if not likeness(best)[0]:
        best = PLAIN
    return (
        f"{found}; the nearest form is {best.name}, which has {', '.join(best.fields)} "
        "(columns: {problem: NAME, steps: NAME} renames)"
    )
