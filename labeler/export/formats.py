"""All export formats by name; a package of its own adds to them by `labeler.exports`."""

from __future__ import annotations

from labeler.export.agents import DPO_TURNS, MESSAGES, TURN_SFT
from labeler.export.base import ExportError, Format
from labeler.export.chains import MASKED_FILL, REORDER
from labeler.export.genprm import GENPRM
from labeler.export.groundedprm import GROUNDEDPRM
from labeler.export.log_ratio import LOG_RATIO_REWARDS
from labeler.export.math_shepherd import MATH_SHEPHERD
from labeler.export.openr import OPENR
from labeler.export.openrlhf import OPENRLHF
from labeler.export.outcome import OUTCOME_RM, OUTCOME_SFT
from labeler.export.preferences import DPO_PARETO, DPO_STEPS
from labeler.export.prm800k import PRM800K
from labeler.export.processbench import PROCESSBENCH
from labeler.export.qwen import QWEN
from labeler.export.rewards import STEP_REWARDS
from labeler.export.rlhflow import RLHFLOW
from labeler.export.step_values import STEP_VALUES
from labeler.export.thinkprm import THINKPRM
from labeler.export.trl import TRL
from labeler.export.turn_rewards import TURN_REWARDS
from labeler.extensions import Table

FORMATS: Table[Format] = Table(
    "labeler.exports", Format, "export format",
    TRL, MATH_SHEPHERD, PRM800K, PROCESSBENCH, QWEN, RLHFLOW, OPENRLHF, OPENR,
    GENPRM, THINKPRM, GROUNDEDPRM, OUTCOME_RM, OUTCOME_SFT,
    DPO_STEPS, DPO_PARETO, STEP_REWARDS, LOG_RATIO_REWARDS, STEP_VALUES, MASKED_FILL, REORDER,
    MESSAGES, TURN_SFT, DPO_TURNS, TURN_REWARDS,
)  # fmt: skip


def format_named(name: str) -> Format:
    """The format of this name; `ExportError` lists them where there is none."""
    if name not in FORMATS:
        raise ExportError(f"--format {name}: {FORMATS.why_not(name)}")
    return FORMATS[name]
