"""A labelling method: one record that says all that the rest of the house must know of it.

Nobody else keeps a set of names of methods: consensus, exports, refresh, the command line and the
documentation read these records (`labeler.labelers.methods` lists them). No trait has a default, so
that a new method cannot forget one; what contradicts itself is an error when it is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from labeler.driver.conversation import Conversation
from labeler.driver.requests import POLICY
from labeler.labelers.base import Findings, Policy
from labeler.labelers.shared import last_step
from labeler.prompts import PromptSet, Task, load_prompts
from labeler.records import Asks, Evidence, Problem, Sampling, Solution, Verdict, prefix_ids
from labeler.settings import Strict, always_says
from labeler.turns.step import turn_steps

Labeler = Callable[[Problem, tuple[Solution, ...]], Conversation[Findings]]
"""A method with its settings bound: gets a problem and the solutions that there are."""


class MethodSettings(Strict):
    """What stands under a method's `kind` in a run file; the conversation gets this very object.

    A subclass declares `kind: Literal["its_name"] = "its_name"`, and a default for every setting.
    The first line of its docstring says what is labelled, and how.
    """

    model_config = always_says("kind")
    if TYPE_CHECKING:
        kind: str = ""

    @property
    def models(self) -> tuple[str, ...]:
        """The models of a run, by name, that the method asks under these settings."""
        return ()

    @property
    def reward_models(self) -> tuple[str, ...]:
        """Those of them that must be reward models: they are asked for scores of steps."""
        return ()

    @property
    def prompts_sha(self) -> str:
        """Hash of the prompt files that it asks with; "" for a method that has none."""
        return ""

    @property
    def weighs_tokens(self) -> bool:
        """Whether it needs the tokens of completions, with their log-probabilities."""
        return False

    @property
    def keeps_logprobs(self) -> bool:
        """Whether the policy's solutions are to be sampled with their log-probabilities."""
        return False

    @property
    def scores_with(self) -> tuple[str, ...]:
        """The models that it asks for the log-probabilities of given texts."""
        return ()

    @property
    def begins_with_scores(self) -> bool:
        """Whether it searches from places that scores point to (`Policy.signals`)."""
        return False


class AsksPolicy(MethodSettings):
    """Settings of a method that asks the policy for rollouts."""

    @property
    def models(self) -> tuple[str, ...]:
        return (POLICY,)


class Prompted(MethodSettings):
    """What methods share that ask a model about steps: which one, with which prompts, how."""

    model: str = POLICY
    """Who is asked: policy, or a name under `models:`."""
    prompts: str = "default"
    """Whose words: default, embedded (what the embedded policy was taught), or your own folder."""
    structured: bool = True
    """Whether servers that can are to hold the reply to the task's JSON schema."""
    temperature: Annotated[float, Field(ge=0)] = 0.0
    """Of the replies."""
    max_tokens: Annotated[int, Field(ge=1)] = 4096
    """Of a reply; what is cut off by it says nothing."""

    @property
    def models(self) -> tuple[str, ...]:
        return (self.model,)

    @property
    def prompt_set(self) -> PromptSet:
        """The prompt files. Raises `ConfigError` where they cannot be read."""
        return load_prompts(self.prompts)

    @property
    def prompts_sha(self) -> str:
        return self.prompt_set.sha

    @property
    def sampling(self) -> Sampling:
        return Sampling(temperature=self.temperature, max_tokens=self.max_tokens)


def no_prompts(settings: MethodSettings) -> Sequence[Task]:
    """Of a method that asks with no prompts of a file."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """What a labelling method is.

    `version` tells labels of one form of its code from those of another: whoever changes what it
    says raises it, and `labeler refresh` finds the labels that are stale. `conversation` is called
    with `settings=` and `policy=`. `prompts` gives the prompts that it asks with under given
    settings, and raises `ConfigError` where a prompt set lacks one.
    """

    name: str
    version: str
    settings: type[MethodSettings]
    conversation: Callable[..., Conversation[Findings]]
    asks: frozenset[Asks]
    """What its evidence is about: value, correctness, or both."""
    asks_model: bool
    rolls_out: bool
    """Its evidence is how the policy goes on from the beginning of a solution."""
    runs_programs: bool
    """Needs a sandbox."""
    writes_solutions: bool
    """Writes the solutions that it labels, and so goes before those that label what is there."""
    is_tool: bool
    """Computes: speaks where it is certain, and its counts are claims that hold, not votes."""
    may_say_right: bool
    """Without, what it does not call wrong stays open: its silence is no verdict."""
    of_whole_answers: bool
    """Its evidence of value is about a solution's answer itself, not about going on from there."""
    backs_values_up: bool
    """Counts a rollout at every prefix that it passes through, not only where it began."""
    needs_reference: bool
    """Says nothing of a problem without a reference solution; no judge in the papers' sense."""
    only_of_wrong_answers: bool
    """Speaks of solutions with a wrong answer only: that it is silent on others is no verdict."""
    by_place: bool
    """How high its scores are depends on where a step stands, beside whether it is right."""
    prompts: Callable[[Any], Sequence[Task]]

    def __post_init__(self) -> None:
        """Raises `ValueError` where the record contradicts its settings."""
        default = self.settings()
        if default.kind != self.name:
            raise ValueError(f"{self.name}: its settings are of kind {default.kind!r}")
        if bool(default.models) != self.asks_model:
            raise ValueError(f"{self.name}: asks_model contradicts the models of its settings")
        if not self.asks:
            raise ValueError(f"{self.name}: asks neither for value nor for correctness")

    @property
    def judges_any_solution(self) -> bool:
        """Whether it says both right and wrong of steps, whatever the answer."""
        return self.may_say_right and not self.only_of_wrong_answers

    @property
    def decides_answers(self) -> bool:
        """Whether it finds the outcome of whole answers itself, beside the answer check."""
        return self.of_whole_answers and self.name != last_step.NAME

    @property
    def summary(self) -> str:
        """One line for tables: what it labels, and how."""
        return (self.settings.__doc__ or "").partition("\n")[0]

    def bind(self, settings: MethodSettings, policy: Policy) -> Labeler:
        """The method with its settings. Raises `ConfigError` where a prompt is missing."""
        self.prompts(settings)  # shows now, not after an hour
        bound = partial(self.conversation, settings=settings, policy=policy)
        if not self.rolls_out:
            return bound
        if policy.acting is not None:
            return partial(_with_turns, bound)
        return partial(_without_agents, self, bound)


def _with_turns(
    labeler: Labeler, problem: Problem, solutions: tuple[Solution, ...]
) -> Conversation[Findings]:
    """A method that rolls out with the run's tools: its steps know what they are made of."""
    return labeler(problem, tuple(replace(one, steps=turn_steps(one)) for one in solutions))


NO_TOOLS = "rollouts call no tools, and the policy would invent what they answer"
"""Of trajectories in a run without `environments:`."""


def _without_agents(
    method: Method, labeler: Labeler, problem: Problem, solutions: tuple[Solution, ...]
) -> Conversation[Findings]:
    """A method that rolls out, on the solutions whose steps are no turns of an agent."""
    if all(solution.trajectory is None for solution in solutions):
        return labeler(problem, solutions)
    return _unknown_of_agents(method, labeler, problem, solutions)


def _unknown_of_agents(
    method: Method, labeler: Labeler, problem: Problem, solutions: tuple[Solution, ...]
) -> Conversation[Findings]:
    plain = tuple(solution for solution in solutions if solution.trajectory is None)
    # Without any it would search by itself, which is no better.
    found = (yield from labeler(problem, plain)) if plain else Findings()
    prefixes = dict.fromkeys(
        prefix
        for solution in solutions
        if solution.trajectory is not None
        for prefix in prefix_ids(problem.problem_id, solution.steps)
    )
    unknown = tuple(
        Evidence(prefix, method.name, method.version, Asks.VALUE, Verdict.UNKNOWN, reason=NO_TOOLS)
        for prefix in prefixes
    )
    return replace(found, evidence=(*found.evidence, *unknown))
