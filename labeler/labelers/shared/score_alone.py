"""Evidence that is a real-valued score without a verdict.

A score alone is never a verdict: its verdict is unknown, so no rule that votes sees it, no export
takes it for a flag, and statistics count it apart from what is unknown. What it is worth is learned
from the run (`labeler.first_error.signals`), where a rule learns at all.
"""

from __future__ import annotations

from labeler.records import Asks, Evidence, Verdict

NO_VERDICT = "a score, not a verdict"


def score_alone(
    prefix_id: str,
    labeler: str,
    version: str,
    asks: Asks,
    signal: float,
    *,
    score: float | None = None,
    rationale: str = "",
    model: str = "",
    calls: int = 0,
    prompt_tokens: int = 0,
) -> Evidence:
    """`signal` on the labeler's own scale, higher is better; `score` where it is a probability."""
    return Evidence(
        prefix_id=prefix_id,
        labeler=labeler,
        labeler_version=version,
        asks=asks,
        verdict=Verdict.UNKNOWN,
        score=score,
        rationale=rationale,
        model=model,
        calls=calls,
        prompt_tokens=prompt_tokens,
        reason=NO_VERDICT,
        signal=signal,
    )


def source_name(labeler: str, model: str) -> str:
    """Who gives a score, of which model."""
    return f"{labeler}@{model}" if model else labeler


def is_score_alone(piece: Evidence) -> bool:
    """Whether a piece has a score and no verdict."""
    return piece.signal is not None and piece.verdict is Verdict.UNKNOWN
