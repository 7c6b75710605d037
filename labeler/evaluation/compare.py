"""Runs labelers over solutions whose first error is known, and scores them, alone and together.

Every labeler answers for the same solutions and pays for itself; the rules of consensus read all of
their evidence and cost nothing. A source of correctness is scored by its flags (`FirstFlag`); one
of value needs a rule to say where the value was lost (`Posterior`, always decided), and is given
the outcome on the last step, as in a run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from labeler.consensus.base import Rule, fitted
from labeler.consensus.label import by_prefix, label_solution
from labeler.consensus.posterior import Posterior, PosteriorRule
from labeler.consensus.sources import is_of_an_answer
from labeler.driver.conversation import Conversation, together
from labeler.driver.cost import Cost
from labeler.driver.driver import Driver
from labeler.evaluation.first_flag import FirstFlag
from labeler.evaluation.metrics import Prediction, Score, score
from labeler.evaluation.signals import SignalScore, score_signal
from labeler.labelers.base import Findings, Policy
from labeler.labelers.method import Labeler
from labeler.labelers.shared.last_step import last_step_evidence
from labeler.labelers.shared.score_alone import is_score_alone
from labeler.labelling.pilot import piloted
from labeler.labelling.solving import existing_solutions
from labeler.problems.solved import SolutionRecord
from labeler.records import Asks, Evidence, LabeledSolution, Problem, Verdict


@dataclass(frozen=True, slots=True)
class Comparison:
    """Scores of every source and of every rule over all sources, on the same solutions."""

    n: int
    n_erroneous: int
    sources: Mapping[str, Score]
    consensus: Mapping[str, Score]
    flags: Mapping[str, Sequence[Flag]] = field(default_factory=dict)
    signals: Mapping[str, SignalScore] = field(default_factory=dict)
    """Of sources whose evidence carries scores of their own, apart from verdicts."""

    def to_json(self) -> dict[str, Any]:
        return {
            "n": self.n,
            "n_erroneous": self.n_erroneous,
            "n_correct": self.n - self.n_erroneous,
            "sources": {name: found.to_json() for name, found in self.sources.items()},
            "consensus": {name: found.to_json() for name, found in self.consensus.items()},
            "signals": {name: found.to_json() for name, found in self.signals.items()},
        }


@dataclass(frozen=True, slots=True)
class Flag:
    """A false flag, to be looked at: which step was called wrong, why, and the true first error."""

    solution_id: str
    step: int
    truth: int
    rationale: str


@dataclass(frozen=True, slots=True)
class Examined:
    """A solution with all that was found on it, by labeler; `about_it`: as a whole."""

    solved: SolutionRecord
    evidence: Mapping[str, Sequence[Evidence]]
    about_it: Mapping[str, Sequence[Evidence]] = field(default_factory=dict)


async def examine(
    solved: Sequence[SolutionRecord],
    labelers: Mapping[str, Labeler],
    driver: Driver,
    costs: dict[str, Cost],
    on_problem: Callable[[], None],
) -> list[Examined]:
    """Asks every labeler about every solution; adds to `costs`. A problem is one conversation."""
    groups: dict[str, list[SolutionRecord]] = defaultdict(list)
    for one in solved:
        groups[one.problem.problem_id].append(one)
    conversations = (
        (problem_id, examined_group(group, labelers)) for problem_id, group in groups.items()
    )
    found: dict[str, list[Examined]] = {}
    async for problem_id, examined in driver.run(conversations, costs):
        found[problem_id] = examined
        on_problem()
    return [one for problem_id in groups for one in found[problem_id]]


async def piloted_on(
    solved: Sequence[SolutionRecord],
    bind: Callable[[Policy], Mapping[str, Labeler]],
    policy: Policy,
    driver: Driver,
) -> Policy:
    """The policy with what the first problems taught of scores (`labelling.pilot`); `bind` gives
    the labelers that search by scores and those that give them.
    """
    groups: dict[str, list[SolutionRecord]] = defaultdict(list)
    for one in solved:
        groups[one.problem.problem_id].append(one)

    def label(problem: Problem, known: Policy) -> Conversation[list[LabeledSolution]]:
        labelers = bind(known)
        examined = yield from examined_group(groups[problem.problem_id], labelers)
        return rows_of(examined, list(labelers))

    problems = [group[0].problem for group in groups.values()]
    return await piloted(problems, policy, driver, label)


def examined_group(
    group: Sequence[SolutionRecord], labelers: Mapping[str, Labeler]
) -> Conversation[list[Examined]]:
    """All solutions of one problem, by every labeler."""
    problem = group[0].problem
    solved = yield from existing_solutions(problem, [one.solution for one in group])
    findings: list[Findings] = yield from together(
        [labeler(problem, solved.solutions) for labeler in labelers.values()]
    )
    named = dict(zip(labelers, findings, strict=True))
    return [
        Examined(
            replace(one, solution=solution),
            {name: found.shared for name, found in named.items()},
            {name: found.about(solution) for name, found in named.items()},
        )
        for one, solution in zip(group, solved.solutions, strict=True)
    ]


def compare(
    examined: Sequence[Examined],
    labelers: Iterable[str],
    rules: Iterable[Rule],
    costs: Mapping[str, Cost],
    searched_by: Sequence[str] = (),
) -> Comparison:
    """Scores against the truth; solutions whose first error is unknown are left out. `searched_by`:
    labelers whose scores the searches among the others began with.
    """
    known = [one for one in examined if one.solved.first_error is not None]
    truths = [one.solved.first_error or 0 for one in known]
    whole = Cost()
    sources, flags, signals = {}, {}, {}
    of_scores_alone = [name for name in searched_by if name in known[0].evidence] if known else []
    for name in labelers:
        cost = costs.get(name, Cost())
        whole.samples += cost.samples
        whole.completion_tokens += cost.completion_tokens
        rows = [_row(one, [name]) for one in known]
        if (of_signal := score_signal(rows, truths, name)) is not None:
            signals[name] = of_signal
        is_value = _asks_value(rows)
        rule: Rule = FirstFlag()
        if is_value and not _counts_rollouts(rows):
            # Verdicts on value by a threshold: no counts to weigh, so the first flag stands.
            is_value, rule = False, FirstFlag(asks=Asks.VALUE)
        elif is_value:
            # With the scores that it was searched by, for it went on from what they told.
            rows = [_row(one, [name, *of_scores_alone]) for one in known]
            rule = fitted(Posterior(PosteriorRule(min_confidence=1e-09)), rows)
        predictions = [
            _prediction(row, t, rule, is_value) for row, t in zip(rows, truths, strict=True)
        ]
        sources[name] = score(predictions, cost)
        flags[name] = _false_flags(rows, predictions)
    everything = [_row(one, list(one.evidence)) for one in known]
    consensus = {}
    for rule in rules:
        ready = fitted(rule, everything)
        is_value = not any(
            e.asks is Asks.CORRECTNESS for row in everything for s in row.steps for e in s.evidence
        )
        consensus[rule.name] = score(
            (_prediction(r, t, ready, is_value) for r, t in zip(everything, truths, strict=True)),
            whole,
        )
    n_erroneous = sum(t >= 0 for t in truths)
    return Comparison(len(known), n_erroneous, sources, consensus, flags, signals)


def rows_of(examined: Iterable[Examined], labelers: Sequence[str]) -> list[LabeledSolution]:
    """The solutions as rows of a dataset that only these labelers made."""
    return [_row(one, labelers) for one in examined]


def _row(one: Examined, labelers: Sequence[str]) -> LabeledSolution:
    """The solution as a row of a dataset that only these labelers made."""
    solved = one.solved
    pieces = [
        *(piece for name in labelers for piece in one.evidence[name]),
        last_step_evidence(solved.problem, solved.solution),
    ]
    grouped = by_prefix(dict.fromkeys(pieces))
    about_it = [piece for name in labelers for piece in one.about_it.get(name, ())]
    return label_solution(solved.problem, solved.solution, grouped, FirstFlag(), about_it)


def _asks_value(rows: Iterable[LabeledSolution]) -> bool:
    """Does this source say something of value beyond the outcome?"""
    pieces = (e for row in rows for step in row.steps for e in step.evidence)
    asked = {e.asks for e in pieces if e.labeler != "outcome" and not is_score_alone(e)}
    return asked <= {Asks.VALUE}


def _counts_rollouts(rows: Iterable[LabeledSolution]) -> bool:
    """Is anything that this source says of value a count?"""
    pieces = (e for row in rows for step in row.steps for e in step.evidence)
    return any(e.n > 0 for e in pieces if not is_of_an_answer(e))


def _prediction(row: LabeledSolution, truth: int, rule: Rule, by_rollouts: bool) -> Prediction:
    decision = rule.decide(row.solution, [step.evidence for step in row.steps])
    return Prediction(decision, truth, row.solution.outcome, by_rollouts)


def _false_flags(rows: Sequence[LabeledSolution], predictions: Sequence[Prediction]) -> list[Flag]:
    """Steps called wrong in right solutions or before the true first error."""
    found = []
    for row, one in zip(rows, predictions, strict=True):
        if one.flag is None or (0 <= one.truth <= one.flag):
            continue
        said = [e.rationale for e in row.steps[one.flag].evidence if e.verdict is Verdict.WRONG]
        found.append(Flag(row.solution.solution_id, one.flag, one.truth, " ".join(said)))
    return found
