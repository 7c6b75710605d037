"""All rules of consensus by name; the order is that of messages and of the documentation.

A new rule is one file and one line here, or one entry point of the group `labeler.rules`.
"""

from __future__ import annotations

from labeler.consensus.each_step import EACH_STEP
from labeler.consensus.first_zero import FIRST_ZERO
from labeler.consensus.fusion import FUSION
from labeler.consensus.genprm import GENPRM
from labeler.consensus.lessons import LESSONS
from labeler.consensus.posterior import POSTERIOR
from labeler.consensus.relative_progress import RELATIVE_PROGRESS
from labeler.consensus.rule import ConsensusRule
from labeler.consensus.scan import SCAN
from labeler.consensus.votes import ALL, ANY, MAJORITY
from labeler.consensus.weak_strong import WEAK_STRONG
from labeler.extensions import Table

RULES: Table[ConsensusRule] = Table(
    "labeler.rules", ConsensusRule, "consensus rule",
    FIRST_ZERO, EACH_STEP, POSTERIOR, LESSONS, GENPRM, RELATIVE_PROGRESS, SCAN, WEAK_STRONG,
    ALL, ANY, MAJORITY, FUSION,
)  # fmt: skip
