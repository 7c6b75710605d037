"""Step rewards for reinforcement learning: scalars per step, returns, CAPO's table.

Sum-form return of step t: r_t + r_{t+1} + ... (undiscounted). Min-form: min(r_t, r_{t+1}, ...)
(PURE, arXiv 2504.15275). CAPO (arXiv 2508.02298): every token gets 2 for a right answer, less 1
inside a wrong step. No tokenizer is known here, so places are characters: step i is
`completion[spans[i][0]:spans[i][1]]`; tokenizers' offset mappings turn them into tokens. Of an
agent, `observations` are the characters that tools wrote: no reward is due to them.
"""

from __future__ import annotations

import itertools

from labeler.export.base import IGNORED, Example, ExportOptions, Format, View, all_right, single
from labeler.records import Rejection, Verdict
from labeler.turns.observed import observed_spans

WHOLE, PROCESS = 2.0, 1.0
"""CAPO's weights of the outcome and of a wrong step."""


def _convert(view: View, options: ExportOptions) -> Example | Rejection:
    outcome = view.labeled.solution.outcome
    if outcome is Verdict.UNKNOWN:
        return view.reject("its outcome is unknown")
    right = outcome is Verdict.CORRECT
    targets = [step.target for step in view.steps]
    known = [target for target in targets if target is not None]
    # A step without a label adds nothing: 0 to a sum, 1 to a minimum.
    to_sum = [0.0 if target is None else target for target in reversed(targets)]
    to_least = [1.0 if target is None else target for target in reversed(targets)]
    returns_sum = list(itertools.accumulate(to_sum))[::-1]
    returns_min = list(itertools.accumulate(to_least, min))[::-1]
    texts = view.labeled.solution.steps[: len(view.steps)]
    ends = list(itertools.accumulate(map(len, texts)))
    content = {
        "prompt": view.problem,
        "completion": "".join(texts),
        "spans": [[start, end] for start, end in zip([0, *ends], ends, strict=False)],
        "rewards": [float(IGNORED) if target is None else target for target in targets],
        "returns_sum": returns_sum,
        "returns_min": returns_min,
        "capo": [
            WHOLE * right - PROCESS * (target is not None and target < 0.5) for target in targets
        ],
        "outcome": right,
    }
    observed = observed_spans(view.labeled.solution, len(view.steps))
    masked = {} if observed is None else {"observations": observed}
    return Example(content | masked, all_right(known))


STEP_REWARDS = Format(
    name="step_rewards",
    about="rewards per step for RL: scalars, sum-form and min-form returns, CAPO's table",
    readers="none directly: columns for a reward function or an offline RL loader of any trainer",
    loss="evidence; tokens (places are characters); a step without a label has reward -100 and "
    "adds nothing to the returns",
    convert=single(_convert),
    soft=True,
    whole=True,
)
