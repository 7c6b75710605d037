"""Tool check: the claims that a step makes about numbers, decided by arithmetic without a model.

A step is called wrong only where a claim of it is certainly false; the rationale names the claim
and, in a chain, the link that fails. A step is never called correct: a right sum in a wrong plan is
not a right step, and most steps claim things that no arithmetic can decide. What holds is counted
(`n` claims decided, `n_correct` of them hold) and the verdict stays unknown with that reason, so
that a consensus may still learn what such counts are worth. The reason of a flag is the kind of its
first false claim (`labeler.checking.claims.decide.Kind`): kinds are right more or less often, and
none is certain.

Asks nothing: claims are decided in bounded time where the conversation runs. What is a claim, and
what is not covered, says `labeler.checking.claims.steps`.
Source: the tool verification of GroundedPRM (arXiv 2510.14942) without its model; the idea of
checking each step's arithmetic is older (GSM8K's calculator annotations, arXiv 2110.14168).
"""

from __future__ import annotations

from typing import Final, Literal

from labeler.checking.claims.decide import Link
from labeler.checking.claims.steps import check_solution
from labeler.driver.conversation import Conversation
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Method, MethodSettings, no_prompts
from labeler.records import Asks, Evidence, Problem, Solution, Verdict, prefix_ids
from labeler.turns.own import own_texts

NAME: Final = "tool_check"
VERSION = "6"

SHOWN = 3
"""False claims of one step that the rationale names."""

FLAG_SCORE = 0.05
"""P(step is right) where a claim of it is false: of 307 flags on the shown sets of human labels 15
(5%) stood before the first error. What a flag is worth is learned for each kind of claim by the
consensus, which finds the kind in the evidence's reason."""


class ToolCheck(MethodSettings):
    """Every step, by the claims about numbers that it makes; asks no model.

    `symbolic`: also rewritings of expressions, and steps from one equation to the next.
    """

    kind: Literal["tool_check"] = NAME
    symbolic: bool = True
    """Whether rewritings and equations are decided, too."""


def tool_check(
    problem: Problem, solutions: tuple[Solution, ...], settings: ToolCheck, policy: Policy
) -> Conversation[Findings]:
    """Evidence on every step of every solution; steps on a shared prefix get it once."""
    yield from ()
    found: dict[str, Evidence] = {}
    claims = false = 0
    for solution in solutions:
        links = check_solution(problem.text, own_texts(solution), symbolic=settings.symbolic)
        prefixes = prefix_ids(problem.problem_id, solution.steps)
        for prefix, said in zip(prefixes, links, strict=True):
            if prefix not in found:
                found[prefix] = evidence(prefix, said)
                claims += found[prefix].n
                false += found[prefix].n - found[prefix].n_correct
    statistics = {"claims": claims, "false_claims": false}
    return Findings(tuple(found.values()), statistics=statistics)


def evidence(prefix: str, links: tuple[Link, ...]) -> Evidence:
    """What the links of a step say of it."""
    wrong = [link for link in links if link.verdict is Verdict.WRONG]
    n_correct = sum(link.verdict is Verdict.CORRECT for link in links)
    if wrong:
        verdict, reason = Verdict.WRONG, wrong[0].kind.value
    elif n_correct:
        verdict, reason = Verdict.UNKNOWN, f"{n_correct} claims hold; arithmetic says no more"
    else:
        verdict, reason = Verdict.UNKNOWN, "no claim that arithmetic can decide"
    return Evidence(
        prefix_id=prefix,
        labeler=NAME,
        labeler_version=VERSION,
        asks=Asks.CORRECTNESS,
        verdict=verdict,
        score=FLAG_SCORE if wrong else None,
        n=n_correct + len(wrong),
        n_correct=n_correct,
        rationale="; ".join(map(_rationale, wrong[:SHOWN])),
        reason=reason,
    )


def _rationale(link: Link) -> str:
    where = f", in {link.within}" if link.within and link.within != str(link) else ""
    return f"{link} does not hold ({link.shown}){where}"


TOOL_CHECK = Method(
    name=NAME,
    version=VERSION,
    settings=ToolCheck,
    conversation=tool_check,
    asks=frozenset({Asks.CORRECTNESS}),
    asks_model=False,
    rolls_out=False,
    runs_programs=False,
    writes_solutions=False,
    is_tool=True,
    may_say_right=False,
    of_whole_answers=False,
    backs_values_up=False,
    needs_reference=False,
    only_of_wrong_answers=False,
    by_place=False,
    prompts=no_prompts,
)
