"""A consensus rule as one record; `labeler.consensus.rules` lists all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import ConfigDict, Field

from labeler.consensus.base import Rule
from labeler.settings import Strict

Confidence = Annotated[float, Field(gt=0, lt=1)]
"""How sure a rule must be to decide."""


def rule_is_required(schema: dict[str, Any]) -> None:
    """Run files name their rule, although each class knows its own."""
    schema["required"] = ["rule", *schema.get("required", [])]


class RuleSettings(Strict):
    """What stands under `consensus:` in a run file; the rule gets this very object.

    A subclass declares `rule: Literal["its_name"] = "its_name"`, and a default for every setting.
    The first line of its docstring says how it decides.
    """

    model_config = ConfigDict(json_schema_extra=rule_is_required)
    if TYPE_CHECKING:
        rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsensusRule:
    """What a rule of consensus is. `build` makes the rule from its settings."""

    name: str
    settings: type[RuleSettings]
    build: Callable[[Any], Rule]

    def __post_init__(self) -> None:
        """Raises `ValueError` where the record contradicts its settings."""
        if self.settings().rule != self.name:
            raise ValueError(f"{self.name}: its settings are of rule {self.settings().rule!r}")

    @property
    def summary(self) -> str:
        """One line for tables: how it decides."""
        return (self.settings.__doc__ or "").partition("\n")[0]
