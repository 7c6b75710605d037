"""Criteria: principles for all problems and a rubric for one, and steps held against them.

A step is right if it violates none of the criteria that apply to it; how many it meets is PPR's
step score (score / max_score; the paper leaves max_score open, here it is the number of criteria
that apply). A verdict has to rest on criteria: one that names none of them, or that contradicts
those it names, is unknown.

Sources: RRM (arXiv 2510.07774), whose rubrics hold key steps, checkpoints and warnings; PPR
(2509.25598), whose principles are fixed by hand: here, the lines `P1: ...` of the prompt file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from labeler.driver.requests import Failed, Reply, Samples
from labeler.labelers.shared.replies.base import StepVerdict
from labeler.labelers.shared.replies.injection import speaks_to_judge
from labeler.labelers.shared.replies.json_form import records
from labeler.labelers.shared.verdict_evidence import AggregatedVerdict
from labeler.prompts import Task
from labeler.records import Verdict
from labeler.steps.thinking import without_thinking

_KINDS = {
    "key_steps": "key step", "checkpoints": "checkpoint", "warnings": "warning",
    "error_warnings": "warning", "criteria": "criterion", "rubric": "criterion",
}  # fmt: skip
_TEXT = ("text", "criterion", "description", "content")
_PRINCIPLE = re.compile(r"^\s*(P\d+): (.+)$", re.MULTILINE)
_ID = re.compile(r"\b([PC])\W?0*(\d+)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Criteria:
    """What steps are held against, by id: C1, C2, ... of the rubric, P1, P2, ... for principles.

    `missing` says why there is no rubric; `refused` counts criteria that speak to the judge.
    """

    texts: Mapping[str, str]
    missing: str = ""
    refused: int = 0

    @property
    def shown(self) -> str:
        """One line per criterion."""
        return "\n".join(f"{name}: {text}" for name, text in self.texts.items())


@dataclass(frozen=True, slots=True)
class Scored:
    """The opinion on one step, the criteria it met and violated, and the flaw that was named."""

    opinion: AggregatedVerdict
    met: tuple[str, ...] = ()
    violated: tuple[str, ...] = ()
    flaw: str = ""


def principles_of(task: Task) -> dict[str, str]:
    """The principles that a prompt file holds, by their id."""
    return {
        match.group(1): match.group(2).strip()
        for _, content in task.messages
        for match in _PRINCIPLE.finditer(content)
    }


def read_rubric(reply: Reply) -> Criteria:
    """The criteria a reply lists; a rubric that lacks its end is none."""
    if not isinstance(reply, Samples):
        return Criteria({}, reply.reason if isinstance(reply, Failed) else "no samples")
    completion = reply.completions[0]
    if completion.finish == "length":
        return Criteria({}, "it was cut off")
    if not completion.text.strip():
        return Criteria({}, "empty reply")
    listed = [_listed(record) for record in records(without_thinking(completion.text))]
    texts = next((texts for texts in reversed(listed) if texts), [])
    # Problems come from outside: one may have asked for a rubric that tells what to say.
    kept = [text for text in texts if not speaks_to_judge([text])]
    refused = len(texts) - len(kept)
    if not kept:
        missing = "all its criteria speak to the judge" if texts else "the reply lists no criteria"
        return Criteria({}, missing, refused)
    return Criteria({f"C{i}": text for i, text in enumerate(kept, 1)}, "", refused)


def _listed(record: Mapping[str, Any]) -> list[str]:
    nested = record.get("rubric")
    if isinstance(nested, Mapping):
        return _listed({str(key).strip().lower(): value for key, value in nested.items()})
    found = []
    for key, kind in _KINDS.items():
        items = record.get(key)
        for item in items if isinstance(items, list) else ():
            text = " ".join(_text(item).split())
            if text:
                found.append(f"({kind}) {text}")
    return found


def _text(item: Any) -> str:
    if isinstance(item, Mapping):
        item = next((item[key] for key in _TEXT if key in item), "")
    return item if isinstance(item, str) else ""


def hold(reading: StepVerdict, criteria: Mapping[str, str]) -> Scored:
    """What a reply says of one step, if its verdict rests on criteria that exist."""
    said = AggregatedVerdict.of(reading)
    met = _named(reading.notes, "met", criteria)
    violated = _named(reading.notes, "violated", criteria)
    flaw = _field(reading.notes, "flaw").strip().lower().replace(" ", "_").replace("-", "_")
    rationale = " ".join(f"{reading.rationale} {_score(met, violated, criteria)}".split())
    said = replace(said, rationale=rationale)
    if said.verdict is Verdict.UNKNOWN:
        return Scored(said)
    fault = _fault(said.verdict, met, violated)
    if fault:
        return Scored(AggregatedVerdict(Verdict.UNKNOWN, rationale=rationale, reason=fault))
    return Scored(said, met, violated, "" if flaw == "none" else flaw)


def _fault(verdict: Verdict, met: tuple[str, ...], violated: tuple[str, ...]) -> str:
    """Why a verdict does not rest on the criteria that stand beside it."""
    both = [name for name in met if name in violated]
    if both:
        return f"{both[0]} is said to be both met and violated"
    if verdict is Verdict.WRONG:
        return "" if violated else "called wrong, but no criterion is violated"
    if violated:
        return f"called right, but {violated[0]} is violated"
    return "" if met else "called right, but no criterion is named that it meets"


def _named(notes: str, key: str, criteria: Mapping[str, str]) -> tuple[str, ...]:
    """The ids under a key; those that no criterion has are left out."""
    ids = (f"{letter.upper()}{number}" for letter, number in _ID.findall(_field(notes, key)))
    return tuple(dict.fromkeys(name for name in ids if name in criteria))


def _field(notes: str, key: str) -> str:
    match = re.search(rf"(?:^|; ){key}: ([^;]*)", notes)
    return match.group(1) if match else ""


def _score(met: tuple[str, ...], violated: tuple[str, ...], criteria: Mapping[str, str]) -> str:
    """PPR's score of the step in words; "" where no criterion is named."""
    parts = (
        [f"meets {len(met)} of {len(met) + len(violated)}: {_cited(met, criteria)}"] if met else []
    )
    parts += [f"violates {_cited(violated, criteria)}"] if violated else []
    return f"[{'; '.join(parts)}]" if parts else ""


def _cited(names: tuple[str, ...], criteria: Mapping[str, str]) -> str:
    """Ids, with the words of the problem's own criteria, which stand nowhere else."""
    return ", ".join(f"{n} {criteria[n]}" if n.startswith("C") else n for n in names)
