"""All claims of a solution, step by step: what its author says of numbers, decided.

Looks at a step and the steps before it, never behind. Pure and bounded: texts, expressions and
numbers have a largest size (`tokens`, `grammar`, `values`), and what exceeds it is not decided, so
no input can hang it; that is why it needs no worker process.

Not covered: claims in words ("twice as many"), inequalities, sums with dots, matrices, moduli,
numbers in another base or on a clock, units that convert, and whether the right thing is computed
at all.
"""

from __future__ import annotations

from dataclasses import replace

from labeler.checking.claims.carried import Carried, values_of
from labeler.checking.claims.chains import Chain, find_chains
from labeler.checking.claims.decide import DEFINED, Link, decide
from labeler.checking.claims.equations import follow, identities
from labeler.checking.claims.values import Value

MAX_CHAINS = 200
"""Of one step; the rest is not read."""


def check_solution(
    problem: str, steps: tuple[str, ...], *, symbolic: bool = True
) -> list[tuple[Link, ...]]:
    """The links of every step; `symbolic` takes in rewritings and steps of equations.

    The links of a step depend on the problem, the step and the steps before it only.
    """
    defined = bool(DEFINED.search(problem))
    result: list[tuple[Link, ...]] = []
    stated: list[tuple[str, Value]] = []
    carried = Carried()
    for step in steps:
        links: list[Link] = []
        before: Chain | None = None
        for chain in find_chains(step)[:MAX_CHAINS]:
            found = list(decide(chain, defined=defined))
            if symbolic and not chain.asked:  # a question states nothing
                found += identities(chain)
                found += follow(before, chain, stated) if before is not None else ()
                found += carried.check(chain)
            links += (replace(link, within=str(chain)) for link in found)
            stated += values_of(chain)
            carried.note(chain)
            before = chain
        result.append(tuple(links))
    return result
