"""What a version of a dataset holds, in numbers: labels, agreement, calibration, cost, drift.

Does not cover agreement of labelers with human benchmarks (`labeler.evaluate`) or figures
(`labeler.report`).
"""

from labeler.stats.cost import Prices
from labeler.stats.drift import Drift, drift
from labeler.stats.rates import Rate, wilson
from labeler.stats.records import LabelerStatistics, LabelStatistics
from labeler.stats.statistics import label_statistics

__all__ = [
    "Drift",
    "LabelStatistics",
    "LabelerStatistics",
    "Prices",
    "Rate",
    "drift",
    "label_statistics",
    "wilson",
]
