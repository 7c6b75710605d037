"""Reads a run file: every mistake is one line that names the key and the remedy.

Paths in the file are relative to the file.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from labeler.bundled import run_file, run_files
from labeler.config.environments import Bm25Config, EnvironmentConfig, SqlConfig
from labeler.config.labelers import LabelerConfig
from labeler.config.models import ModelConfig, TransformersPolicy, VLLMPolicy
from labeler.config.run import RunConfig
from labeler.consensus.rules import RULES
from labeler.errors import ConfigError
from labeler.extensions import choose_among
from labeler.labelers.method import Prompted
from labeler.labelers.methods import METHODS
from labeler.problems.rows import Place
from labeler.problems.sources import PROBLEM_SOURCES

MEND = "mend it, or quote what is text"


class _Loader(yaml.SafeLoader):
    """Holds to what YAML says and PyYAML does not: a key stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen and isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(
                    problem=f"key {key.value!r} stands there twice", problem_mark=key.start_mark
                )
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)
        return super().construct_mapping(node, deep)


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> RunConfig:
    """Reads a run file, or one of ours by its name. Raises ConfigError.

    `overrides` are `key.sub=value` with YAML values.
    """
    path = run_file(Path(path))
    try:
        content = _plain(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        ours = choose_among(str(path), run_files())
        raise ConfigError(
            f"{path}: cannot read the run file ({error.strerror}); check the path, write one with "
            f"`labeler init`, or name one that comes along ({ours})"
        )
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not YAML (not text); mend the file")
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: a run file holds keys and values; see data/quickstart.yaml")
    for override in overrides:
        _override(content, override)
    return _resolved(_checked(str(path), content), path.parent)


def setting(override: str, example: str) -> tuple[str, Any]:
    """Key and value of `key=value`, the value in YAML; `example` is one. Raises ConfigError."""
    key, equals, value = override.partition("=")
    if not equals or not key or key.endswith("."):
        raise ConfigError(f"--set {override}: write key=value, for example --set {example}")
    return key, _plain(value, f"--set {key}")


def _plain(text: str, origin: str) -> Any:
    """What YAML says, as JSON has it: dates are text, for no key of a config is a date."""
    try:
        return json.loads(json.dumps(yaml.load(text, _Loader), default=str))
    except RecursionError:
        raise ConfigError(f"{origin}: not YAML (nested too deeply); {MEND}")
    # PyYAML lets Python's own errors pass, such as those of a 13th month or `!!bool x`.
    except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f":{where.line + 1}" if where and "\n" in text else ""
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise ConfigError(f"{origin}{line}: not YAML ({problem}); {MEND}")


def _override(content: dict[str, Any], override: str) -> None:
    key, value = setting(override, "problems.n=50")
    *parents, last = key.split(".")
    holder: Any = content
    for name in parents:
        if isinstance(holder, list) and name.isdigit() and int(name) < len(holder):
            holder = holder[int(name)]
        elif isinstance(holder, dict):
            holder = holder.setdefault(name, {})
    if isinstance(holder, list) and last.isdigit() and int(last) < len(holder):
        holder[int(last)] = value
    elif isinstance(holder, dict):
        holder[last] = value
    else:
        raise ConfigError(f"--set {override}: {'.'.join(parents)} holds no keys; check the path")


def _checked(origin: str, content: Mapping[str, Any]) -> RunConfig:
    try:
        # Through JSON, so that lists become tuples while strings do not become numbers.
        return RunConfig.model_validate_json(json.dumps(content))
    except ValidationError as error:
        raise ConfigError(f"{origin}: {one_line(error)}")
    except ConfigError as error:
        # Of a part that is no setting's alone, such as how hard generated problems are.
        raise ConfigError(f"{origin}: {error}")


def one_line(error: ValidationError) -> str:
    """The first mistake: key, what is wrong, remedy."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"] if part not in _tags(RunConfig))
    # A list whose only entry is a mistake is not too short as well.
    others = [one for one in error.errors()[1:] if one["type"] != "too_short"]
    more = f" (and {len(others)} more)" if others else ""
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"unknown key {key!r}; {_hint(first['loc'])}{more}"
    if first["type"] == "missing":
        return f"key {key!r} is missing; add it{more}"
    if first["type"].startswith("union_tag"):
        return f"key {key!r}: {_refused(first) or _unknown_name(first)}{more}"
    message = first["msg"].removeprefix("Value error, ")
    given = "" if isinstance(first["input"], dict) else f", got {first['input']!r}"
    return f"key {key!r}: {message}{given}{more}" if key else f"{message}{more}"


def _refused(mistake: Mapping[str, Any]) -> str:
    """Why a name of a package beside this one cannot be used, "" if that is not the matter."""
    given = mistake["input"] if isinstance(mistake["input"], dict) else {}
    tables = {"kind": (METHODS, PROBLEM_SOURCES), "rule": (RULES,)}
    for key, known in tables.items():
        for table in known:
            if given.get(key) in table.refused:
                return f"{given[key]}: {table.refused[given[key]]}"
    return ""


def _unknown_name(mistake: Mapping[str, Any]) -> str:
    """What to do about a kind or rule that is none of those there are."""
    context, given = mistake.get("ctx", {}), mistake["input"]
    tag = str(context.get("discriminator", "")).strip("'")
    if not isinstance(given, dict) or tag not in given or "expected_tags" not in context:
        return str(mistake["msg"])
    known = [name.strip("' ") for name in context["expected_tags"].split(",")]
    return f"{tag} {given[tag]}: {choose_among(str(given[tag]), known)}"


def _hint(path: Sequence[str | int]) -> str:
    """What to do about a key that is unknown at this path of the run file."""
    kinds = [part for part in path if part in _tags(RunConfig)]
    parts = [one for one in _parts(RunConfig) if not kinds or kinds[-1] in _names(one)]
    known = {key for part in parts for key in part.model_fields}
    close = difflib.get_close_matches(str(path[-1]), sorted(known - {path[-1]}), n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"{kinds[-1]} has {', '.join(sorted(known))}" if kinds else "remove it"


def _tags(model: type[BaseModel]) -> set[str]:
    """The names by which a part says what it is; pydantic puts them into the path of a mistake."""
    return {name for part in _parts(model) for name in _names(part)}


def _names(part: type[BaseModel]) -> tuple[str, ...]:
    """The kinds, engines or rules that a part may be."""
    fields = [part.model_fields.get(key) for key in ("kind", "rule")]
    return tuple(name for field in fields if field for name in get_args(field.annotation))


def _parts(model: type[BaseModel]) -> list[type[BaseModel]]:
    """A config and everything it is made of."""
    found: list[type[BaseModel]] = []
    waiting: list[Any] = [model]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found.append(kind)
            waiting += [field.annotation for field in kind.model_fields.values()]
        else:
            waiting += get_args(kind)
    return found


def _resolved(config: RunConfig, folder: Path) -> RunConfig:
    """The same config with paths made absolute."""
    problems = config.problems
    source = PROBLEM_SOURCES.find(problems.kind, "problems.kind")
    there = [key for key in source.paths_if_there if (folder / getattr(problems, key)).exists()]
    there += [key for key in source.path_or_id if not _is_id(getattr(problems, key), folder)]
    absolute = {key: _path(getattr(problems, key), folder) for key in (*source.paths, *there)}
    problems = problems.model_copy(update=absolute)
    models = {name: _with_paths(model, folder) for name, model in config.models.items()}
    return config.model_copy(
        update={
            "problems": problems,
            "policy": config.policy and _with_paths(config.policy, folder),
            "models": models,
            "environments": {
                name: _with_files(one, folder) for name, one in config.environments.items()
            },
            "labelers": tuple(_with_prompts(labeler, folder) for labeler in config.labelers),
        }
    )


def _is_id(place: str, folder: Path) -> bool:
    """Whether a place is a dataset on the Hub, with nothing of that name beside the run file."""
    return not (folder / place).exists() and Place(place).is_dataset


def _with_paths(model: ModelConfig, folder: Path) -> ModelConfig:
    if isinstance(model, TransformersPolicy):
        return model.model_copy(update={"model": _path(model.model, folder)})
    if isinstance(model, VLLMPolicy):
        model = _with_engine_paths(model, folder)
    if model.tokenizer and (folder / model.tokenizer).exists():
        return model.model_copy(update={"tokenizer": _path(model.tokenizer, folder)})
    return model


def _with_engine_paths(model: VLLMPolicy, folder: Path) -> VLLMPolicy:
    """A model that is a folder beside the run file, and the files beside it that `command` names.

    A name on the Hub stays as it is, and so does a program that is looked up on the PATH. Links are
    not followed: the Python of a virtual environment is one.
    """
    changed: dict[str, Any] = {}
    if (folder / model.model).exists():
        changed["model"] = _path(model.model, folder)
    changed["command"] = tuple(
        str((folder / word).absolute()) if "/" in word and (folder / word).exists() else word
        for word in model.command
    )
    return model.model_copy(update=changed)


def _with_files(environment: EnvironmentConfig, folder: Path) -> EnvironmentConfig:
    """An environment with the files that it reads where they are."""
    if isinstance(environment, Bm25Config):
        return environment.model_copy(update={"corpus": _path(environment.corpus, folder)})
    if isinstance(environment, SqlConfig):
        tables = {name: _path(file, folder) for name, file in environment.tables.items()}
        database = environment.database and _path(environment.database, folder)
        return environment.model_copy(update={"tables": tables, "database": database})
    return environment


def _with_prompts(labeler: LabelerConfig, folder: Path) -> LabelerConfig:
    """A prompt set that is a path is one beside the run file; a bare name is one of ours."""
    if not isinstance(labeler, Prompted) or Path(labeler.prompts).name == labeler.prompts:
        return labeler
    return labeler.model_copy(update={"prompts": _path(labeler.prompts, folder)})


def _path(text: str, folder: Path) -> str:
    return str((folder / Path(text).expanduser()).resolve())
