"""What statistics say of one version; every rate with its count and interval.

What nobody measured is null, never 0 or NaN.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from labeler.stats.agreement import Agreement
from labeler.stats.calibration import Calibration
from labeler.stats.rates import Rate, Spread


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """Steps by label; `wrong_rate` among the right and the wrong."""

    n_correct: int
    n_neutral: int
    n_wrong: int
    n_undecided: int
    wrong_rate: Rate


@dataclass(frozen=True, slots=True)
class LabelerStatistics:
    """All evidence of one labeler; `mean_score` over the evidence that carries a score.

    `n_signals` pieces are a score on the labeler's own scale without a verdict, and not among the
    `n_unknown`; `mean_signal` is over all that carry one.
    """

    n_evidence: int
    n_correct: int
    n_wrong: int
    n_unknown: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    mean_score: float | None
    n_signals: int = 0
    mean_signal: float | None = None


@dataclass(frozen=True, slots=True)
class KeepByDifficulty:
    """Of problems with a certain share of right solutions: how many, and solutions kept."""

    n_problems: int
    keep_rate: Rate


@dataclass(frozen=True, slots=True)
class Duplicates:
    """`solutions`: rows whose text another row of the same problem has too. `problem_texts`:
    problems whose text another problem has too. `shared_steps`: steps on a prefix that another
    solution of the run has too; these are no fault, and their evidence is counted once.
    """

    solutions: int
    problem_texts: int
    shared_steps: int


@dataclass(frozen=True, slots=True)
class CostPerLabel:
    """What all of it took, per labelled step, and per labelled step of a kept solution."""

    total: float | None
    per_label: float | None
    per_kept_label: float | None


@dataclass(frozen=True, slots=True)
class ToolCounts:
    """Calls of one tool; `failures` by kind, calls that nobody answered among them."""

    n_calls: int
    failures: dict[str, int]
    failed: Rate


@dataclass(frozen=True, slots=True)
class AgentCounts:
    """Of the solutions whose steps are turns. Tokens are words and marks, by no model's tokenizer:
    `own_tokens` of thoughts and calls, `observed_tokens` of what was answered to them.
    """

    n_solutions: int
    n_turns: int
    n_calls: int
    n_observations: int
    own_tokens: int
    observed_tokens: int
    calls_per_solution: Spread
    tools: dict[str, ToolCounts]


@dataclass(frozen=True, slots=True)
class LabelStatistics:
    """Statistics of one version. Steps are counted per solution, as they are trained on.

    `first_error_histogram` goes from the 0-based index (as text), "-1" for none and "undecided",
    to a number of solutions. Of the undecided ones, `wrong_where_undecided` counts those with a
    step labelled wrong all the same, by the index of the first such step: some step before it has
    no label (as where only tools looked), so the first error is there or before. `by_outcome` and
    `by_domain` count solutions too. `labels_by_position`
    has the 0-based place of the step (as text). `monte_carlo` goes from labeler and number of
    rollouts (as text) to a list of how many prefixes had 0, 1, ... of them right.
    `drop_reasons` are those of the consensus, with # for numbers. `cost` has `calls`,
    `prompt_tokens`, `completion_tokens`, `seconds` and `usd`. `unread` are, by who asked for them,
    replies without a readable answer; empty where no run recorded them. `agents` is null where no
    solution has turns.
    """

    version: int
    n_problems: int
    n_solutions: int
    n_kept: int
    keep_rate: Rate
    n_steps: int
    n_labeled_steps: int
    n_kept_labels: int
    n_correct_steps: int
    n_neutral_steps: int
    n_wrong_steps: int
    n_undecided_steps: int
    mean_steps: float | None
    first_error_histogram: dict[str, int]
    wrong_where_undecided: dict[str, int]
    calls: int | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cost: dict[str, CostPerLabel]
    by_labeler: dict[str, LabelerStatistics]
    by_outcome: dict[str, int]
    by_domain: dict[str, int]
    labels_by_domain: dict[str, LabelCounts]
    labels_by_position: dict[str, LabelCounts]
    keep_by_domain: dict[str, Rate]
    keep_by_difficulty: dict[str, KeepByDifficulty]
    drop_reasons: dict[str, int]
    agreement: Agreement
    calibration: dict[str, Calibration]
    monte_carlo: dict[str, dict[str, list[int]]]
    duplicates: Duplicates
    steps_per_solution: Spread
    characters_per_step: Spread
    unread: dict[str, Rate] = field(default_factory=dict)
    agents: AgentCounts | None = None

    @property
    def first_errors(self) -> dict[str, int]:
        """Solutions by their first error in words, as all tables and figures show them.

        Steps are counted from 1: "none", "step 2", "step 2 or before", "undecided".
        """
        counts = dict(self.first_error_histogram)
        none, undecided = counts.pop("-1", None), counts.pop("undecided", 0)
        told = {} if none is None else {"none": none}
        told |= {step_name(int(step)): n for step, n in counts.items()}
        at_latest = self.wrong_where_undecided
        told |= {f"{step_name(int(step))} or before": n for step, n in at_latest.items()}
        left = undecided - sum(at_latest.values())
        return told | ({"undecided": left} if left else {})

    def to_json(self) -> str:
        """One JSON object with these fields."""
        return json.dumps(asdict(self), indent=2, allow_nan=False)


def step_name(index: int) -> str:
    """A step as people count: the one at 0 is "step 1"."""
    return f"step {index + 1}"
