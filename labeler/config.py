"""A run is one YAML file, checked when it is loaded; every mistake is one line naming the key.

Paths in the file are relative to the file. `RunConfig.identity` is what decides labels; the rest
(devices, addresses, shards, retries) may change between a run and its resumption.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from labeler.errors import ConfigError

OPERATIONAL = {
    "name": True,
    "run": True,
    "policy": {"device", "rows_per_batch", "urls", "concurrency", "timeout_s", "api_key_env"},
}
"""What cannot change labels, and so is no part of a run's identity."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class DifficultyConfig(_Strict):
    """Oracle problems: steps without the answer, largest number, chance of a distractor."""

    min_steps: Annotated[int, Field(ge=2, le=16)] = 4
    max_steps: Annotated[int, Field(ge=2, le=16)] = 8
    max_number: Annotated[int, Field(ge=40)] = 150
    distractors: Annotated[float, Field(ge=0, lt=1)] = 0.15

    @model_validator(mode="after")
    def _ordered(self) -> DifficultyConfig:
        if self.min_steps > self.max_steps:
            raise ValueError(f"min_steps {self.min_steps} is above max_steps {self.max_steps}")
        return self


class OracleProblems(_Strict):
    """Generated word problems with known truth."""

    kind: Literal["oracle"]
    n: Annotated[int, Field(ge=1)]
    seed: int = 1
    difficulty: DifficultyConfig = DifficultyConfig()


class FileProblems(_Strict):
    """GSM8K or MATH lines, or a plain JSONL/Parquet file of problems."""

    kind: Literal["gsm8k", "math", "plain"]
    path: str
    limit: Annotated[int, Field(ge=1)] | None = None


class HubProblems(_Strict):
    """A Hugging Face dataset id or local folder; `columns` maps problem fields to its columns.

    `form` gsm8k or math reads the columns that those sets have (question, answer, ...).
    """

    kind: Literal["hub"]
    dataset: str
    columns: dict[str, str]
    form: Literal["columns", "gsm8k", "math"] = "columns"
    split: str = "train"
    subset: str | None = None
    revision: str | None = None
    limit: Annotated[int, Field(ge=1)] | None = None


class SamplingConfig(_Strict):
    """How rollouts are drawn."""

    temperature: Annotated[float, Field(ge=0)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    top_k: Annotated[int, Field(ge=0)] = 0
    max_tokens: Annotated[int, Field(ge=1)] = 512
    stop: tuple[str, ...] = ()


class _PolicyPrompt(_Strict):
    template: str = "{problem}"
    system: str = ""
    delimiter: Annotated[str, Field(min_length=1)] = "\n\n"
    sampling: SamplingConfig = SamplingConfig()

    @model_validator(mode="after")
    def _one_place(self) -> _PolicyPrompt:
        if self.template.count("{problem}") != 1:
            raise ValueError("template must hold {problem} exactly once")
        return self


class TransformersPolicy(_PolicyPrompt):
    """A model in this process: a folder in Hugging Face layout."""

    kind: Literal["transformers"]
    model: str
    dtype: Literal["auto", "float32", "bfloat16"] = "float32"
    deterministic: bool = False
    device: str = "auto"
    rows_per_batch: Annotated[int, Field(ge=1)] = 64


class OpenAIPolicy(_PolicyPrompt):
    """Any OpenAI-compatible server; `tokenizer` renders chat prompts for the completions API."""

    kind: Literal["openai"]
    model: str
    urls: Annotated[list[str], Field(min_length=1)]
    api: Literal["completions", "chat"] = "chat"
    tokenizer: str | None = None
    api_key_env: str | None = None
    concurrency: Annotated[int, Field(ge=1)] = 64
    timeout_s: Annotated[float, Field(gt=0)] = 600.0


class DifficultyFilter(_Strict):
    """Keeps problems whose share of right samples lies within the bounds (OmegaPRM, appendix A).

    `samples` rollouts are drawn per problem; the paper draws 32 and drops shares of 0 and 1.
    """

    samples: Annotated[int, Field(ge=1)] = 32
    above: Annotated[float, Field(ge=0, lt=1)] = 0.0
    below: Annotated[float, Field(gt=0, le=1)] = 1.0


class OutcomeLabeler(_Strict):
    """The last step, by its answer."""

    kind: Literal["outcome"]


class MonteCarloLabeler(_Strict):
    """k rollouts from every prefix."""

    kind: Literal["monte_carlo"]
    k: Annotated[int, Field(ge=1)] = 8


class OmegaPRMLabeler(_Strict):
    """Tree search with binary search; the paper's constants."""

    kind: Literal["omegaprm"]
    k: Annotated[int, Field(ge=2)] = 8
    search_limit: Annotated[int, Field(ge=1)] = 100
    alpha: Annotated[float, Field(gt=0, le=1)] = 0.5
    beta: Annotated[float, Field(gt=0, le=1)] = 0.9
    length_scale: Annotated[int, Field(ge=1)] = 500
    c_puct: Annotated[float, Field(ge=0)] = 0.125
    unit: Literal["steps", "tokens"] = "steps"
    pieces: Annotated[int, Field(ge=2)] = 16


class FirstZeroRule(_Strict):
    """The papers' rule: the first MC = 0."""

    rule: Literal["first_zero"]


class PosteriorRule(_Strict):
    """P(place of the first error) from all counts; decides from `min_confidence` on."""

    rule: Literal["posterior"]
    min_confidence: Annotated[float, Field(gt=0, lt=1)] = 0.8


class RunOptions(_Strict):
    """How a run runs; never changes labels."""

    shards: Annotated[int, Field(ge=1)] = 4
    max_active: Annotated[int, Field(ge=1)] = 256
    attempts: Annotated[int, Field(ge=1)] = 8
    longest_pause_s: Annotated[float, Field(gt=0)] = 60.0


LabelerConfig = Annotated[
    OutcomeLabeler | MonteCarloLabeler | OmegaPRMLabeler, Field(discriminator="kind")
]


class RunConfig(_Strict):
    """Everything a labelling run is."""

    name: str = "run"
    seed: int = 0
    problems: Annotated[OracleProblems | FileProblems | HubProblems, Field(discriminator="kind")]
    drop_duplicates: bool = True
    policy: Annotated[TransformersPolicy | OpenAIPolicy, Field(discriminator="kind")]
    solutions: Annotated[int, Field(ge=0)] = 4
    difficulty_filter: DifficultyFilter | None = None
    labelers: Annotated[tuple[LabelerConfig, ...], Field(min_length=1)]
    consensus: Annotated[FirstZeroRule | PosteriorRule, Field(discriminator="rule")] = (
        PosteriorRule(rule="posterior")
    )
    run: RunOptions = RunOptions()

    @model_validator(mode="after")
    def _labelers_have_work(self) -> RunConfig:
        kinds = [labeler.kind for labeler in self.labelers]
        if len(set(kinds)) < len(kinds):
            raise ValueError("labelers: each kind may stand once; merge the two entries")
        if self.solutions == 0 and "omegaprm" not in kinds:
            raise ValueError("solutions is 0 and no omegaprm searches: nothing would be labelled")
        return self

    def identity(self) -> str:
        """Hash of all that decides labels (64 hex digits)."""
        content = self.model_dump(mode="json", exclude=OPERATIONAL)  # type: ignore[arg-type]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> RunConfig:
    """Reads a run file; `overrides` are `key.sub=value` with YAML values. Raises ConfigError."""
    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot read the run file ({error.strerror}); check the path")
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f":{where.line + 1}" if where else ""
        problem = getattr(error, "problem", None) or "not text"
        raise ConfigError(f"{path}{line}: not YAML ({problem}); mend the line")
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: a run file holds keys and values; see data/quickstart.yaml")
    for override in overrides:
        _override(content, override)
    return _resolved(_checked(str(path), content), path.parent)


def _override(content: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    *parents, last = key.split(".")
    if not equals or not last:
        raise ConfigError(f"--set {override}: write key=value, for example --set problems.n=50")
    place: Any = content
    for name in parents:
        if isinstance(place, list) and name.isdigit() and int(name) < len(place):
            place = place[int(name)]
        elif isinstance(place, dict):
            place = place.setdefault(name, {})
    if isinstance(place, list) and last.isdigit() and int(last) < len(place):
        place[int(last)] = yaml.safe_load(value)
    elif isinstance(place, dict):
        place[last] = yaml.safe_load(value)
    else:
        raise ConfigError(f"--set {override}: {'.'.join(parents)} holds no keys; check the path")


def _checked(origin: str, content: Mapping[str, Any]) -> RunConfig:
    try:
        # Through JSON, so that lists become tuples while strings do not become numbers.
        return RunConfig.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        raise ConfigError(f"{origin}: {_one_line(error)}")


def _one_line(error: ValidationError) -> str:
    """The first mistake: key, what is wrong, remedy."""
    first = error.errors()[0]
    tags = {"oracle", "gsm8k", "math", "plain", "hub", "transformers", "openai", "outcome"}
    tags |= {"monte_carlo", "omegaprm", "first_zero", "posterior"}
    key = ".".join(str(part) for part in first["loc"] if part not in tags)
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if first["type"] == "extra_forbidden":
        unknown = str(first["loc"][-1])
        close = difflib.get_close_matches(unknown, sorted(_all_keys(RunConfig)), n=1)
        hint = f"did you mean {close[0]!r}?" if close else "remove it"
        return f"unknown key {key!r}; {hint}{more}"
    if first["type"] == "missing":
        return f"key {key!r} is missing; add it{more}"
    if first["type"].startswith("union_tag"):
        return f"key {key!r}: {first['msg']}{more}"
    message = first["msg"].removeprefix("Value error, ")
    given = "" if isinstance(first["input"], dict) else f", got {first['input']!r}"
    return f"key {key!r}: {message}{given}{more}" if key else f"{message}{more}"


def _all_keys(model: type[BaseModel]) -> set[str]:
    keys: set[str] = set()
    waiting: list[Any] = [model]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            keys |= set(kind.model_fields)
            waiting += [field.annotation for field in kind.model_fields.values()]
        else:
            waiting += get_args(kind)
    return keys


def _resolved(config: RunConfig, folder: Path) -> RunConfig:
    """The same config with paths made absolute."""
    problems, policy = config.problems, config.policy
    if isinstance(problems, FileProblems):
        problems = problems.model_copy(update={"path": _path(problems.path, folder)})
    elif isinstance(problems, HubProblems) and (folder / problems.dataset).exists():
        problems = problems.model_copy(update={"dataset": _path(problems.dataset, folder)})
    if isinstance(policy, TransformersPolicy):
        policy = policy.model_copy(update={"model": _path(policy.model, folder)})
    elif policy.tokenizer and (folder / policy.tokenizer).exists():
        policy = policy.model_copy(update={"tokenizer": _path(policy.tokenizer, folder)})
    return config.model_copy(update={"problems": problems, "policy": policy})


def _path(text: str, folder: Path) -> str:
    return str((folder / Path(text).expanduser()).resolve())


def contract() -> str:
    """The JSON schema of a run file, for editors; `schemas/run_config.v1.json`."""
    return json.dumps(RunConfig.model_json_schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    print(contract(), end="")
