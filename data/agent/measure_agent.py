"""Measures the embedded agent on fresh worlds: `make measure-agent`.

Prints a table and, as its last line, JSON: greedy accuracy, by hops too; pass rates at temperature
1; kinds of first errors; and Monte Carlo values (8 rollouts that act) of its own prefixes, those
that are right and those that end with its first error. Intervals (95%) of rates in counts are
Wilson's, the others by resampling questions.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch
from acting import act
from rich.console import Console
from rich.table import Table
from scores import Sums, add, measured, rows, vars_of
from transformers import AutoTokenizer, LlamaForCausalLM

from labeler.environments.bm25 import Bm25Search
from labeler.oracle.agents.oracle import grade_turns
from labeler.oracle.agents.questions import Question, Scope, generate_questions
from labeler.oracle.agents.reading import answer_of
from labeler.oracle.agents.reference import Search
from labeler.records import Turn
from labeler.stats import wilson
from labeler.turns.rendered import text_of

HERE = Path(__file__).parent
FRESH = 5_000_000
"""A seed of worlds that is used nowhere else."""
PER_WORLD = 50
ROWS = 128
Trajectory = tuple[Turn, ...] | None


class Acting:
    """The agent over questions, each with the search of its world."""

    def __init__(self, folder: Path) -> None:
        torch.set_num_threads(1)
        self._model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._searches: dict[str, Search] = {}

    def __call__(
        self,
        questions: Sequence[Question],
        temperature: float,
        begun: Sequence[str] | None = None,
        seed: int = 0,
    ) -> list[Trajectory]:
        """One trajectory a question."""
        found: list[Trajectory] = []
        for at in range(0, len(questions), ROWS):
            part = questions[at : at + ROWS]
            searches = [self._search(question) for question in part]
            prefixes = begun[at : at + ROWS] if begun else None
            found += act(
                self._model, self._tokenizer, part, searches, temperature, seed + at, prefixes
            )
        return found

    def _search(self, question: Question) -> Search:
        world = question.world
        if world.seed not in self._searches:
            self._searches[world.seed] = cache(Bm25Search.from_rows(world.rows()).search)
        return self._searches[world.seed]


def is_right(question: Question, turns: Trajectory) -> bool:
    """Whether a trajectory ends with the right answer."""
    answer = answer_of(turns[-1]) if turns else None
    return answer is not None and question.hops[-1].object.is_named(answer)


def values(
    acting: Acting, questions: Sequence[Question], drawn: Sequence[Trajectory]
) -> dict[str, object]:
    """Mean MC value of a right prefix and of the prefix with the first error, of each trajectory
    where there is one before the last turn.
    """
    rng = random.Random(0)
    cases: list[tuple[Question, str, bool]] = []
    for question, turns in zip(questions, drawn, strict=True):
        if not turns:
            continue
        first = grade_turns(question, turns).first_error
        if 0 <= first < len(turns) - 1:
            cases.append((question, "".join(map(text_of, turns[: first + 1])), True))
        n_right = min(first if first >= 0 else len(turns), len(turns) - 1)
        if n_right:
            place = rng.randint(1, n_right)
            cases.append((question, "".join(map(text_of, turns[:place])), False))
    asked = [case for case in cases for _ in range(8)]
    ended = acting([q for q, _, _ in asked], 1.0, [text for _, text, _ in asked], seed=77)
    sums: Sums = {}
    zeros: Counter[bool] = Counter()
    for i, (question, _, is_wrong) in enumerate(cases):
        rate = sum(is_right(question, turns) for turns in ended[8 * i : 8 * i + 8]) / 8
        add(sums, question.problem.problem_id, is_wrong, rate)
        zeros[is_wrong] += rate == 0
    sizes = Counter(is_wrong for _, _, is_wrong in cases)
    return {
        "right": measured(sums, lambda a, n, b, m: a / n),
        "wrong": measured(sums, lambda a, n, b, m: b / m),
        "right_without_success": vars_of(wilson(zeros[False], sizes[False])),
        "wrong_without_success": vars_of(wilson(zeros[True], sizes[True])),
    }


def measure(acting: Acting, n: int, seed: int, scope: Scope, examined: int) -> dict[str, object]:
    """All figures; MC values of `examined` of the sampled trajectories."""
    started = time.perf_counter()
    questions = [
        question
        for world in range(-(-n // PER_WORLD))
        for question in generate_questions(PER_WORLD, seed + world, scope)
    ][:n]
    right = [is_right(q, t) for q, t in zip(questions, acting(questions, 0.0), strict=True)]
    hops = Counter(len(question.hops) for question in questions)
    right_by_hops = Counter(len(q.hops) for q, ok in zip(questions, right, strict=True) if ok)
    eight = [question for question in questions for _ in range(8)]
    drawn = acting(eight, 1.0, seed=1)
    rights = [is_right(q, t) for q, t in zip(eight, drawn, strict=True)]
    passes = [sum(rights[8 * i : 8 * i + 8]) / 8 for i in range(n)]
    grades = [grade_turns(q, t) if t else None for q, t in zip(eight, drawn, strict=True)]
    wrong = [grade for grade in grades if grade is not None and grade.first_error >= 0]
    by_wrong_way = sum(
        ok and grade is not None and grade.first_error >= 0
        for ok, grade in zip(rights, grades, strict=True)
    )
    return {
        "n": n,
        "seed": seed,
        "greedy": vars_of(wilson(sum(right), n)),
        "greedy_by_hops": {
            str(k): vars_of(wilson(right_by_hops[k], hops[k])) for k in sorted(hops)
        },
        "pass_rate_at_temperature_1": sum(passes) / n,
        "pass_rate_between_0.1_and_0.9": vars_of(wilson(sum(0.1 <= p <= 0.9 for p in passes), n)),
        "erroneous": vars_of(wilson(len(wrong), len(drawn))),
        "unreadable_or_endless": drawn.count(None),
        "first_error_kinds": dict(Counter(str(grade.first_error_kind) for grade in wrong)),
        "right_answers_by_a_wrong_way": by_wrong_way,
        "calls_per_trajectory": sum(len(t.calls) for ts in drawn for t in ts or ()) / len(drawn),
        "mc": values(acting, eight[::8][:examined], drawn[::8][:examined]),
        "seconds": time.perf_counter() - started,
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=HERE)
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--seed", type=int, default=FRESH, help="of the worlds")
    parser.add_argument("--examined", type=int, default=200, help="trajectories with MC values")
    given = parser.parse_args()
    acting = Acting(given.model)
    figures = measure(acting, given.questions, given.seed, Scope(), given.examined)
    table = Table("figure", "value", title=str(Scope()))
    for name, value in rows(figures):
        table.add_row(name, value)
    Console().print(table)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
