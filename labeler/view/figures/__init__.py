"""The statistics of a version as pictures with words; every number leads to its solutions.

`page_of` makes what the template draws: records, no markup.
"""

from labeler.view.figures.page import Page, page_of

__all__ = ["Page", "page_of"]
