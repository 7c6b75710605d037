"""The pages of what can be chosen by name, and of the run file's and the dataset's shapes.

Everything is read from the tables of records and from the settings classes, so a new entry or key
stands here with the next `make reference`. A key stands on one page only: a method's with the
method, what several inherit once, above them. Words that introduce a page lie in `intro/`. Does not
cover commands (`commands.py`).
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from keys import NO_LINKS, Part, families, is_part, key_table, meaning_of

from labeler.checking.answers.readers import READERS
from labeler.config.run import RunConfig
from labeler.consensus.rules import RULES
from labeler.export.formats import FORMATS
from labeler.labelers.method import Method
from labeler.labelers.methods import METHODS
from labeler.problems.sources import PROBLEM_SOURCES
from labeler.schema import contract
from labeler.steps.splitters import SPLITTERS

SHARED_AS = {
    "Prompted": "Keys of all that ask a model by prompts",
    "Verifier": "Keys of all that verify with a tool",
    "FileProblems": "Keys of all that read files",
    "PolicyPrompt": "Keys of all engines",
}
"""Headings of what several parts of a run file inherit; others are called as their class."""


def methods_page() -> list[str]:
    """Every labelling method: what it asks, its traits, its keys, its source."""
    rows = {one.name: (_asks(one), one.summary) for one in METHODS.values()}
    lines = [*_list(("kind", "asks", "what it does"), rows), *_shared(_settings(METHODS))]
    for one in METHODS.values():
        lines += [f"## `{one.name}`", "", meaning_of(one.settings), "", _traits(one), ""]
        lines += [*key_table(one.settings, "kind"), *_inherited(one.settings)]
        lines += _module(one.settings.__module__)
    return lines


def _asks(method: Method) -> str:
    return ", ".join(sorted(map(str, method.asks)))


def _traits(method: Method) -> str:
    told = {
        "asks a model": method.asks_model,
        "draws rollouts": method.rolls_out,
        "writes solutions of its own": method.writes_solutions,
        "runs programs (needs a sandbox)": method.runs_programs,
        "needs a reference solution": method.needs_reference,
        "speaks of wrong answers only": method.only_of_wrong_answers,
        "never says right": not method.may_say_right,
    }
    said = [f"Asks for {_asks(method)}", *(words for words, holds in told.items() if holds)]
    return "; ".join(said) + f". Version {method.version}."


def rules_page() -> list[str]:
    """Every rule of consensus with its keys."""
    rows = {one.name: (one.summary,) for one in RULES.values()}
    lines = [*_list(("rule", "how it decides"), rows), *_shared(_settings(RULES))]
    for one in RULES.values():
        lines += [f"## `{one.name}`", "", meaning_of(one.settings), ""]
        lines += [*key_table(one.settings, "rule"), *_module(one.settings.__module__)]
    return lines


def formats_page() -> list[str]:
    """Every export format: who reads it, what it cannot express."""
    lines: list[str] = []
    for one in FORMATS.values():
        takes = (
            "kept solutions with step labels" if one.needs_steps else "solutions by their answer"
        )
        lines += [f"## `{one.name}`", "", f"{one.about.rstrip('.')}.", ""]
        lines += [f"- read by: {one.readers}", f"- not expressed: {one.loss or 'nothing'}"]
        lines += [f"- takes {takes}; soft labels: {'yes' if one.soft else 'no'}", ""]
    return lines


def problems_page() -> list[str]:
    """Every kind of problems with its keys."""
    rows = {one.name: (one.summary,) for one in PROBLEM_SOURCES.values()}
    lines = [*_list(("kind", "what is read"), rows), *_shared(_settings(PROBLEM_SOURCES))]
    parts: dict[Part, str] = {}
    for one in PROBLEM_SOURCES.values():
        inner = _headings(one.settings)
        links = {part.__name__: _to(heading) for part, heading in inner.items()}
        lines += [f"## `{one.name}`", "", meaning_of(one.settings), ""]
        lines += [*key_table(one.settings, "kind", links), *_inherited(one.settings)]
        parts |= inner
    for part, heading in parts.items():
        lines += [f"## {heading}", "", meaning_of(part), "", *key_table(part)]
    return lines


def run_file_page() -> list[str]:
    """Every key of a run file that is not a method's, a rule's or a kind of problems'."""
    tables: dict[str, Mapping[str, Any]] = {
        "methods": METHODS,
        "rules": RULES,
        "problems": PROBLEM_SOURCES,
    }
    elsewhere = {part: page for page, table in tables.items() for part in _settings(table)}
    headings = _headings(RunConfig, leave_out=set(elsewhere))
    links = {part.__name__: f"one of the [{page}]({page}.md)" for part, page in elsewhere.items()}
    links |= {part.__name__: _to(heading) for part, heading in headings.items()}
    lines = [meaning_of(RunConfig), "", *key_table(RunConfig, links=links)]
    lines += _shared(headings, links)
    for part, heading in headings.items():
        lines += [f"## {heading}", "", meaning_of(part), "", *key_table(part, links=links)]
        lines += _inherited(part)
    return lines


def splitters_and_answers_page() -> list[str]:
    """Splitters and readers of answers, which a run file names."""
    lines = ["## Splitters", "", "| `steps` | where a step ends |", "|---|---|"]
    lines += [f"| `{one.name}` | {one.says} |" for one in SPLITTERS.values()]
    lines += ["", "## Readers of answers", "", "| `answers` | what is read |", "|---|---|"]
    return lines + [f"| `{one.name}` | {one.summary} |" for one in READERS.values()]


def dataset_page() -> list[str]:
    """Every column of a row, from the contract of the newest schema version."""
    shape = json.loads(contract())
    lines = [f"## Columns of schema version {shape['version']}", ""]
    lines += ["| column | type | may be null | meaning |", "|---|---|---|---|"]
    return [*lines, *_columns(shape["columns"], "")]


def _columns(columns: list[dict[str, Any]], above: str) -> list[str]:
    lines = []
    for column in columns:
        name = f"{above}{column['name']}"
        null = "yes" if column["null"] else ""
        lines.append(f"| `{name}` | {column['type']} | {null} | {column.get('meaning', '')} |")
        lines += _columns(column.get("fields", []), f"{name}.")
    return lines


def _settings(table: Mapping[str, Any]) -> list[Part]:
    return [one.settings for one in table.values()]


def _list(heads: tuple[str, ...], rows: Mapping[str, tuple[str, ...]]) -> list[str]:
    """A table of names that lead to their sections."""
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    lines += [f"| [`{name}`](#{name}) | {' | '.join(cells)} |" for name, cells in rows.items()]
    return [*lines, ""]


def _headings(whole: Part, leave_out: Iterable[Part] = ()) -> dict[Part, str]:
    """Every part below a settings class with the place where it stands, as its heading."""
    found: dict[Part, str] = {}
    left_out = set(leave_out)
    waiting: list[tuple[str, Any]] = [(key, f.annotation) for key, f in whole.model_fields.items()]
    while waiting:
        place, kind = waiting.pop(0)
        if not is_part(kind):
            waiting += [(place, one) for one in get_args(kind)]
        elif kind not in found and kind not in left_out:
            below = getattr(kind, "model_fields", {})
            tags = [get_args(below[tag].annotation) for tag in ("kind", "rule") if tag in below]
            found[kind] = f"{place}: {tags[0][0]}" if tags else place
            waiting += [(f"{place}.{key}", field.annotation) for key, field in below.items()]
    return found


def _shared(parts: Iterable[Part], links: Mapping[str, str] = NO_LINKS) -> list[str]:
    """A section for what several of these inherit."""
    lines: list[str] = []
    for base in families(list(parts)):
        lines += [f"## {_called(base)}", "", meaning_of(base), "", *key_table(base, "kind", links)]
    return lines


def _inherited(part: Part) -> list[str]:
    """A line that leads to the keys of the classes above."""
    above = [_to(_called(base)) for base in families([part])]
    return [f"And: {', '.join(above)}.", ""] if above else []


def _called(base: Part) -> str:
    return SHARED_AS.get(base.__name__, base.__name__)


def _to(heading: str) -> str:
    """A link to a heading of the same page, whose anchor is made as Python-Markdown makes it."""
    words = re.sub(r"[^\w\s-]", "", heading.lower()).split()
    return f"[{heading}](#{'-'.join(words)})"


def _module(module: str) -> list[str]:
    """What a module says of itself: the paper, where we differ, what is not covered."""
    told = inspect.getdoc(importlib.import_module(module)) or ""
    return ["", *told.splitlines(), ""]
