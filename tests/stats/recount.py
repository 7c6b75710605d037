"""The statistics of a dataset once more, by plain loops over its records: slow and obvious."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

import krippendorff
from sklearn.metrics import brier_score_loss, cohen_kappa_score

from labeler.records import Asks, Evidence, LabeledSolution, Verdict

SIGN = {Verdict.CORRECT: 1, Verdict.WRONG: -1, Verdict.UNKNOWN: 0}
Rows = Sequence[tuple[str, LabeledSolution]]
"""Run id and record."""


def recount(rows: Rows) -> dict[str, Any]:
    solutions = [solution for _, solution in rows]
    steps = [(s, place, step) for s in solutions for place, step in enumerate(s.steps)]
    labels = Counter(step.label for _, _, step in steps)
    kept = sum(s.consensus.kept for s in solutions)
    counted, n_shared = evidence_once(rows)
    pieces = [piece for said in counted for piece in said]
    by_labeler = {name: of_labeler(pieces, name) for name in sorted({e.labeler for e in pieces})}
    n_labels = len(steps) - labels[None]
    n_kept_labels = sum(s.consensus.kept and step.label is not None for s, _, step in steps)
    totals = {
        kind: sum(getattr(e, kind) for e in pieces)
        for kind in ("calls", "prompt_tokens", "completion_tokens")
    }
    problems = by(solutions, lambda s: s.problem.problem_id)
    domains = by(solutions, lambda s: s.problem.domain)
    outcomes = by(solutions, lambda s: str(s.solution.outcome))
    return {
        "n_problems": len(problems),
        "n_solutions": len(solutions),
        "n_kept": kept,
        "keep_rate": rate(kept, len(solutions)),
        "n_steps": len(steps),
        "n_labeled_steps": n_labels,
        "n_kept_labels": n_kept_labels,
        "n_correct_steps": labels[1],
        "n_neutral_steps": labels[0],
        "n_wrong_steps": labels[-1],
        "n_undecided_steps": labels[None],
        "mean_steps": len(steps) / len(solutions),
        "first_error_histogram": dict(
            Counter("undecided" if s.first_error is None else str(s.first_error) for s in solutions)
        ),
        "wrong_where_undecided": dict(
            Counter(
                str(min(t for t, step in enumerate(s.steps) if step.label == -1))
                for s in solutions
                if s.first_error is None and -1 in [step.label for step in s.steps]
            )
        ),
        **totals,
        "cost": {
            **{k: {"total": v, "per_label": v / n_labels, "per_kept_label": v / n_kept_labels}
               for k, v in totals.items()},
            "seconds": {"total": None, "per_label": None, "per_kept_label": None},
            "usd": {"total": None, "per_label": None, "per_kept_label": None},
        },
        "by_labeler": by_labeler,
        "by_outcome": {name: len(mine) for name, mine in outcomes.items()},
        "by_domain": {name: len(mine) for name, mine in domains.items()},
        "labels_by_domain": labels_by((s.problem.domain, step.label) for s, _, step in steps),
        "labels_by_position": labels_by((str(place), step.label) for _, place, step in steps),
        "keep_by_domain": {name: keep_rate(mine) for name, mine in domains.items()},
        "keep_by_difficulty": by_difficulty(problems.values()),
        "drop_reasons": dict(
            Counter(
                re.sub(r"-?\d+(\.\d+)?", "#", s.consensus.reason)
                for s in solutions
                if not s.consensus.kept
            )
        ),
        "agreement": agreement(counted),
        "calibration": {
            "human": calibration(human_truths(rows)),
            "outcome": calibration(
                (s.steps[-1].probability, s.solution.outcome is Verdict.CORRECT)
                for s in solutions
                if s.solution.outcome is not Verdict.UNKNOWN and s.steps
            ),
        },
        "monte_carlo": monte_carlo(pieces),
        "duplicates": {
            "solutions": len(solutions) - len({s.solution.solution_id for s in solutions}),
            "problem_texts": len(problems) - len({s.problem.text for s in solutions}),
            "shared_steps": n_shared,
        },
        "steps_per_solution": spread(len(s.steps) for s in solutions),
        "characters_per_step": spread(len(step.text) for _, _, step in steps),
        "unread": {},  # nothing of a run is recorded here
        "agents": None,  # no solution here has turns: test_agents.py counts those that have
    }  # fmt: skip


def by(items: Iterable[Any], key: Any) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


def evidence_once(rows: Rows) -> tuple[list[tuple[Evidence, ...]], int]:
    """Per run and prefix the largest evidence, the first among equals; how many steps are left."""
    best: dict[tuple[str, str], tuple[Evidence, ...]] = {}
    n_steps = 0
    for run, solution in rows:
        for step in solution.steps:
            n_steps += 1
            key = (run, step.prefix_id)
            if key not in best or len(step.evidence) > len(best[key]):
                best[key] = step.evidence
    return list(best.values()), n_steps - len(best)


def human_truths(rows: Rows) -> list[tuple[float | None, bool]]:
    """Probability of each step that carries the evidence counted for its prefix."""
    best: dict[tuple[str, str], tuple[float | None, int, int]] = {}
    for run, solution in rows:
        for step in solution.steps:
            key = (run, step.prefix_id)
            if key not in best or len(step.evidence) > best[key][1]:
                best[key] = (step.probability, len(step.evidence), vote(step.evidence, "human"))
    return [(p, said > 0) for p, _, said in best.values() if said]


def vote(evidence: Iterable[Evidence], labeler: str) -> int:
    total = sum(SIGN[e.verdict] for e in evidence if e.labeler == labeler)
    return (total > 0) - (total < 0)


def of_labeler(pieces: Iterable[Evidence], name: str) -> dict[str, Any]:
    mine = [e for e in pieces if e.labeler == name]
    scores = [e.score for e in mine if e.score is not None]
    signals = [e.signal for e in mine if e.signal is not None]
    return {
        "n_evidence": len(mine),
        **{f"n_{verdict}": sum(e.verdict is verdict for e in mine) for verdict in Verdict},
        # A score alone is evidence, nothing that went wrong.
        "n_unknown": sum(e.verdict is Verdict.UNKNOWN and e.signal is None for e in mine),
        "n_signals": sum(e.verdict is Verdict.UNKNOWN and e.signal is not None for e in mine),
        "mean_signal": sum(signals) / len(signals) if signals else None,
        "calls": sum(e.calls for e in mine),
        "prompt_tokens": sum(e.prompt_tokens for e in mine),
        "completion_tokens": sum(e.completion_tokens for e in mine),
        "mean_score": sum(scores) / len(scores) if scores else None,
    }


def labels_by(pairs: Iterable[tuple[str, int | None]]) -> dict[str, Any]:
    groups: dict[str, Counter[int | None]] = defaultdict(Counter)
    for group, label in pairs:
        groups[group][label] += 1
    return {
        group: {
            "n_correct": counts[1],
            "n_neutral": counts[0],
            "n_wrong": counts[-1],
            "n_undecided": counts[None],
            "wrong_rate": rate(counts[-1], counts[-1] + counts[1]),
        }
        for group, counts in groups.items()
    }


def keep_rate(solutions: Sequence[LabeledSolution]) -> dict[str, Any]:
    return rate(sum(s.consensus.kept for s in solutions), len(solutions))


def by_difficulty(problems: Iterable[list[LabeledSolution]]) -> dict[str, Any]:
    bands: dict[str, list[list[LabeledSolution]]] = defaultdict(list)
    for mine in problems:
        decided = [s.solution.outcome for s in mine if s.solution.outcome is not Verdict.UNKNOWN]
        n, n_right = len(decided), decided.count(Verdict.CORRECT)
        draws = {s.solution.samples for s in mine if s.solution.samples}
        if any(draw.n_decided for draw in draws):
            n = sum(draw.n_decided for draw in draws)
            n_right = sum(draw.n_correct for draw in draws)
        if not n:
            bands["undecided"].append(mine)
            continue
        share = n_right / n
        limits = {"0": 0, "up to 1/4": 0.25, "up to 1/2": 0.5, "up to 3/4": 0.75}
        band = next((name for name, limit in limits.items() if share <= limit), None)
        bands[band or ("1" if share == 1 else "below 1")].append(mine)
    return {
        band: {"n_problems": len(groups), "keep_rate": keep_rate([s for g in groups for s in g])}
        for band, groups in bands.items()
    }


def agreement(counted: Sequence[tuple[Evidence, ...]]) -> dict[str, Any]:
    """Without intervals: these are drawn."""
    names = sorted({e.labeler for said in counted for e in said})
    votes = [{name: vote(said, name) for name in names} for said in counted]
    shared = [one for one in votes if sum(v != 0 for v in one.values()) > 1]
    pairs = []
    for a, b in combinations(names, 2):
        both = [(one[a], one[b]) for one in shared if one[a] and one[b]]
        if not both:
            continue
        n_same = sum(x == y for x, y in both)
        kappa = cohen_kappa_score(*zip(*both, strict=True), labels=[-1, 1])
        pairs.append(
            {
                "a": a,
                "b": b,
                "both_right": both.count((1, 1)),
                "both_wrong": both.count((-1, -1)),
                "only_a_right": both.count((1, -1)),
                "only_b_right": both.count((-1, 1)),
                "agree": rate(n_same, len(both)),
                "kappa": None if math.isnan(kappa) else kappa,
            }
        )
    table = [[one[name] or math.nan for one in shared] for name in names]
    alpha = krippendorff.alpha(table, level_of_measurement="nominal", value_domain=[-1, 1])
    return {"n_steps": len(shared), "alpha": alpha, "pairs": pairs}


def calibration(truths: Iterable[tuple[float | None, bool]]) -> dict[str, Any]:
    known = [(p, right) for p, right in truths if p is not None]
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for p, right in known:
        bins[min(int(p * 10), 9)].append((p, right))
    n = len(known)
    off = sum(abs(sum(p for p, _ in b) - sum(right for _, right in b)) for b in bins.values())
    return {
        "n": n,
        "brier": brier_score_loss([right for _, right in known], [p for p, _ in known]),
        "expected_error": off / n,
        "bins": [
            {
                "low": index / 10,
                "high": (index + 1) / 10,
                "mean_probability": sum(p for p, _ in mine) / len(mine),
                "right": rate(sum(right for _, right in mine), len(mine)),
            }
            for index, mine in sorted(bins.items())
        ],
    }


def monte_carlo(pieces: Iterable[Evidence]) -> dict[str, dict[str, list[int]]]:
    found: dict[str, dict[str, list[int]]] = {}
    for e in pieces:
        if e.asks is Asks.VALUE and e.verdict is not Verdict.UNKNOWN and e.n > 1:
            counts = found.setdefault(e.labeler, {}).setdefault(str(e.n), [0] * (e.n + 1))
            counts[e.n_correct] += 1
    return found


def spread(numbers: Iterable[int]) -> dict[str, Any]:
    ordered = sorted(numbers)
    at = {share: ordered[max(0, math.ceil(share * len(ordered)) - 1)] for share in (0.1, 0.5, 0.9)}
    return {
        "n": len(ordered),
        "mean": sum(ordered) / len(ordered),
        "smallest": ordered[0],
        "p10": at[0.1],
        "median": at[0.5],
        "p90": at[0.9],
        "largest": ordered[-1],
    }


def rate(n_yes: int, n: int) -> dict[str, Any]:
    """Wilson's interval by the roots of its quadratic equation."""
    if n == 0:
        return {"n_yes": 0, "n": 0, "rate": None, "low": None, "high": None}
    z2, p = 1.959963984540054**2, n_yes / n
    a, b, c = 1 + z2 / n, -(2 * p + z2 / n), p * p
    root = math.sqrt(max(0.0, b * b - 4 * a * c))
    low, high = (-b - root) / (2 * a), (-b + root) / (2 * a)
    return {"n_yes": n_yes, "n": n, "rate": p, "low": max(0.0, low), "high": min(1.0, high)}
