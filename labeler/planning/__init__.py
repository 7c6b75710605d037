"""What a run will take, told beforehand from a sample of its own problems."""

from labeler.planning.plan import Compared, Estimate, Plan
from labeler.planning.plan_store import compared, keep_plan

__all__ = ["Compared", "Estimate", "Plan", "compared", "keep_plan"]
