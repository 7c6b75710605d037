"""All claims of a solution, step by step: what its author says of numbers, decided.

Looks at a step and the steps before it, never behind. Pure and bounded: texts, expressions and
numbers have a largest size (`tokens`, `grammar`, `values`), all arithmetic of a solution draws on
one allowance, and what exceeds it is not decided, so no input can hang it; that is why it needs no
worker process.

Not covered: inequalities, sums with dots, matrices, numbers in another base, and whether the right
thing is computed at all.
"""

from __future__ import annotations

import re
from dataclasses import replace

from labeler.checking.claims.carried import DROPPED, Carried, values_of
from labeler.checking.claims.chains import Chain, find_chains
from labeler.checking.claims.context import (
    CHARACTERS_PER_OPERATION,
    Context,
    context_of,
    says_imaginary,
)
from labeler.checking.claims.decide import Kind, Link, decide, readings_of
from labeler.checking.claims.equations import (
    MAX_KNOWN,
    Equation,
    equations_of,
    far_root,
    follow,
    is_linked,
    is_tested,
)
from labeler.checking.claims.groups import false_groups
from labeler.checking.claims.identities import identities
from labeler.checking.claims.values import Undecided, Value, evaluate
from labeler.records import Verdict

MAX_CHAINS = 200
"""Of one step; the rest is not read."""


def check_solution(
    problem: str, steps: tuple[str, ...], *, symbolic: bool = True
) -> list[tuple[Link, ...]]:
    """The links of every step; `symbolic` takes in rewritings and steps of equations.

    The links of a step depend on the problem, the step and the steps before it only.
    """
    reader = Reader(problem, symbolic=symbolic)
    return [reader.read(step) for step in steps]


class Reader:
    """Reads the steps of one solution in order, and remembers what they say."""

    def __init__(self, problem: str, *, symbolic: bool = True) -> None:
        self.symbolic = symbolic
        self.context = context_of(problem)
        self.stated: list[tuple[str, Value]] = []
        self.carried = Carried()
        self.at = -1
        self.equations: list[Equation] = []
        self.texts: list[str] = []
        self.last: Chain | None = None
        for chain in find_chains(problem)[:MAX_CHAINS]:
            self._remember(chain)

    def read(self, step: str) -> tuple[Link, ...]:
        """The links of the next step."""
        self.at += 1
        self.context.work.left += len(step) // CHARACTERS_PER_OPERATION
        if not self.context.imaginary and says_imaginary(step):
            self.context = replace(self.context, imaginary=True)
        self.texts.append(step)
        links: list[Link] = []
        chains = find_chains(step)[:MAX_CHAINS]
        before = self._last_of_step_before(chains)
        for chain in chains:
            links += (replace(link, within=str(chain)) for link in self._links(chain, before))
            found = list(values_of(chain, self.context))
            self.stated += found
            self.carried.note(chain, found)
            self._remember(chain)
            before = chain
        if self.symbolic:
            links += (link for _, link in false_groups(chains, self.equations, self.context))
        if DROPPED.search(step):
            self.carried.forget()
        self.last = chains[-1] if chains else None
        return tuple(links)

    def _last_of_step_before(self, chains: list[Chain]) -> Chain | None:
        """The chain that ended the step before, where the first of this one follows from it."""
        if self.last is None or not chains or not re.search(r"[A-Za-z]{2}", chains[0].before):
            return None
        behind = self.texts[-2][self.last.end :] if len(self.texts) > 1 else ""
        return self.last if is_linked(behind + " so ") else None

    def _between(self, equation: Equation, chain: Chain) -> str:
        """The text from an equation to a chain of the step that is read."""
        if equation.step == self.at:
            return self.texts[self.at][equation.end : chain.start]
        if equation.step < 0:
            return " if "  # the problem may tell of several situations
        parts = [self.texts[equation.step][equation.end :]]
        parts += self.texts[equation.step + 1 : self.at]
        return "\n".join([*parts, self.texts[self.at][: chain.start]])

    def _links(self, chain: Chain, before: Chain | None) -> list[Link]:
        links = [self._unless_tested(link, chain) for link in decide(chain, self.context)]
        if self.symbolic and not chain.asked:  # a question states nothing
            known = [
                (e.left.node, e.right.node)
                for e in self.equations
                if e.left.node is not None and e.right.node is not None
            ]
            links += identities(chain, self.context, known)
            if before is not None:
                links += follow(before, chain, self.stated, self.context)
            if not any(link.kind is Kind.EQUATION for link in links):
                links += far_root(
                    chain,
                    self.equations,
                    lambda equation: self._between(equation, chain),
                    self.stated,
                    self.context,
                )
            links += self.carried.check(chain)
        return links

    def _remember(self, chain: Chain) -> None:
        self.equations += equations_of(chain, self.at)
        del self.equations[:-MAX_KNOWN]

    def _unless_tested(self, link: Link, chain: Chain) -> Link:
        """The link, or an unknown one where it is a number put into an equation to try it."""
        if link.verdict is not Verdict.WRONG or not self.equations:
            return link
        a, b = link.left.node, link.right.node
        assert a is not None
        assert b is not None
        try:
            for reading in readings_of(self.context.work, link.left.facts, link.right.facts):
                x, y = evaluate(a, reading, {}), evaluate(b, reading, {})
                if is_tested(x, y, chain.sentence, self.equations, self.context):
                    return replace(
                        link, verdict=Verdict.UNKNOWN, reason="a value that is tested", shown=""
                    )
                break
        except Undecided:
            return link
        return link


__all__ = ["Context", "Link", "Reader", "check_solution"]
