"""JSON out of a reply: bare, in a code fence, after prose, cut off, or not quite JSON.

Objects that are complete are read as they are. What is broken in between (a comma too many, single
quotes, LaTeX's backslashes) is left to json-repair, but only in replies that came to their end: a
repair of one that was cut off would invent its end. Of such replies the complete entries count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from labeler.labelers.shared.replies.base import (
    Entry,
    ParsedReply,
    StepVerdict,
    first_of,
    verdict_of,
)
from labeler.records import Verdict

NUMBER = ("step", "student_step", "paragraph", "step_number", "number", "index", "idx", "id")
LABEL = (
    "label", "verdict", "correctness", "judgement", "judgment", "rating", "is_correct", "correct",
    "result",
)  # fmt: skip
DENIAL = ("is_wrong", "wrong", "has_error", "is_error", "incorrect", "error_found")
"""Keys whose `true` means wrong."""
REASON = ("explanation", "analysis", "rationale", "reason", "reasoning", "comment", "critique")
NOTES = (
    "context", "related_steps", "reference_steps", "errors", "error_categories",
    "met", "violated", "flaw",
)  # fmt: skip
LISTS = ("steps", "verdicts", "labels", "annotations", "paragraphs", "critiques", "step_labels")
FIRST = (
    "first_error", "first_wrong", "first_wrong_step", "first_error_step", "first_incorrect_step",
    "first_error_index", "earliest_error",
)  # fmt: skip
WHOLE = ("conclusion", "overall", "overall_verdict", "final_verdict")
NONE = frozenset(("none", "null", "-1", "no", "n/a", "no error"))


def read_json(text: str, cut_off: bool, quoted: str) -> list[ParsedReply]:
    """What each JSON document of the text says; those copied from `quoted` are not the judge's."""
    found = []
    quoted = _with_latex(quoted)
    for document, source in _documents(_with_latex(text), cut_off):
        if source.strip() in quoted:
            continue
        one = _found(document)
        if one:
            found.append(one)
    return _gathered(found)


def text_under(text: str, names: tuple[str, ...]) -> str:
    """The text under the first of these keys in the last JSON object that has one; "" without."""
    found = ""
    for document, _ in _documents(_with_latex(text), cut_off=True):
        if isinstance(document, Mapping):
            _, value = first_of(_lowered(document), names)
            found = value if isinstance(value, str) else found
    return found


def records(text: str) -> list[Mapping[str, Any]]:
    """The JSON objects of a reply that came to its end: all of it mended, then those intact."""
    text = _with_latex(text)
    like = _LIKE_JSON.search(text)
    mended = _repaired(text[like.start() :]) if like else None
    intact = [document for document, _ in _documents(text, cut_off=True)]
    return [_lowered(one) for one in (mended, *intact) if isinstance(one, Mapping)]


_BACKSLASH = re.compile(
    r"""(\\\\) | \\(?= [^"\\/bfnrtu] | u(?![0-9a-fA-F]{4})
        | (?:frac|forall|beta|begin|bar|big|binom|bmod|boxed|times|text|theta|tan|tfrac|to|triangle
          |right|rho|rm|neq|ne|neg|nabla|not|nu|therefore)(?![a-z]) )""",
    re.VERBOSE,
)


def _with_latex(text: str) -> str:
    """LaTeX's commands as JSON has to write them, with two backslashes."""
    return _BACKSLASH.sub(lambda match: match.group(1) or r"\\", text)


def _gathered(found: list[ParsedReply]) -> list[ParsedReply]:
    """Entries that stand alone, one object each (JSON lines, a cut-off list), are one reply."""
    lone = [
        one
        for one in found
        if len(one.entries) == 1 and one.entries[0].number is not None
        and not (one.none_wrong or one.some_wrong)
    ]  # fmt: skip
    if len(lone) < 2:
        return found
    return [one for one in found if one not in lone] + [
        ParsedReply(tuple(entry for one in lone for entry in one.entries))
    ]


_DECODER = json.JSONDecoder(strict=False)
_BRACE = re.compile(r"[{\[]")
_LIKE_JSON = re.compile(r"\{\s*(?:[\"']|\w+\s*:)|\[\s*[\"'{\[/]")
_MAX_REPAIRS = 3


def _documents(text: str, cut_off: bool) -> Iterator[tuple[Any, str]]:
    """Each document with the text it was read from, in order."""
    end = max(text.rfind("}"), text.rfind("]")) + 1
    at = repairs = 0
    while (brace := _BRACE.search(text, at)) is not None:
        start = brace.start()
        try:
            document, at = _DECODER.raw_decode(text, start)
            yield document, text[start:at]
            continue
        except (ValueError, RecursionError):
            at = start + 1
        if not cut_off and repairs < _MAX_REPAIRS and _LIKE_JSON.match(text, start):
            repairs += 1
            repaired = _repaired(text[start:end])
            if _found(repaired):
                yield repaired, text[start:end]
                return


def _repaired(text: str) -> Any:
    """What json-repair makes of the text; None where it cannot."""
    from json_repair import repair_json

    try:
        return repair_json(text, return_objects=True)
    except Exception:  # it asserts and indexes: whatever it raises, one reply must not end a run
        return None


def _found(document: Any) -> ParsedReply:
    """What one document says, whatever its shape; nothing where it is about something else."""
    if isinstance(document, list):
        return ParsedReply(_entries(document))
    if not isinstance(document, Mapping):
        return ParsedReply()
    record = _lowered(document)
    _, steps = first_of(record, LISTS)
    if isinstance(steps, Mapping):
        return _concluded(record, _keyed(_lowered(steps)))
    if isinstance(steps, list):
        return _concluded(record, _entries(steps))
    alone = _entry(record)
    if alone is not None and alone.number is not None:
        return ParsedReply((alone,))
    return _concluded(record, _keyed(record))


def _lowered(record: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key).strip().lower().replace(" ", "_"): value for key, value in record.items()}


def _concluded(record: Mapping[str, Any], entries: tuple[Entry, ...]) -> ParsedReply:
    first_name, first = first_of(record, FIRST)
    whole_name, whole = first_of(record, WHOLE)
    said = verdict_of(whole).verdict if whole_name else Verdict.UNKNOWN
    none_wrong, some_wrong = said is Verdict.CORRECT, said is Verdict.WRONG
    number = None
    if first_name and not isinstance(first, bool):
        if first is None or str(first).strip().lower() in NONE:
            none_wrong = True
        elif (digits := re.fullmatch(r"\D*?(\d+)\D*", str(first))) is not None:
            number, some_wrong = int(digits.group(1)), True
    return ParsedReply(entries, number, none_wrong, some_wrong)


def _entries(items: list[Any]) -> tuple[Entry, ...]:
    """The entries of a list: objects, or bare verdicts in order. Bare numbers are no verdicts."""
    if any(isinstance(item, list | int) and not isinstance(item, bool) for item in items):
        return ()
    found = []
    for item in items:
        if isinstance(item, Mapping):
            record = _lowered(item)
            nothing = Entry(_number(record), StepVerdict(Verdict.UNKNOWN, "no verdict"))
            found.append(_entry(record) or nothing)
        else:
            found.append(Entry(None, verdict_of(item)))
    speaks = any(
        e.number is not None or e.step_verdict.verdict is not Verdict.UNKNOWN for e in found
    )
    return tuple(found) if speaks else ()


def _keyed(record: Mapping[str, Any]) -> tuple[Entry, ...]:
    """`{"step 1": "correct", "2": {"verdict": "wrong"}}`."""
    found = []
    for key, value in record.items():
        match = re.fullmatch(r"(?:step|paragraph)?[\s_]*(\d{1,4})", key)
        if match is None:
            continue
        if isinstance(value, Mapping):
            inner = _entry(_lowered(value))
            step_verdict = (
                inner.step_verdict if inner else StepVerdict(Verdict.UNKNOWN, "no verdict")
            )
        else:
            step_verdict = verdict_of(value)
        found.append(Entry(int(match.group(1)), step_verdict))
    return tuple(found)


def _entry(record: Mapping[str, Any]) -> Entry | None:
    name, value = first_of(record, LABEL)
    denial, denied = first_of(record, DENIAL)
    if name:
        step_verdict = verdict_of(value)
    elif isinstance(denied, bool):
        step_verdict = StepVerdict(Verdict.WRONG if denied else Verdict.CORRECT)
    else:
        return None
    if name and isinstance(denied, bool) and denied is (step_verdict.verdict is Verdict.CORRECT):
        step_verdict = StepVerdict(Verdict.UNKNOWN, f"{name} and {denial} contradict each other")
    _, why = first_of(record, REASON)
    notes = "; ".join(
        f"{key}: {_shown(record[key])}" for key in NOTES if record.get(key) not in (None, [], "")
    )
    rationale = " ".join(str(why).split()) if why else ""
    return Entry(
        _number(record), StepVerdict(step_verdict.verdict, step_verdict.reason, rationale, notes)
    )


def _shown(value: Any) -> str:
    return ", ".join(str(part) for part in value) if isinstance(value, list) else str(value)


def _number(record: Mapping[str, Any]) -> int | None:
    _, value = first_of(record, NUMBER)
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    match = re.fullmatch(r"\D{0,12}(\d{1,4})\D?", str(value).strip())
    return int(match.group(1)) if match else None
