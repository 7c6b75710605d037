"""All ways to split a solution into steps, by the name that `steps:` of a run file calls them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from labeler.steps.auto import split_auto
from labeler.steps.delimiter import split_lines, split_steps

Split = Callable[[str, str, str], tuple[str, ...]]
"""(text, the policy's delimiter, the step it goes on from or "") -> steps that joined give it."""


NEXT = "Next"
"""Stands for whatever may follow."""


@dataclass(frozen=True, slots=True)
class Splitter:
    """A way to split; `split` gives no step only for a text that shows nothing."""

    name: str
    says: str
    split: Split
    is_whole: Callable[[str, str], bool]
    """(last step of a text that was cut off, delimiter) -> whether the step had ended before."""
    version: str = "1"
    """Another one where it splits any text otherwise than before: then older labels are stale."""


SPLITTERS = {
    made.name: made
    for made in (
        Splitter(
            "delimiter",
            "behind every policy.delimiter, whatever stands there",
            lambda text, delimiter, before: split_steps(text, delimiter),
            lambda step, delimiter: step.endswith(delimiter),
        ),
        Splitter(
            "auto",
            "paragraphs, list items, lines or sentences, as the reply has them; never inside a "
            "formula, code or table",
            lambda text, delimiter, before: split_auto(text, before),
            lambda step, delimiter: len(split_auto(step + NEXT)) > 1,
            version="2",
        ),
        Splitter(
            "lines",
            "every line, in code too: programs, and policies that write a line a step",
            lambda text, delimiter, before: split_lines(text),
            lambda step, delimiter: step.endswith(("\n", "\r")),
        ),
    )
}


def splitter_named(name: str) -> Splitter:
    """The splitter of this name. Raises `KeyError` for one that is not in the table."""
    return SPLITTERS[name]
