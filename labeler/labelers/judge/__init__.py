"""LLM judges: a critic that goes through a solution's steps and says which are right."""

from labeler.labelers.judge.judge import NAME, VERSION, judge
from labeler.labelers.judge.settings import Judge

__all__ = ["NAME", "VERSION", "Judge", "judge"]
