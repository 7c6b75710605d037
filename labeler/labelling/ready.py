"""What a run learns before its first shard: what scores are worth, and whom to ask.

Both are learned on the run's first problems, and fixed from then on. Where labelers are not all
asked about everything, searches by scores (`labelling.pilot`) learn on the problems that everybody
is asked about all the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from labeler.driver.driver import Driver
from labeler.driver.money import PriceTable
from labeler.labelling.acquiring import acquiring_recipe, learned_on
from labeler.labelling.pilot import MOST, piloted_recipe
from labeler.labelling.pipeline import Recipe
from labeler.records import Problem


def first_problems(recipe: Recipe, problems: Sequence[Problem]) -> Sequence[Problem]:
    """Those that a process learns on; one that labels a shard by itself needs them, too."""
    if recipe.terms is not None:
        return learned_on(recipe, problems)
    return problems[:MOST] if recipe.pilots else ()


async def ready_recipe(
    recipe: Recipe,
    first: Sequence[Problem],
    n_problems: int,
    prices: PriceTable,
    driver: Driver,
) -> Recipe:
    """The recipe of a run of `n_problems` whose `first` ones have taught what they can."""
    if recipe.terms is None:
        return await piloted_recipe(recipe, first, driver)
    taught = await piloted_recipe(recipe, first[: recipe.terms.pilot], driver)
    return await acquiring_recipe(taught, first, n_problems, prices, driver)
