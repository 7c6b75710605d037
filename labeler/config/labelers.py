"""`labelers:` of a run file: one class per labelling method, its settings under its `kind`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from labeler.config.base import Strict


class OutcomeLabeler(Strict):
    """The last step, by its answer."""

    kind: Literal["outcome"]


class ToolCheckLabeler(Strict):
    """Every step, by the claims about numbers that it makes; asks no model."""

    kind: Literal["tool_check"]
    symbolic: bool = True


class MonteCarloLabeler(Strict):
    """k rollouts from every prefix; others for problems that are hard or easy, by pass rate."""

    kind: Literal["monte_carlo"]
    k: Annotated[int, Field(ge=1)] = 8
    k_hard: Annotated[int, Field(ge=1)] | None = None
    k_easy: Annotated[int, Field(ge=1)] | None = None


class BinarySearchLabeler(Strict):
    """OmegaPRM's binary search on given solutions, without its tree."""

    kind: Literal["binary_search"]
    k: Annotated[int, Field(ge=1)] = 8
    adaptive: bool = False


class BisectLabeler(Strict):
    """Bayesian bisection of wrong solutions: a posterior over the first error picks rollouts."""

    kind: Literal["bisect"]
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.9
    max_samples: Annotated[int, Field(ge=1)] = 64
    round_size: Annotated[int, Field(ge=1)] = 2
    min_information: Annotated[float, Field(ge=0)] = 0.1


class OmegaPRMLabeler(Strict):
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
    search: Literal["paper", "bayes"] = "paper"
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.9
    round_size: Annotated[int, Field(ge=1)] = 2
    max_samples: Annotated[int, Field(ge=1)] = 64
    min_information: Annotated[float, Field(ge=0)] = 0.1

    @model_validator(mode="after")
    def _bayes_needs_steps(self) -> OmegaPRMLabeler:
        if self.search == "bayes" and self.unit == "tokens":
            raise ValueError("search bayes looks at steps; set unit: steps")
        return self


class AlphaMathLabeler(Strict):
    """Tree search whose nodes are labelled by their mean outcome, Q in [-1, 1]."""

    kind: Literal["alphamath"]
    rounds: Annotated[int, Field(ge=1)] = 40
    children: Annotated[int, Field(ge=1)] = 3
    c_puct: Annotated[float, Field(ge=0)] = 1.5


class PromptedLabeler(Strict):
    """What labelers share that ask a model about steps: which one, with which prompts, how."""

    model: str = "policy"
    prompts: str = "default"
    """Whose words: default, embedded (what the embedded policy was taught), or your own folder."""
    structured: bool = True
    temperature: Annotated[float, Field(ge=0)] = 0.0
    max_tokens: Annotated[int, Field(ge=1)] = 4096


class SpareLabeler(PromptedLabeler):
    """Every step against the reference solution, in one generation."""

    kind: Literal["spare"]
    n_exemplars: Annotated[int, Field(ge=0)] = 5
    last_step: Literal["annotator", "outcome"] = "annotator"


class JudgeLabeler(PromptedLabeler):
    """A critic that stops at the first wrong step; votes, chains and guards are settings."""

    kind: Literal["judge"]
    panel: tuple[str, ...] = ()
    mode: Literal["single", "meta", "deliberate"] = "single"
    votes: Annotated[int, Field(ge=1)] = 1
    vote_rule: Literal["majority", "intersection", "union"] = "majority"
    min_agreement: Annotated[float, Field(ge=0, le=1)] = 0.0
    every_step: bool = False
    solve_first: bool = False
    solve_tries: Annotated[int, Field(ge=1)] = 1
    with_gold: bool = False
    order_swap: bool = False

    @model_validator(mode="after")
    def _votes_differ(self) -> JudgeLabeler:
        if self.votes > 1 and self.temperature == 0:
            raise ValueError("votes at temperature 0 are all the same; set temperature, say 0.7")
        if self.solve_tries > 1 and not self.solve_first:
            raise ValueError("solve_tries is for judges that solve first; set solve_first: true")
        return self


class RubricLabeler(PromptedLabeler):
    """Every step against a rubric that a model wrote for the problem, and against principles."""

    kind: Literal["rubric"]
    writer: str | None = None
    """The model that writes the rubrics; by default the one that judges by them."""
    problem_specific: bool = True
    """false: the principles of the prompt file only."""


class ProgramLabeler(Strict):
    """Statements of reference programs, changed one by one and judged by the tests."""

    kind: Literal["program"]
    mutants: Annotated[int, Field(ge=0)] = 3
    refactorings: Annotated[int, Field(ge=0)] = 1
    cpu_s: Annotated[float, Field(gt=0)] = 1.0


class StatementMonteCarloLabeler(Strict):
    """k rollouts from every prefix of a program, by statements, decided by the tests."""

    kind: Literal["statement_monte_carlo"]
    k: Annotated[int, Field(ge=1)] = 8


class DiagnosticsLabeler(Strict):
    """Statements of programs, by what a type checker says after each; asks no model."""

    kind: Literal["diagnostics"]
    alpha: Annotated[float, Field(gt=0)] = 0.5
    beta: Annotated[float, Field(ge=0)] = 0.4


class TraceLabeler(Strict):
    """Predicted execution traces, judged line by line by the real one; asks no model."""

    kind: Literal["trace"]
    most_statements: Annotated[int, Field(ge=1, le=10_000)] = 200
    cpu_s: Annotated[float, Field(gt=0)] = 2.0


class RepairLabeler(PromptedLabeler):
    """The first wrong step with a replacement, certified by the policy's rollouts."""

    kind: Literal["repair"]
    k: Annotated[int, Field(ge=1)] = 8
    min_right: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _can_be_certified(self) -> RepairLabeler:
        if self.min_right > self.k:
            raise ValueError("min_right of k rollouts have to end right; set it to k at most")
        return self


class VerifierLabeler(PromptedLabeler):
    """What GroundedPRM's labelers share: a verifier with a tool."""

    temperature: Annotated[float, Field(ge=0)] = 0.6
    tries: Annotated[int, Field(ge=1)] = 5
    cpu_s: Annotated[float, Field(gt=0)] = 5.0

    @model_validator(mode="after")
    def _tries_differ(self) -> VerifierLabeler:
        if self.tries > 1 and self.temperature == 0:
            raise ValueError("tries at temperature 0 are all the same; set tries: 1")
        return self


class GroundedLabeler(VerifierLabeler):
    """Every step, with a program that a model writes for it and the sandbox runs."""

    kind: Literal["grounded"]


class TableLabeler(VerifierLabeler):
    """Every step on a table, executed again as SQL (TaTToo)."""

    kind: Literal["table"]


class SolverLabeler(Strict):
    """The outcome of an optimisation model in code, solved by HiGHS (StepORLM); asks no model."""

    kind: Literal["solver"]
    tolerance: Annotated[float, Field(gt=0, lt=1)] = 1e-4
    cpu_s: Annotated[float, Field(gt=0)] = 20.0


class GroundedSearchLabeler(VerifierLabeler):
    """GroundedPRM's search: verified rollouts, UCT, a value fused of verdicts and the answer."""

    kind: Literal["grounded_search"]
    rounds: Annotated[int, Field(ge=1)] = 8
    children: Annotated[int, Field(ge=1)] = 3
    exploration: Annotated[float, Field(ge=0)] = 1.8
    discount: Annotated[float, Field(gt=0, le=1)] = 0.9
    enough: Annotated[int, Field(ge=1)] = 3


LabelerConfig = Annotated[
    ToolCheckLabeler
    | ProgramLabeler
    | OutcomeLabeler
    | MonteCarloLabeler
    | StatementMonteCarloLabeler
    | TraceLabeler
    | DiagnosticsLabeler
    | BinarySearchLabeler
    | BisectLabeler
    | OmegaPRMLabeler
    | AlphaMathLabeler
    | SpareLabeler
    | JudgeLabeler
    | RubricLabeler
    | GroundedLabeler
    | GroundedSearchLabeler
    | TableLabeler
    | SolverLabeler
    | RepairLabeler,
    Field(discriminator="kind"),
]


def models_asked(labeler: LabelerConfig) -> tuple[str, ...]:
    """The models of a run, by name, that a labeler asks."""
    if labeler.kind in MODEL_FREE:
        return ()
    first = getattr(labeler, "model", "policy")
    # A repair is certified by rollouts of the policy, whoever proposes it; so is a search's tree.
    samples = isinstance(labeler, RepairLabeler | GroundedSearchLabeler)
    policy = ("policy",) if samples else ()
    writes = isinstance(labeler, RubricLabeler) and labeler.problem_specific and labeler.writer
    writer = (writes,) if writes else ()
    return tuple(dict.fromkeys((first, *getattr(labeler, "panel", ()), *writer, *policy)))


def prompts_of(labeler: LabelerConfig) -> str:
    """Hash of the prompt files that a labeler asks with; "" for one that has none."""
    if not isinstance(labeler, PromptedLabeler):
        return ""
    from labeler.prompts import load_prompts

    return load_prompts(labeler.prompts).sha


MODEL_FREE = frozenset({"tool_check", "program", "solver", "outcome", "trace", "diagnostics"})
"""Labelers that ask no model, and so need no policy."""

RUNS_PROGRAMS = frozenset(
    {"program", "grounded", "grounded_search", "table", "solver", "trace", "diagnostics"}
)
"""Labelers that run programs, and so need a sandbox."""

WRITES_SOLUTIONS = frozenset({"omegaprm", "alphamath", "program", "grounded_search"})
"""Labelers that write the solutions they label."""
