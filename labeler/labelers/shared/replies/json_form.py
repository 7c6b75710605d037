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
from labeler.labelers.shared.replies.quoted import Quoted
from labeler.records import Verdict

NUMBER = (
    "step", "student_step", "paragraph", "step_number", "step_index", "step_id", "number",
    "index", "idx", "id",
)  # fmt: skip
_STEPS = ("step", "student_step", "step_number", "step_index", "step_id", "paragraph")
LABEL = (
    "label", "verdict", "correctness", "judgement", "judgment", "rating", "is_correct", "correct",
    "result", "evaluation", "status", "assessment", "is_valid", "valid",
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
_NAMES_FIRST = re.compile(
    r"(?:first|earliest)(?:_[a-z]+)?_(?:error|mistake)(?:_(?:step|paragraph|index|location))?"
    r"|(?:location|index|step|paragraph)(?:_[a-z]+){0,3}_(?:error|mistake)"
    r"|(?:error|mistake|wrong|incorrect|erroneous)_(?:step|paragraph|index|location)"
    r"|first_mistake"
)
"""Other names of the key that gives the first error: `error_step`, `location_of_first_error`."""
WHOLE = ("conclusion", "overall", "overall_verdict", "final_verdict")
NONE = frozenset(("none", "null", "-1", "no", "n/a", "no error"))


def read_json(text: str, cut_off: bool, quoted: str) -> list[ParsedReply]:
    """What each JSON document of the text says; those copied from `quoted` are not the judge's."""
    found = []
    copied = Quoted(_with_latex(quoted))
    for document, source in _documents(_with_latex(text), cut_off):
        if copied.holds(source):
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
    alone = set(map(id, lone))
    return [one for one in found if id(one) not in alone] + [
        ParsedReply(tuple(entry for one in lone for entry in one.entries))
    ]


_DECODER = json.JSONDecoder(strict=False)
_BEGINS_JSON = re.compile(r"\{(?=\s*+[\"}])|\[(?=\s*+[\"\[{\]\-\dtfnNI])")
_LIKE_JSON = re.compile(r"\{\s*+(?:[\"']|\w++\s*+:)|\[\s*+[\"'{\[/]")
_MAY_BEGIN = re.compile(f"(?:{_BEGINS_JSON.pattern})|(?={_LIKE_JSON.pattern})[{{\\[]")
_MAX_REPAIRS = 3

_MOST_REPAIRED, _MOST_DEPTH, _MOST_LACKING = 16_000, 32, 100
"""Characters, nested brackets and commas that lack, of what is left to json-repair: it reads some
texts in the square of their length, and 16,000 characters are the verdicts on some 100 steps."""
_MOST_DIGITS = 4300
_FAILING, _SPARE = 64, 1 << 20
"""How many times its length a text may be read in vain: each bracket begins a document, perhaps."""


def _documents(text: str, cut_off: bool) -> Iterator[tuple[Any, str]]:
    """Each document with the text it was read from, in order."""
    end = max(text.rfind("}"), text.rfind("]")) + 1
    at = repairs = 0
    left = _FAILING * len(text) + _SPARE
    while (brace := (_BEGINS_JSON if cut_off else _MAY_BEGIN).search(text, at)) is not None:
        start = brace.start()
        try:
            document, at = _DECODER.raw_decode(text, start)
            yield document, text[start:at]
            continue
        except RecursionError:
            return  # Nothing that anybody writes nests so deeply.
        except json.JSONDecodeError as error:
            at = start + 1
            # A string without an end is read to the end of the text, and told by its beginning.
            is_string = text[error.pos : error.pos + 1] == '"'
            left -= len(text) - start if is_string else error.pos - start + 1
            left -= error.pos >> 4  # to say so, the module counts the lines before it
            if left < 0:
                return
        except ValueError:  # a number of too many digits
            at = start + 1
            left -= _MOST_DIGITS
        if not cut_off and repairs < _MAX_REPAIRS and _LIKE_JSON.match(text, start):
            repairs += 1
            repaired = _repaired(text[start:end])
            if _found(repaired):
                yield repaired, text[start:end]
                return


_LACKING = re.compile(r'["\w}\]]\s*+"(?=[^\s:,}\]])')


def _is_mendable(text: str) -> bool:
    if len(text) > _MOST_REPAIRED:
        return False
    depth = deepest = 0
    for bracket in re.findall(r"[{}\[\]]", text):
        depth = max(0, depth + (1 if bracket in "{[" else -1))
        deepest = max(deepest, depth)
    return deepest <= _MOST_DEPTH and len(_LACKING.findall(text)) <= _MOST_LACKING


def _repaired(text: str) -> Any:
    """What json-repair makes of the text; None where it cannot, or would take too long."""
    from json_repair import repair_json

    if not _is_mendable(text):
        return None
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
    name, steps = first_of(record, LISTS)
    if not name:
        steps = _list_of_entries(record)
    if isinstance(steps, Mapping):
        return _concluded(record, _keyed(_lowered(steps)))
    if isinstance(steps, list):
        return _concluded(record, _entries(steps))
    alone = _entry(record)
    if alone is not None and alone.number is not None:
        return ParsedReply((alone,))
    return _concluded(record, _keyed(record))


def _list_of_entries(record: Mapping[str, Any]) -> list[Any] | None:
    """The one list of the record whose objects all name a step and its verdict."""
    lists = [
        value
        for value in record.values()
        if isinstance(value, list) and value and all(map(_names_a_step, value))
    ]
    return lists[0] if len(lists) == 1 else None


def _names_a_step(item: Any) -> bool:
    """Whether it is an entry that calls a step so: other things have an id and a status, too."""
    record = _lowered(item) if isinstance(item, Mapping) else {}
    return first_of(record, _STEPS)[0] != "" and _entry(record) is not None


def _lowered(record: Mapping[Any, Any]) -> dict[str, Any]:
    return {_snake(str(key)): value for key, value in record.items()}


def _snake(key: str) -> str:
    """`firstErrorStep` and `First Error Step` as `first_error_step`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[ -]", "_", key.strip()).lower()


def _concluded(record: Mapping[str, Any], entries: tuple[Entry, ...]) -> ParsedReply:
    first_name, first = first_of(record, FIRST)
    if not first_name:
        named = [key for key in record if _NAMES_FIRST.fullmatch(key)]
        first_name, first = first_of(record, tuple(named)) if len(named) == 1 else ("", None)
        if isinstance(first, list):
            first_name = ""
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
    match = re.fullmatch(r"\D{0,12}(\d{1,4})(?:\D?| ?(?:/|of) ?\d{1,4})", str(value).strip())
    return int(match.group(1)) if match else None
