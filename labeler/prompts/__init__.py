"""Prompts as files that a user can edit: a folder (a prompt set) with one YAML file per task.

    version: 1            # whoever edits the words raises it; the hash tells versions apart anyway
    reply: json           # how the model is to reply: json, or lines (one line per step)
    first_number: 1       # what the prompt calls the first step
    messages:             # Jinja templates; VARIABLES lists what they may use
      - {role: user, content: "Judge: {{ problem }} ..."}
    schema: {...}         # JSON schema of the reply, for servers with guided decoding
    exemplars: FILE       # worked examples beside the file, shown as earlier turns

Two sets come with the package: `default`, for instructed language models, and `embedded`, the
fixed tasks of the embedded policy. A set of one's own is a copy of one of them, named by its path.
Texts of problems and solutions are values, never templates: no text of theirs is interpreted, and
none can close the tag it stands in (`as_data`).
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from jinja2 import StrictUndefined, Template, TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from labeler.driver.requests import Message, Prompt
from labeler.errors import ConfigError
from labeler.prompts.as_data import as_data, boundary, tag_names
from labeler.records import short_hash

VARIABLES: Mapping[str, Any] = {
    "problem": "",
    "context": (),
    "steps": (),
    "candidates": (),
    "tools": "",
    "reference": (),
    "own_solution": "",
    "gold_answer": None,
    "every_step": False,
    "swapped": False,
    "critiques": (),
    "rubric": "",
    "place": 0,
    "first_number": 1,
    "tool_program": "",
    "tool_output": "",
    "tool_failed": "",
}
"""What templates may use, and what stands for it where a labeler gives none."""

PAIR = "pair"
"""The task of `labeler eval --pairs`. No label rests on it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _MessageFile(_Strict):
    role: Literal["system", "user", "assistant"]
    content: str


class _TaskFile(_Strict):
    version: int
    reply: Literal["json", "lines", "text"]
    first_number: Literal[0, 1] = 1
    messages: list[_MessageFile] = Field(min_length=1)
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")
    exemplars: str | None = None


class Exemplar(_Strict):
    """A worked example: values for the user's message, and the reply to it."""

    values: dict[str, Any]
    reply: dict[str, Any]
    all_right: bool
    """Whether its solution is right throughout; both kinds are always shown."""


@dataclass(frozen=True)
class Task:
    """One prompt; `sha` is the hash (16 hex digits) of all that it is made of."""

    name: str
    version: int
    reply: Literal["json", "lines", "text"]
    first_number: int
    messages: tuple[tuple[str, str], ...]
    schema: str
    exemplars: tuple[Exemplar, ...]
    variables: frozenset[str]
    sha: str

    def prompt(self, *, shown: Sequence[Exemplar] = (), **values: Any) -> Prompt:
        """The conversation with `values` in their places, after the exemplars that are shown."""
        *before, (_, asked) = self.messages
        turns = [Message(role, self._fill(content, values)) for role, content in before]
        for example in shown:
            turns.append(Message("user", self._fill(asked, example.values)))
            turns.append(Message("assistant", json.dumps(example.reply, ensure_ascii=False)))
        return Prompt((*turns, Message("user", self._fill(asked, values))))

    def draw(self, n: int, seed: int) -> tuple[Exemplar, ...]:
        """`n` exemplars at random, a right and a wrong solution among them where n > 1."""
        rng = random.Random(seed)
        drawn = rng.sample(self.exemplars, min(n, len(self.exemplars)))
        for kind in (True, False):
            others = [one for one in self.exemplars if one.all_right is kind]
            if len(drawn) > 1 and others and all(one.all_right is not kind for one in drawn):
                drawn[0] = rng.choice(others)
        return tuple(drawn)

    def _fill(self, template: str, values: Mapping[str, Any]) -> str:
        opens = boundary(tag_names(content for _, content in self.messages))
        data = {name: as_data(value, opens) for name, value in values.items()}
        known = {**VARIABLES, "first_number": self.first_number, **data}
        return _template(template).render(known)


@dataclass(frozen=True)
class PromptSet:
    """All tasks of a folder."""

    folder: str
    tasks: Mapping[str, Task]

    @property
    def sha(self) -> str:
        """8 hex digits over all its tasks that labels may rest on."""
        return prompts_sha([task for name, task in self.tasks.items() if name != PAIR])

    def task(self, name: str, *needed: str) -> Task:
        """Raises `ConfigError` where the set has no such task, or one without a `needed` value."""
        if name not in self.tasks:
            raise ConfigError(f"prompts: {self.folder} has no {name}.yaml; add it, or turn it off")
        task = self.tasks[name]
        for variable in needed:
            if variable not in task.variables:
                raise ConfigError(
                    f"prompts: {self.folder}/{name}.yaml has no place for {{{{ {variable} }}}}; "
                    "add it, or turn the setting off"
                )
        return task


def prompts_sha(tasks: Sequence[Task]) -> str:
    """8 hex digits over the tasks that a labeler uses; part of its version in the evidence."""
    return short_hash(*(part for task in tasks for part in (task.name, task.sha)))[:8]


@cache
def load_prompts(name: str) -> PromptSet:
    """The set `default` or `embedded`, or that in the folder `name`. Raises `ConfigError`."""
    folder = Path(name)
    if folder.name == name:
        folder = Path(__file__).parent / name
    if not folder.is_dir():
        raise ConfigError(
            f"prompts: {name} is no folder; use default, embedded, or a path to yours"
        )
    files = sorted(path for path in folder.glob("*.yaml") if "exemplars" not in path.name)
    return PromptSet(name, {path.stem: _read_task(path) for path in files})


def _read_task(path: Path) -> Task:
    text = _text(path)
    try:
        read = _TaskFile.model_validate(_yaml(path, text))
    except ValidationError as error:
        raise _mistake(path, error) from error
    if read.messages[-1].role != "user":
        raise ConfigError(f"{path}: the last message must be the user's; reorder `messages`")
    shown = ""
    exemplars: tuple[Exemplar, ...] = ()
    if read.exemplars is not None:
        shown = _text(path.parent / read.exemplars)
        exemplars = _read_exemplars(path.parent / read.exemplars, shown)
    variables = frozenset(v for m in read.messages for v in _variables(path, m.content))
    return Task(
        name=path.stem,
        version=read.version,
        reply=read.reply,
        first_number=read.first_number,
        messages=tuple((m.role, m.content) for m in read.messages),
        schema=json.dumps(read.schema_, sort_keys=True) if read.schema_ else "",
        exemplars=exemplars,
        variables=variables,
        sha=short_hash(text, shown),
    )


def _read_exemplars(path: Path, text: str) -> tuple[Exemplar, ...]:
    try:
        read = TypeAdapter(list[Exemplar]).validate_python(_yaml(path, text))
    except ValidationError as error:
        raise _mistake(path, error) from error
    for example in read:
        if unknown := set(example.values) - set(VARIABLES):
            raise ConfigError(f"{path}: unknown value {min(unknown)!r}; one of {_names()}")
    return tuple(read)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); check the file") from error


def _yaml(path: Path, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{line}: not YAML; mend the line") from error


def _mistake(path: Path, error: ValidationError) -> ConfigError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    return ConfigError(f"{path}: key {key!r}: {first['msg']}; see labeler/prompts/default")


def _variables(path: Path, template: str) -> set[str]:
    try:
        used = meta.find_undeclared_variables(_ENVIRONMENT.parse(template))
    except TemplateSyntaxError as error:
        raise ConfigError(f"{path}: a message is no template ({error.message}); mend it") from error
    if unknown := used - set(VARIABLES):
        raise ConfigError(f"{path}: unknown value {min(unknown)!r}; one of {_names()}")
    return used


def _names() -> str:
    return ", ".join(VARIABLES)


_ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
)


@cache
def _template(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)
