"""Summaries of data files, which add up to what a version holds: written once, read many times.

A version's files never change, so what they hold is counted once per file, when it is written or
first asked for, and kept beside the log. `summary_of` adds up what is kept. Nothing here is needed:
a summary that is missing, damaged or of another file is made again from the rows, so the folder
`_summaries` may be deleted at any time.

Does not cover what the numbers mean: rates, intervals, agreement (`labeler.stats`).
Source: partial aggregates, Gray et al., "Data Cube" (1997): sums are distributive, the number of
different things is holistic and needs the things themselves.
"""

from labeler.dataset.summary.problems import BANDS
from labeler.dataset.summary.version import Summary, bands_by_problem, keep_summary, summary_of

__all__ = ["BANDS", "Summary", "bands_by_problem", "keep_summary", "summary_of"]
