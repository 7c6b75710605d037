"""What a run will take, told beforehand from a sample of its own problems."""

from labeler.planning.kept import compared, keep_plan
from labeler.planning.plan import Compared, Estimate, Plan

__all__ = ["Compared", "Estimate", "Plan", "compared", "keep_plan"]
