"""GSM8K's own records, whose `answer` is a solution: a line a step, the answer behind `####`.

Whoever labels such a file asks whether its reference solutions hold. Calculator marks go, and the
line with the answer belongs to the last step. Source: `labeler.problems.gsm8k`, which reads the
same records as problems.
"""

from __future__ import annotations

from collections.abc import Sequence

from labeler.problems.forms.base import Form, Record
from labeler.problems.gsm8k import CALCULATOR_MARK, THOUSANDS
from labeler.problems.written import Unfit, text_of

MARK = "####"


def _has_mark(record: Record) -> bool:
    return MARK in text_of(record, "answer")


def _gsm8k(record: Record) -> Sequence[Record]:
    worked, _, answer = CALCULATOR_MARK.sub("", text_of(record, "answer")).rpartition(MARK)
    lines = [line for line in worked.splitlines(keepends=True) if line.strip()]
    if not lines:
        raise Unfit(f"no solution before {MARK}")
    return [
        {
            "problem": text_of(record, "question"),
            "steps": [*lines[:-1], f"{lines[-1]}{MARK}{answer}"],
            "gold_answer": THOUSANDS.sub(lambda one: one[0].replace(",", ""), answer.strip()),
            "final_answer": answer.strip(),
            "id": text_of(record, "id"),
        }
    ]


GSM8K = Form(
    name="gsm8k",
    of="GSM8K, its reference solutions",
    fields=("question", "answer"),
    read=_gsm8k,
    fits=_has_mark,
)
