"""The solutions that are being labelled: what is known of each, and what was asked about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from labeler.acquire.base import Answer, Ask, Spent
from labeler.consensus.base import Rule
from labeler.consensus.label import by_prefix, label_solution
from labeler.labelers.base import Findings
from labeler.labelers.method import Method
from labeler.labelers.methods import method_of
from labeler.labelers.shared.last_step import last_step_evidence
from labeler.records import LabeledSolution, Problem, Solution, Verdict


@dataclass(slots=True)
class Case:
    """One solution, and what each labeler that was asked about it cost."""

    problem: Problem
    solution: Solution
    row: LabeledSolution
    asked: dict[str, Spent] = field(default_factory=dict)
    decided_by: str = ""
    """Whose answer it was that decided it."""

    @property
    def is_decided(self) -> bool:
        return self.row.consensus.kept

    @property
    def n_kept(self) -> int:
        """Steps that have a label, of a solution that is decided."""
        labels = (step.label for step in self.row.steps)
        return sum(label is not None for label in labels) if self.is_decided else 0

    @property
    def is_wrong(self) -> bool:
        return self.row.solution.outcome is Verdict.WRONG

    @property
    def spent(self) -> Spent:
        """What everybody who was asked about it has cost."""
        return sum(self.asked.values(), Spent())

    def without(self, sources: Collection[str]) -> Case:
        """As if these had not been heard."""
        steps = tuple(
            replace(step, evidence=tuple(e for e in step.evidence if e.labeler not in sources))
            for step in self.row.steps
        )
        return Case(self.problem, self.solution, replace(self.row, steps=steps))

    def may_hear(self, source: str) -> bool:
        """Whether the labeler could say anything of it that is not known."""
        return source not in self.asked and speaks_of(method_of(source), self)


def speaks_of(method: Method, case: Case) -> bool:
    """Whether a method has anything to say of such a solution at all."""
    if method.needs_reference and not case.problem.reference_solution:
        return False
    return not (method.only_of_wrong_answers and not case.is_wrong)


class Board:
    """Solutions by number. Those of one problem stand together, for they share evidence."""

    def __init__(self, solved: Sequence[tuple[Problem, Solution]], rule: Rule) -> None:
        self.rule = rule
        self._found: dict[str, list[Findings]] = defaultdict(list)
        self._numbers: dict[str, list[int]] = defaultdict(list)
        for number, (problem, _) in enumerate(solved):
            self._numbers[problem.problem_id].append(number)
        self.cases = [Case(p, s, self._row(p, s)) for p, s in solved]

    def add(self, asks: Sequence[Ask], answers: Sequence[Answer]) -> None:
        """Takes in what was found, and labels anew what it touches."""
        for ask, answer in zip(asks, answers, strict=True):
            case = self.cases[ask.number]
            case.asked[ask.source] = case.asked.get(ask.source, Spent()) + answer.spent
            self._found[case.problem.problem_id].append(answer.findings)
            for number in self._numbers[case.problem.problem_id]:
                self._label(self.cases[number], ask.source)

    def _label(self, case: Case, source: str) -> None:
        case.row = self._row(case.problem, case.solution)
        if not case.is_decided:
            case.decided_by = ""
        elif not case.decided_by:
            case.decided_by = source

    def decide_by(self, rule: Rule) -> None:
        """Labels everything by another rule."""
        self.rule = rule
        for case in self.cases:
            case.row = self._row(case.problem, case.solution)

    def rows(self) -> Iterator[LabeledSolution]:
        return (case.row for case in self.cases)

    def spent(self) -> Spent:
        """What everything asked so far has cost."""
        return sum((case.spent for case in self.cases), Spent())

    def _row(self, problem: Problem, solution: Solution) -> LabeledSolution:
        found = self._found[problem.problem_id]
        # The outcome stands first, as in a run; the same piece may come from two solutions.
        pieces = [piece for one in found for piece in one.shared]
        pieces.append(last_step_evidence(problem, solution))
        about = [piece for one in found for piece in one.about(solution)]
        return label_solution(problem, solution, by_prefix(dict.fromkeys(pieces)), self.rule, about)
