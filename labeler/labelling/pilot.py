"""What a run's first problems teach of its scores, before the others are searched with them.

A search may begin at the places that scores without a verdict point to (`bisect`, `omegaprm`). What
such a score is worth is not decreed. The first eight problems of the run are labelled as if nothing
were known; from what came of them `labeler.first_error.signals` learns; the next eight begin with
that, the next sixteen with what all of these taught, and so on, twice as many each time, until
`ENOUGH` wrong solutions were searched. From then on nothing changes. So what the search of a
problem does depends on the run's problems and seed only, neither on shards nor on timing. Where
scores say nothing, `signals` finds that out, and the prior stays flat.

Nothing is asked twice: the first problems' replies are in the journal when their turn comes. A
process that labels shards by itself, with a journal of its own, asks them for itself.

Limits: what a long run could learn later on changes its labels (rules fit all of it), not its
searches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from labeler.consensus.base import value_counts
from labeler.consensus.posterior import case_of
from labeler.driver.conversation import Conversation
from labeler.driver.driver import Driver
from labeler.first_error.model import Rates, locate
from labeler.first_error.signals import Case, Signals, learn
from labeler.labelers.base import Policy
from labeler.labelling.pipeline import Recipe, label_problem
from labeler.records import LabeledSolution, Problem, Verdict

AT_FIRST = 8
"""Problems."""
ENOUGH = 32
"""Searched wrong solutions with scores. The prior of `signals` is worth two."""

MOST = 512
"""Problems that are looked at for them."""

Label = Callable[[Problem, Policy], Conversation[Sequence[LabeledSolution]]]
"""Labels a problem with the run's searches and scores, and the policy as it is given."""


async def piloted(
    problems: Sequence[Problem], policy: Policy, driver: Driver, label: Label
) -> Policy:
    """The policy with what the first problems taught, and what each of these was searched with."""
    known = replace(policy, signals=Signals(), pilot={})
    cases: list[Case] = []
    first, size = 0, AT_FIRST
    most = min(len(problems), MOST)
    while first < most and len(cases) < ENOUGH:
        some = problems[first : min(first + size, most)]
        asked = ((one.problem_id, label(one, known)) for one in some)
        found = {problem_id: rows async for problem_id, rows in driver.run(asked, None)}
        cases += (case for one in some for case in cases_of(found[one.problem_id]))
        searched_with = dict.fromkeys((one.problem_id for one in some), known.signals or Signals())
        known = replace(known, signals=learn(cases), pilot={**known.pilot, **searched_with})
        first, size = first + size, max(AT_FIRST, first + size)
    return known


def cases_of(rows: Sequence[LabeledSolution]) -> Iterator[Case]:
    """What solutions with a wrong answer teach, where rollouts were spent on them."""
    for row in rows:
        evidence = [step.evidence for step in row.steps]
        counts = [(count.n, count.n_correct) for count in value_counts(evidence)]
        if row.solution.outcome is Verdict.WRONG and any(n for n, _ in counts[:-1]):
            case = case_of(row.solution, evidence, locate(counts, Rates(), is_wrong=True))
            if case is not None:
                yield case


async def piloted_recipe(recipe: Recipe, problems: Sequence[Problem], driver: Driver) -> Recipe:
    """The recipe of a run whose first problems have taught what they can."""
    if not recipe.pilots or recipe.bind is None:
        return recipe
    bind = recipe.bind

    def label(problem: Problem, known: Policy) -> Conversation[Sequence[LabeledSolution]]:
        labelers = {name: one for name, one in bind(known).items() if name in recipe.pilots}
        of_pilots = replace(recipe, policy=known, labelers=labelers)
        labelled = yield from label_problem(problem, of_pilots)
        return labelled.rows

    known = await piloted(problems, recipe.policy, driver, label)
    return replace(recipe, policy=known, labelers=bind(known))
