"""From a config to the parts of a run; alone imports concrete readers, samplers, labelers."""

from labeler.wiring.problems import read_problems
from labeler.wiring.runs import build, open_run, run

__all__ = ["build", "open_run", "read_problems", "run"]
