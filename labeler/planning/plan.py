"""A plan: what a run is expected to take, each quantity with an interval; and how it came out."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from labeler.unread import Unread

BILLED = ("calls", "samples", "prompt_tokens", "completion_tokens")
"""As a run's own costs count them: what labelers asked for, also what the journal answered."""

SERVED = (
    "engine_requests",
    "engine_prompt_tokens",
    "cached_prompt_tokens",
    "engine_completion_tokens",
)
"""What reaches the models. A prompt counts once for all n samples of a request. `cached` are those
tokens of prompts that an engine with room enough for its prefix cache need not read again."""

STORED = ("journal_bytes", "dataset_bytes")

MONEY = "money"
"""In the currency of the run's prices; only where it has some."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and the interval that holds it with 95% probability, as far as the sample tells."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run of `n_problems` will take, estimated from `n_sample` of them.

    `estimates` has the quantities of BILLED, SERVED and STORED, and `hours`. `tokens_per_s` are
    generated tokens per second, of all models together; `is_measured` says whether the sample gave
    them or the user. `unread` are the sample's replies without a readable answer, by who asked.
    `probed` are models which the run asks first what they can do; the plan asks no such questions.
    """

    run_id: str
    n_problems: int
    n_sample: int
    estimates: dict[str, Estimate]
    tokens_per_s: float | None
    is_measured: bool
    sample_s: float
    unread: dict[str, Unread] = field(default_factory=dict)
    probed: tuple[str, ...] = ()
    currency: str = ""
    limit: float | None = None
    """What the run may spend."""

    @property
    def over_limit(self) -> str:
        """One line where the run may, or will, end at its limit; "" elsewhere."""
        money = self.estimates.get(MONEY)
        if money is None or self.limit is None or money.high <= self.limit:
            return ""
        sure = "will" if money.low > self.limit else "may"
        return (
            f"the run {sure} end at its limit of {self.limit:g} {self.currency}; "
            "raise prices.limit, or ask for less"
        )

    def to_json(self) -> str:
        """One JSON object; `from_json` gives the plan back."""
        return _PLAN.dump_json(self, indent=2).decode()


_PLAN = TypeAdapter(Plan)


def from_json(content: bytes) -> Plan | None:
    """The plan, or None where another version of this code wrote something else."""
    try:
        return _PLAN.validate_json(content)
    except ValidationError:
        return None


@dataclass(frozen=True, slots=True)
class Compared:
    """One quantity, predicted and actual; `off` is how far the actual one is above, as a share."""

    predicted: Estimate
    actual: float

    @property
    def off(self) -> float | None:
        return self.actual / self.predicted.value - 1 if self.predicted.value else None

    @property
    def is_within(self) -> bool:
        """Whether the interval held it."""
        return self.predicted.low <= self.actual <= self.predicted.high
