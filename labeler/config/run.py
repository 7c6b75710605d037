"""Everything a labelling run is, and what of it decides labels.

`RunConfig.identity` is what decides labels; the rest (devices, addresses, shards, retries) may
change between a run and its resumption.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from labeler.config.acquire import Acquire
from labeler.config.answers import AnswerPattern
from labeler.config.consensus import ConsensusConfig
from labeler.config.content import without_paths
from labeler.config.earlier import PROMPTS_OF_THEN, without_later_keys
from labeler.config.environments import ENVIRONMENT_OPERATIONS, Environments
from labeler.config.execution import Execution
from labeler.config.labelers import LabelerConfig
from labeler.config.models import ModelConfig
from labeler.config.prices import Prices
from labeler.config.problems import DifficultyFilter, ProblemsConfig
from labeler.config.sandbox import SANDBOX_OPERATIONS, BubblewrapConfig, SandboxConfig
from labeler.consensus.fusion import FusionRule
from labeler.labelers.methods import METHODS
from labeler.problems.sources import PROBLEM_SOURCES
from labeler.samplers.reward.families import FAMILIES
from labeler.settings import Strict

MODEL_OPERATIONS = {"device", "rows_per_batch", "urls", "concurrency", "timeout_s", "api_key_env"}
MODEL_OPERATIONS |= {"replicas", "command", "env", "host", "port", "tensor_parallel", "gpu_memory"}
MODEL_OPERATIONS |= {"devices", "start_timeout_s", "restarts", "batch"}
OPERATIONAL = {
    "name": True,
    "keep_deleted": True,
    "run": True,
    "execution": True,
    "prices": True,
    "policy": MODEL_OPERATIONS,
    "models": {"__all__": MODEL_OPERATIONS},
    "sandbox": SANDBOX_OPERATIONS,
    "environments": {"__all__": ENVIRONMENT_OPERATIONS},
}
"""What cannot change labels, and so is no part of a run's identity."""


class RunOptions(Strict):
    """How a run runs; never changes labels."""

    shards: Annotated[int, Field(ge=1)] = 4
    """Parts that a run is cut into; each is staged when it is done, and a task of its flow."""
    max_active: Annotated[int, Field(ge=1)] = 256
    """Problems whose conversations are under way at once."""
    attempts: Annotated[int, Field(ge=1)] = 12
    """How often a request is asked before it is given up; 12 take some 80 s in all."""
    longest_pause_s: Annotated[float, Field(gt=0)] = 60.0
    """Pauses between attempts double up to this."""
    probe: bool = True
    """Whether models are asked what they can do (`samplers/probe.py`) before the first problem."""


class RunConfig(Strict):
    """Everything a labelling run is."""

    name: str = "run"
    """What the run is called in lists and on Prefect's page."""
    seed: int = 0
    """All seeds are derived from it, the problem and the prefix."""
    problems: ProblemsConfig
    """What is labelled."""
    drop_duplicates: bool = True
    """Exact and near duplicates are dropped; problems that differ in numbers only are kept."""
    keep_deleted: bool = False
    """Whether `incremental` keeps the labels of problems that the source holds no more."""
    earlier_labels: Literal["anew", "kept"] = "anew"
    """What `incremental` does with earlier rows where the rule of consensus learns: all are decided
    anew with the new ones; or they keep their labels, and the newest 20,000 solutions teach how the
    new ones are decided.
    """
    policy: ModelConfig | None = None
    """Who solves the problems; may be left out where solutions are given and no model is asked."""
    models: dict[str, ModelConfig] = Field(default={})
    """Further models by name, for labelers that ask another one than the policy."""
    steps: Literal["delimiter", "auto", "lines"] = "delimiter"
    """How solutions are split: behind every `policy.delimiter`, as replies of chat models are laid
    out (`auto`), or by lines (`labeler.steps.splitters`).
    """
    answers: str | AnswerPattern = "auto"
    """Reader of final answers: auto, marked, last_number, strict; or {regex: PATTERN}."""
    unreadable: Literal["unknown", "wrong"] = "unknown"
    """What a reply without a readable answer is held for."""
    solutions: Annotated[int, Field(ge=0)] = 4
    """How many are sampled of each problem."""
    difficulty_filter: DifficultyFilter | None = None
    """Drops problems that are too easy or too hard; how many samples were right stands in the
    reason.
    """
    labelers: Annotated[tuple[LabelerConfig, ...], Field(min_length=1)]
    """Who gives evidence; each kind once. Searches go first, so that the others see what they
    wrote.
    """
    acquire: Acquire | None = None
    """Whom to ask about what, to a target or a budget; left out, every labeler about everything."""
    consensus: ConsensusConfig = FusionRule()
    """What makes labels of evidence."""
    environments: Environments = Field(default={})
    """Tools by name, and what answers their calls. With them the policy solves problems, and goes
    on from prefixes, by calling them (docs/agents.md)."""
    max_turns: Annotated[int, Field(ge=1)] = 8
    """Turns of a trajectory; a rollout that still calls something in the last has no answer."""
    turns_as: Literal["text", "messages"] = "text"
    """How the policy is shown its earlier turns: as the beginning of its one answer, or as messages
    of a chat, what tools answered among them."""
    sandbox: SandboxConfig = BubblewrapConfig(kind="bubblewrap")
    """Where programs of models run."""
    run: RunOptions = RunOptions()
    """How the run runs; never changes labels."""
    execution: Execution = Execution()
    """Where shards are labelled; never changes labels."""
    prices: Prices | None = None
    """What models cost, and how much the run may spend."""

    @model_validator(mode="after")
    def _labelers_have_work(self) -> RunConfig:
        kinds = [labeler.kind for labeler in self.labelers]
        source = PROBLEM_SOURCES.find(self.problems.kind, "problems.kind")
        is_solved = source.read_solutions is not None
        if len(set(kinds)) < len(kinds):
            raise ValueError("labelers: each kind may stand once; merge the two entries")
        if "policy" in self.models:
            raise ValueError("models: 'policy' is the key `policy:`; give this model another name")
        if self.policy is None and not is_solved and self.solutions:
            raise ValueError("policy is missing: somebody has to solve the problems; add it")
        asking = [one.kind for one in self.labelers if "policy" in one.models]
        if self.policy is None and asking:
            raise ValueError(f"policy is missing: {asking[0]} asks it; add it")
        for labeler in self.labelers:
            for asked in labeler.models:
                if asked != "policy" and asked not in self.models:
                    known = ", ".join(["policy", *self.models])
                    raise ValueError(
                        f"labelers: {labeler.kind} asks model {asked!r}; known: {known}"
                    )
        self._models_can(self.labelers)
        writes = any(one.writes_solutions for one in METHODS.values() if one.name in kinds)
        if self.solutions == 0 and not writes and not is_solved:
            raise ValueError("solutions is 0 and no labeler writes any: nothing would be labelled")
        return self

    @model_validator(mode="after")
    def _turns_are_steps(self) -> RunConfig:
        if self.environments and self.policy is None:
            raise ValueError("environments: nobody calls them without a policy; add policy")
        in_tokens = [one.kind for one in self.labelers if getattr(one, "unit", "") == "tokens"]
        if self.environments and in_tokens:
            raise ValueError(
                f"labelers: {in_tokens[0]} cuts between tokens, and a call cannot be cut; set its "
                "unit: steps"
            )
        return self

    @model_validator(mode="after")
    def _prices_hold(self) -> RunConfig:
        if self.prices is None:
            return self
        asked = {**({"policy": self.policy} if self.policy else {}), **self.models}
        if unknown := sorted(self.prices.models.keys() - asked.keys()):
            raise ValueError(
                f"prices: no model is called {unknown[0]!r}; models are {', '.join(asked)}"
            )
        if self.prices.limit is None:
            return self
        if self.execution.engine != "local":
            raise ValueError(
                "prices.limit: holds in one process; take it out, or execution.engine: local"
            )
        priceless = [
            n for n, m in asked.items() if m.kind == "openai" and n not in self.prices.models
        ]
        if priceless:
            raise ValueError(
                f"prices.limit: what {priceless[0]} costs is not known; add it to prices.models "
                "(0 and 0 where it is yours)"
            )
        return self

    @model_validator(mode="after")
    def _acquires_what_it_has(self) -> RunConfig:
        if self.acquire is None:
            return self
        if not isinstance(self.consensus, FusionRule):
            raise ValueError(
                f"acquire: consensus.rule {self.consensus.rule} does not learn what a labeler "
                "is worth; take fusion"
            )
        kinds = [labeler.kind for labeler in self.labelers]
        if unknown := [name for name in self.acquire.sources if name not in kinds]:
            raise ValueError(
                f"acquire.sources: {unknown[0]} is not among labelers: {', '.join(kinds)}"
            )
        if writing := [n for n in kinds if METHODS.find(n, "labelers:").writes_solutions]:
            raise ValueError(
                f"acquire: {writing[0]} writes solutions of its own, so it cannot be asked about "
                "one; take it out of labelers (bisect searches solutions that are there)"
            )
        budget = self.acquire.budget
        if budget is not None and budget.usd is not None and self.prices is None:
            raise ValueError("acquire.budget.usd: nobody knows what a token costs; add prices:")
        return self

    def _models_can(self, labelers: tuple[LabelerConfig, ...]) -> None:
        """Raises `ValueError` where a reward model is asked for text, or another one for scores."""
        if getattr(self.policy, "family", None) is not None:
            raise ValueError(
                "policy.family: a reward model solves no problem; name it under models:"
            )
        for labeler in labelers:
            for name in labeler.models:
                is_reward = getattr(self.models.get(name), "family", None) is not None
                if name in labeler.reward_models and not is_reward:
                    raise ValueError(
                        f"labelers: {labeler.kind} asks model {name!r} for scores of steps, and "
                        f"that is no reward model; name one under models: and give it a family "
                        f"({', '.join(FAMILIES)})"
                    )
                if is_reward and name not in labeler.reward_models:
                    raise ValueError(
                        f"labelers: {labeler.kind} asks model {name!r}, and a reward model writes "
                        "no text; ask another one"
                    )

    def identity(self) -> str:
        """Hash of all settings that decide labels (64 hex digits): content counts, no path does."""
        return _sha(without_paths(self._deciding()))

    def earlier_identity(self) -> str:
        """The same as it was when paths counted, by which older runs are recognised."""
        content = self._deciding()
        without_later_keys(self, content)
        for one in self.labelers:
            if (ours := PROMPTS_OF_THEN.get(getattr(one, "prompts", ""))) is not None:
                content["prompts_sha"][one.kind] = ours
        return _sha(content)

    def _deciding(self) -> dict[str, Any]:
        content: dict[str, Any] = self.model_dump(mode="json", exclude=OPERATIONAL)  # type: ignore[arg-type]
        if self.acquire is None:
            del content["acquire"]  # so that runs without it are the runs they were
        if self.earlier_labels == "anew":
            del content["earlier_labels"]
        if not self.environments:
            for later in ("environments", "max_turns", "turns_as"):
                del content[later]
        # Whoever edits a prompt gets other labels, although the run file stays the same.
        if prompts := {one.kind: one.prompts_sha for one in self.labelers if one.prompts_sha}:
            content["prompts_sha"] = prompts
        return content


def _sha(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def contract() -> str:
    """The JSON schema of a run file, for editors; `schemas/run_config.v1.json`."""
    return json.dumps(RunConfig.model_json_schema(), indent=2, sort_keys=True) + "\n"
