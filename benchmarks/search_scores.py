"""What `search.py` says of each method: accuracy, calibration, cost, and how labels err."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from search_pooled import by_problem, interval

from labeler.consensus.base import Decision, Learner, Rule, fitted, value_counts
from labeler.consensus.first_zero import FirstZero
from labeler.consensus.posterior import Posterior, PosteriorRule
from labeler.consensus.relative_progress import RelativeProgress, RelativeProgressRule
from labeler.consensus.scan import Scan, ScanRule
from labeler.driver.cost import Cost
from labeler.evaluation.compare import Examined, rows_of
from labeler.evaluation.metrics import Prediction, calibration_error, score
from labeler.labelers.method import Labeler
from labeler.records import LabeledSolution, Verdict

LENGTHS = (("4-7", 4, 7), ("8-9", 8, 9), ("10-17", 10, 17))
BANDS = (("low", 0.0, 1 / 3), ("middle", 1 / 3, 2 / 3), ("high", 2 / 3, 1.01))
FARTHEST = 5
"""Places that are farther off are counted as this far."""


@dataclass(frozen=True)
class Method:
    """A labeler with the rule that reads its evidence as its authors do; `learns`: the rule first
    learns from the evidence (not the truth) of all solutions what scores are worth. What it would
    learn besides (hopeless problems) it goes without, as the rule of the flat prior does here.
    """

    labeler: Labeler
    rule: Rule
    learns: bool = False


def summary(
    examined: Sequence[Examined], name: str, method: Method, costs: Mapping[str, Cost]
) -> dict[str, Any]:
    """All figures of one method on these solutions."""
    rows = rows_of(examined, [name])
    truths = [one.solved.first_error or 0 for one in examined]
    cost = Cost()
    for requester, part in costs.items():
        if requester != "outcome":
            cost.samples += part.samples
            cost.completion_tokens += part.completion_tokens
    rule = method.rule
    if method.learns and isinstance(rule, Posterior):
        rule = replace(rule, signals=rule.fit(rows).signals)
    judged = [judge(row, truth, rule) for row, truth in zip(rows, truths, strict=True)]
    whole = score(judged, cost).to_json()
    wrong = [j for j in judged if j.outcome is Verdict.WRONG]
    located = sum(j.predicted == j.truth for j in wrong)
    tokens = cost.completion_tokens
    n_labels = sum(label is not None for j in wrong for label in j.decision.labels)
    sums = by_problem(judged, [one.solved.problem.problem_id for one in examined])
    return {
        **{key: whole[key] for key in ("f1", "acc_erroneous", "acc_correct", "brier", "ece")},
        "n_probabilities": whole["n_probabilities"],
        "f1_interval": interval(sums),
        "precision_wrong": whole["precision"],
        "recall_wrong": whole["acc_erroneous"],
        "exact_of_wrong_answers": located / len(wrong) if wrong else None,
        **({"learned": rule.report()} if method.learns and isinstance(rule, Learner) else {}),
        "samples": cost.samples,
        "generated_tokens": tokens,
        "samples_per_located_error": cost.samples / located if located else None,
        "tokens_per_located_error": tokens / located if located else None,
        "tokens_per_label": tokens / n_labels if n_labels else None,
        "misses": whole["misses"],
        "offsets": offsets(wrong),
        "reliability": reliability(judged),
        "by_length": by_length(judged, rows),
        "by_problem": sums,
    }


def judge(row: LabeledSolution, truth: int, rule: Rule) -> Prediction:
    """What a search's rule decides of a solution, beside the truth."""
    decision = rule.decide(row.solution, [step.evidence for step in row.steps])
    if row.solution.outcome is not Verdict.WRONG:
        # No method searches these: a right answer shows that no value was lost.
        n_steps = len(row.steps)
        sure = decision.probabilities if isinstance(rule, Posterior) else (1.0,) * n_steps
        decision = Decision(-1, (1,) * n_steps, sure)
    elif not isinstance(rule, Posterior):
        hard = tuple(None if x is None else float(x > 0) for x in decision.labels)
        decision = Decision(decision.first_error, decision.labels, hard, decision.reason)
    return Prediction(decision, truth, row.solution.outcome, by_rollouts=True)


def by_length(judged: Sequence[Prediction], rows: Sequence[LabeledSolution]) -> dict[str, Any]:
    """Accuracy and tokens of wrong solutions, short and long ones apart."""
    found = {}
    for label, lowest, highest in LENGTHS:
        hits, tokens = [], 0
        for j, row in zip(judged, rows, strict=True):
            if j.outcome is Verdict.WRONG and lowest <= len(row.steps) <= highest:
                hits.append(j.predicted == j.truth)
                pieces = [e for step in row.steps for e in step.evidence if e.labeler != "outcome"]
                tokens += sum(e.completion_tokens for e in pieces)
        if hits:
            found[label] = {"n": len(hits), "exact": sum(hits) / len(hits), "tokens": tokens}
    return found


def offsets(judged: Sequence[Prediction]) -> dict[str, int]:
    """How far off the place of the first error is, in steps: negative is too early (SCAN)."""
    counts: Counter[str] = Counter()
    for j in judged:
        if j.predicted is None:
            counts["undecided"] += 1
        elif j.predicted >= 0 and j.truth >= 0:
            off = max(-FARTHEST, min(FARTHEST, j.predicted - j.truth))
            counts[f"{off:+d}" if off else "0"] += 1
        else:
            counts["none there" if j.truth < 0 else "none seen"] += 1
    return dict(sorted(counts.items()))


def pairs_of(judged: Sequence[Prediction]) -> list[tuple[float, bool]]:
    """P(step is right) and whether it is, up to the first error."""
    return [
        (p, t != j.truth)
        for j in judged
        for t, p in enumerate(j.decision.probabilities[: j.n_known])
        if p is not None
    ]


def reliability(judged: Sequence[Prediction], bins: int = 10) -> list[dict[str, float]]:
    """Per tenth of claimed probability: how many steps, what was claimed, what was true."""
    found = []
    pairs = pairs_of(judged)
    for number in range(bins):
        some = [(p, right) for p, right in pairs if min(int(p * bins), bins - 1) == number]
        if some:
            claimed, true = (sum(values) / len(some) for values in zip(*some, strict=True))
            found.append({"n": len(some), "claimed": claimed, "true": true})
    return found


def denoised(rows: Sequence[LabeledSolution], truths: Sequence[int]) -> dict[str, Any]:
    """Rules on the same stored rollouts (brute force): what each makes of wrong solutions.

    `soft` are the bare shares of right rollouts, without a rule; Brier and ECE speak of the steps
    that the rule gave a probability.
    """
    rules: dict[str, Rule] = {
        "first_zero": FirstZero(),
        "scan, tolerance 0": Scan(ScanRule(tolerance=0, min_self_confidence=1e-09)),
        "scan": Scan(ScanRule(min_self_confidence=1e-09)),
        "scan, all steps": Scan(ScanRule(tolerance=99, min_self_confidence=1e-09)),
        "scan, sure problems": Scan(),
        "relative_progress, bare": RelativeProgress(RelativeProgressRule(min_correct=0)),
        "relative_progress": RelativeProgress(),
        "posterior": Posterior(PosteriorRule(min_confidence=1e-09)),
    }
    found = {}
    for name, rule in rules.items():
        ready = fitted(rule, rows)
        judged = [judge_wrong(r, t, ready) for r, t in zip(rows, truths, strict=True) if _wrong(r)]
        found[name] = _errors(judged)
    soft = [_soft(r, t) for r, t in zip(rows, truths, strict=True) if _wrong(r)]
    found["soft"] = _errors(soft)
    return found


def by_self_confidence(
    rows: Sequence[LabeledSolution], truths: Sequence[int]
) -> dict[str, dict[str, int]]:
    """How far off the first zero is, by the share of right ones among the problem's solutions."""
    rates = fitted(Scan(), rows).rates
    found = {}
    for label, low, high in BANDS:
        judged = []
        for row, truth in zip(rows, truths, strict=True):
            known = rates.of(row.problem.problem_id)
            if _wrong(row) and low <= known.n_correct / known.n < high:
                judged.append(judge_wrong(row, truth, FirstZero()))
        found[label] = offsets(judged)
    return found


def judge_wrong(row: LabeledSolution, truth: int, rule: Rule) -> Prediction:
    """What any rule decides of a solution with a wrong answer; hard labels count as sure."""
    decision = rule.decide(row.solution, [step.evidence for step in row.steps])
    if all(p is None for p in decision.probabilities):
        hard = tuple(None if x is None else float(x > 0) for x in decision.labels)
        decision = Decision(decision.first_error, decision.labels, hard, decision.reason)
    return Prediction(decision, truth, row.solution.outcome, by_rollouts=True)


def _soft(row: LabeledSolution, truth: int) -> Prediction:
    counts = value_counts([step.evidence for step in row.steps])
    shares = tuple(c.n_correct / c.n if c.n else None for c in counts)
    return Prediction(Decision(None, (None,) * len(shares), shares), truth, row.solution.outcome)


def _wrong(row: LabeledSolution) -> bool:
    return row.solution.outcome is Verdict.WRONG


def _errors(judged: Sequence[Prediction]) -> dict[str, Any]:
    kept = [j for j in judged if j.predicted is not None]
    pairs = pairs_of(judged)
    return {
        "n": len(judged),
        "kept": len(kept),
        "exact": sum(j.predicted == j.truth for j in kept) / len(kept) if kept else None,
        "brier": sum((p - right) ** 2 for p, right in pairs) / len(pairs) if pairs else None,
        "ece": calibration_error(pairs),
        "n_probabilities": len(pairs),
    }
