"""The run that an audit compares stored labels with: the same solutions, labelled more thoroughly.

Does not cover the comparison (`labeler.audit`) or running it (`flows.audit`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from labeler.config import RunConfig
from labeler.driver.requests import POLICY
from labeler.labelers.methods import METHODS
from labeler.labelling.parts import Parts
from labeler.records import LabeledSolution, Problem, Solution, short_hash
from labeler.seeds import derive_seed
from labeler.wiring.labelers import build_recipe
from labeler.wiring.runs import build


def second_labelling(
    config: RunConfig, sample: Sequence[LabeledSolution], more: int, seed: int
) -> Parts:
    """A run that labels the sampled solutions as they are, more thoroughly, with fresh rollouts."""
    problems: dict[str, Problem] = {row.problem.problem_id: row.problem for row in sample}
    solutions: dict[str, tuple[Solution, ...]] = {}
    for row in sample:
        known = solutions.get(row.problem.problem_id, ())
        solutions[row.problem.problem_id] = (*known, row.solution)
    fresh = config.model_copy(
        update={
            "seed": derive_seed(config.seed, "audit", str(seed)) % 2**62,
            "labelers": thorough(config, more),
            "difficulty_filter": None,
        }
    )
    parts = build(fresh, (list(problems.values()), []))
    identity = [row.solution.solution_id for row in sample]
    return replace(
        parts,
        recipe=build_recipe(
            fresh, parts.samplers.get(POLICY), solutions, environments=parts.environments
        ),
        config_sha=short_hash(fresh.identity(), "audit", str(more), *identity),
        earlier_shas=(),
    )


def thorough(config: RunConfig, more: int) -> tuple[Any, ...]:
    """The run file's labelers with `more` times the rollouts, and Monte Carlo in any case.

    Searches write solutions of their own and say nothing about given ones: Monte Carlo, with the
    rollouts that they would draw, stands in for them.
    """
    chosen: dict[str, Any] = {}
    monte_carlo = METHODS.find("monte_carlo", "audit")
    k = getattr(monte_carlo.settings(), "k")  # noqa: B009, a field of that method's settings
    for labeler in config.labelers:
        k = getattr(labeler, "k", k)
        if not METHODS.find(labeler.kind, "labelers:").writes_solutions:
            chosen[labeler.kind] = labeler
    if config.policy is not None:
        chosen[monte_carlo.name] = monte_carlo.settings.model_validate(
            {"kind": monte_carlo.name, "k": k * more}
        )
    return tuple(chosen.values())
