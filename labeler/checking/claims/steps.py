"""All claims of a solution, step by step: what its author says of numbers, decided.

Looks at a step and the steps before it, never behind. Pure and bounded: texts, expressions and
numbers have a largest size (`tokens`, `grammar`, `values`), all arithmetic of a solution draws on
one allowance, and what exceeds it is not decided, so no input can hang it; that is why it needs no
worker process.

Not covered: sums with dots, matrices, geometry, and whether the right thing is computed at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from labeler.checking.claims.answers import NumbersSoFar, contradicted
from labeler.checking.claims.bases import bases
from labeler.checking.claims.carried import Carried, may_drop, values_of
from labeler.checking.claims.chains import (
    REACH,
    Chain,
    find_chains,
    goes_on,
    read_chains,
    without_annotations,
)
from labeler.checking.claims.context import (
    CHARACTERS_PER_OPERATION,
    Context,
    context_of,
    says_imaginary,
)
from labeler.checking.claims.conversions import conversions, converted, may_convert
from labeler.checking.claims.decide import CONSTANTS, Kind, Link, decide, readings_of
from labeler.checking.claims.equation import Equation, equations_of
from labeler.checking.claims.equations import MAX_KNOWN, far_root, follow, is_linked
from labeler.checking.claims.expression import Symbol
from labeler.checking.claims.functions import Definitions
from labeler.checking.claims.given import misread
from labeler.checking.claims.groups import false_groups
from labeler.checking.claims.identities import identities
from labeler.checking.claims.listed import counted, may_count
from labeler.checking.claims.moduli import moduli
from labeler.checking.claims.narrated.table import SIMULATORS
from labeler.checking.claims.quantities import Quantities, may_fill
from labeler.checking.claims.rates import may_multiply, rates
from labeler.checking.claims.restated import Restated
from labeler.checking.claims.solved import rewritten
from labeler.checking.claims.tested import is_tested
from labeler.checking.claims.token import MAX_CHARACTERS
from labeler.checking.claims.values import Undecided, Value, evaluate, same
from labeler.checking.claims.worded.reading import ALL_FORMS, forms_in, worded
from labeler.records import Verdict

_BEGINS = re.compile(
    r"(?!.{0,200}substitut)[A-Za-z,.:;'’\s*#-]{0,200}[\s$\\\[(&]{0,8}=", re.IGNORECASE
)
"""A step that begins with a sign of equality, behind words at most."""
_WORD = re.compile(r"[A-Za-z]{2}")
MAX_CHAINS_OF_SOLUTION = 250
MAX_READ_OF_SOLUTION = 8_000
"""Chains, and characters of clauses that hold a relation; the steps behind are read no more."""


def check_solution(
    problem: str, steps: tuple[str, ...], *, symbolic: bool = True
) -> list[tuple[Link, ...]]:
    """The links of every step; `symbolic` takes in rewritings and steps of equations.

    The links of a step depend on the problem, the step and the steps before it only.
    """
    whole = "\n".join(map(without_annotations, steps)).lower()
    reader = Reader(problem, symbolic=symbolic, whole=whole)
    links = [reader.read(step) for step in steps]
    short = tuple(step if len(step) <= MAX_CHARACTERS else "" for step in steps)
    low, asked = "\n".join(short).lower(), problem.lower()
    for simulator in SIMULATORS:
        if simulator.may_find(asked, low):
            for at, link in simulator.run(problem, short):
                links[at] += (link,)
    return links


class Reader:
    """Reads the steps of one solution in order, and remembers what they say.

    `whole`: all steps that will be read, in small letters, if they are known. Words that stand
    nowhere in it are not looked for in each step; that is all it is used for.
    """

    def __init__(self, problem: str, *, whole: str | None = None, symbolic: bool = True) -> None:
        self.symbolic = symbolic
        self.forms = ALL_FORMS if whole is None else forms_in(whole)
        self.counts = whole is None or may_count(whole)
        self.converts = whole is None or may_convert(whole)
        self.fills = symbolic and (whole is None or may_fill(whole))
        self.multiplies = whole is None or may_multiply(whole)
        self.doubts = whole is None or may_drop(whole)
        self.context = context_of(problem)
        self.stated: list[tuple[str, Value]] = []
        self.carried = Carried()
        self.at = -1
        self.chains_left = MAX_CHAINS_OF_SOLUTION
        self.characters_left = MAX_READ_OF_SOLUTION
        self.equations: list[Equation] = []
        self.texts: list[str] = []
        self.numbers = NumbersSoFar(problem)
        self.definitions = Definitions()
        self.quantities = Quantities(self.numbers)
        self.restated = Restated(problem)
        self.tests: list[tuple[Value, Value]] = []
        self.last: Chain | None = None
        for chain in find_chains(without_annotations(problem)):
            self._remember(chain)
            self.definitions.note(chain)

    def read(self, step: str) -> tuple[Link, ...]:
        """The links of the next step."""
        self.at += 1
        step = without_annotations(step)
        self.context.work.left += len(step) // CHARACTERS_PER_OPERATION
        low = step.lower()
        if not self.context.imaginary and says_imaginary(low):
            self.context = replace(self.context, imaginary=True)
        self.texts.append(step)
        links: list[Link] = []
        chains: tuple[Chain, ...] = ()
        if self.chains_left > 0 and self.characters_left > 0:
            chains, characters = read_chains(step)
            self.characters_left -= characters
        self.chains_left -= len(chains)
        begins = bool(chains) and not chains[0].sides[0].text and _BEGINS.match(step) is not None
        if begins and self.last is not None:
            # "= 8x - 9": the step goes on from the last side of the step before
            chains = (goes_on(self.last, chains[0]), *chains[1:])
        before = self._last_of_step_before(chains)
        for chain in chains:
            links += (
                link._replace(within=str(chain)) if link.verdict is Verdict.WRONG else link
                for link in self._links(chain, before)
            )
            found = list(values_of(chain, self.context))
            self.stated += found
            self.carried.note(chain, found)
            self._remember(chain)
            self.definitions.note(chain)
            before = chain
        if self.symbolic:
            if len(chains) > 1:
                links += false_groups(chains, self.equations, self.at, self.context)
            links += self.restated.of_problem(step, self.context)
        links += self._said_in_words(step, low, chains)
        if self.doubts:
            self.carried.end_step(step)
        else:
            self.carried.end_plain_step()
        self.last = chains[-1] if chains else None
        return tuple(links)

    def _said_in_words(self, step: str, low: str, chains: tuple[Chain, ...]) -> Iterator[Link]:
        """What a step (`low`: in small letters) claims beside its chains."""
        if chains and ("####" in low or "answer is" in low):
            yield from contradicted(self.numbers, step, chains)
        if chains and self.fills:
            yield from self.quantities.read(step)
        self.numbers.note(step)
        if self.forms:
            yield from worded(step, low, self.forms, self.context.work)
        if self.counts:
            yield from counted(step)
        yield from misread(self.context.problem, step, low, self.texts)
        if "_" in low and "=" in low:
            yield from bases(step)
        if "mod" in low:
            yield from moduli(step, self.context.work)
        if self.multiplies and may_multiply(low):
            yield from rates(step)
        if self.converts:
            yield from conversions(step, low)

    def _last_of_step_before(self, chains: Sequence[Chain]) -> Chain | None:
        """The chain that ended the step before, where the first of this one follows from it."""
        if self.last is None or not chains or not _WORD.search(chains[0].before):
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
        links: list[Link] = []
        numeric, named, computed, with_units = _census(chain)
        if numeric > 1:
            links += (
                link if link.verdict is not Verdict.WRONG else self._unless_tested(link, chain)
                for link in decide(chain, self.context)
            )
        if with_units > 1:
            links += converted(chain)
        if not self.symbolic or chain.asked:  # a question states nothing
            return links
        if computed > 1:
            links += identities(chain, self.context, self.equations)
        if before is not None:
            links += follow(before, chain, self.stated, self.context)
        if named:
            if (
                len(chain.sides) == 2
                and type(chain.sides[0].node) is Symbol
                and not any(link.kind is Kind.EQUATION for link in links)
            ):
                links += rewritten(chain, self.equations, self.context)
                links += far_root(
                    chain,
                    self.equations,
                    lambda equation: self._between(equation, chain),
                    self.stated,
                    self.context,
                )
            if computed and numeric:
                links += self.carried.check(chain)
            links += self.restated.check(chain, self.at, self.texts, self.context)
        if self.definitions.rules:
            links += self.definitions.check(chain, self.context)
        return links

    def _said(self, chain: Chain) -> str:
        """What is said up to a chain, from the step before on."""
        said = "\n".join([*self.texts[-2:-1], self.texts[-1][: chain.end]])
        return said[-REACH:]

    def _remember(self, chain: Chain) -> None:
        self.equations += equations_of(chain, self.at)
        del self.equations[:-MAX_KNOWN]

    def _unless_tested(self, link: Link, chain: Chain) -> Link:
        """The link, or an unknown one where it is a number put into an equation to try it.

        What such a test comes to step by step is the same test.
        """
        if link.verdict is not Verdict.WRONG or link.kind is not Kind.SUM or not self.equations:
            return link
        a, b = link.left.node, link.right.node
        assert a is not None
        assert b is not None
        work = self.context.work
        try:
            reading = next(readings_of(work, link.left.facts, link.right.facts))
            x, y = evaluate(a, reading, {}), evaluate(b, reading, {})
        except Undecided:
            return link
        if not any(same(x, v) and same(y, w) for v, w in self.tests):
            if not is_tested(x, y, self._said(chain), self.equations, self.context):
                return link
            self.tests.append((x, y))
        return link._replace(verdict=Verdict.UNKNOWN, reason="a value that is tested", shown="")


def _census(chain: Chain) -> tuple[int, int, int, int]:
    """How many sides are numeric, hold unknowns, hold them in more than one letter, have units.

    Most kinds of claim need two sides of a kind; so they are not looked for in vain. A side in
    nothing but i and e counts as numeric, too.
    """
    numeric = named = computed = with_units = 0
    for side in chain.sides:
        if side.node is None:
            continue
        names = side.facts.names
        if not names:
            numeric += 1
        else:
            named += 1
            computed += side.computes
            numeric += names <= CONSTANTS
        with_units += bool(side.units)
    return numeric, named, computed, with_units


__all__ = ["Context", "Link", "Reader", "check_solution"]
