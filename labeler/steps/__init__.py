"""Text <-> steps. Joining the steps gives the text back, character for character.

`splitters` holds every way to split in one table; `thinking` says where an answer can stand.
"""

from labeler.steps.delimiter import reference_text, split_steps
from labeler.steps.splitters import SPLITTERS, Splitter, splitter_named
from labeler.steps.thinking import after_thinking

__all__ = [
    "SPLITTERS",
    "Splitter",
    "after_thinking",
    "reference_text",
    "split_steps",
    "splitter_named",
]
