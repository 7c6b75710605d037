"""Rewards from the log-ratio of two models (labeler `implicit`), in the readings of three papers.

With r_t the step's share (beta times the summed log-ratio of its tokens) and q_t their sum so far:

- `implicit`, `implicit_cumulative`: r_t and q_t of Free Process Rewards (arXiv 2412.01981);
- `prl` (arXiv 2601.10201): R - sum of r_u over the steps u after t, with R the outcome less the
  mean of its problem's solutions, over their standard deviation. beta stands for the paper's 1/eta
  (eta 200: set `beta: 0.005`). The authors' suffix begins at the step's own last token, ours behind
  the step: evidence is of steps, not of tokens;
- `istar` (OPRL, arXiv 2509.19199): r_t less the mean over all steps of the problem's solutions,
  over their standard deviation. The reference must be the model that wrote the solutions.

The spread is that of all of them, not an estimate from a sample. A problem whose solutions all
end alike has R 0. Places are characters, as in `step_rewards`, with those of observations.
Solutions without a score on every step, or without an outcome, are rejected.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from labeler.export.base import Example, ExportOptions, Format, Unit, View
from labeler.export.standard import standard_score
from labeler.records import Evidence, Rejection, Verdict
from labeler.turns.observed import observed_spans

LABELER = "implicit"
CUMULATIVE = "cumulative"


def _convert(views: Sequence[View], options: ExportOptions) -> Iterator[Example | Rejection]:
    scored: list[tuple[View, list[float]]] = []
    for view in views:
        shares = _shares(view)
        if view.labeled.solution.outcome is Verdict.UNKNOWN:
            yield view.reject("its outcome is unknown")
        elif shares is None:
            yield view.reject("not every step has a log-ratio (labeler implicit)")
        else:
            scored.append((view, shares))
    outcomes = [float(_is_right(view)) for view, _ in scored]
    of_steps = [share for _, shares in scored for share in shares]
    for (view, shares), outcome in zip(scored, outcomes, strict=True):
        yield Example(_content(view, shares, standard_score(outcome, outcomes), of_steps))


def _content(
    view: View, shares: Sequence[float], outcome: float, of_steps: Sequence[float]
) -> dict[str, object]:
    steps = view.labeled.solution.steps
    ends = list(itertools.accumulate(map(len, steps)))
    sums = list(itertools.accumulate(shares))
    observed = observed_spans(view.labeled.solution)
    return {
        "prompt": view.problem,
        "completion": "".join(steps),
        "spans": [[start, end] for start, end in zip([0, *ends], ends, strict=False)],
        "implicit": list(shares),
        "implicit_cumulative": sums,
        "prl": [outcome - (sums[-1] - so_far) for so_far in sums],
        "istar": [standard_score(share, of_steps) for share in shares],
        "outcome": _is_right(view),
        **({} if observed is None else {"observations": observed}),
    }


def _shares(view: View) -> list[float] | None:
    """r_t of each step; None where a step has none."""
    said = [_score(step.evidence) for step in view.labeled.steps]
    values = [one.signal for one in said if one is not None and one.signal is not None]
    if not values or len(values) < len(said):
        return None
    # How it was read stands in the version: evidence of both readings is never mixed.
    first = said[0]
    assert first is not None
    if first.labeler_version.endswith(CUMULATIVE):
        return [after - before for before, after in itertools.pairwise([0.0, *values])]
    return values


def _score(pieces: Sequence[Evidence]) -> Evidence | None:
    return next((e for e in pieces if e.labeler == LABELER and e.signal is not None), None)


def _is_right(view: View) -> bool:
    return view.labeled.solution.outcome is Verdict.CORRECT


LOG_RATIO_REWARDS = Format(
    name="log_ratio_rewards",
    about="rewards per step from the log-ratio of two models: Implicit PRM, PRL, iStar",
    readers="none directly: columns for a reward function or an offline RL loader of any trainer",
    loss="labels and all other evidence; tokens (places are characters); solutions without a score "
    "of labeler implicit on every step",
    convert=_convert,
    unit=Unit.PROBLEM,
    whole=True,
    needs_steps=False,
    balances=False,
)
