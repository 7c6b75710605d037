"""What a format makes of labelled solutions, for the tests of formats."""

from __future__ import annotations

from labeler.export import FORMATS, AfterError, ExportOptions, Labels
from labeler.export.base import Example, View
from labeler.export.views import view
from labeler.records import LabeledSolution, Rejection

MASK = ExportOptions(after_error=AfterError.MASK)
SOFT = ExportOptions(labels=Labels.SOFT)


def made(
    name: str, *solutions: LabeledSolution, options: ExportOptions | None = None
) -> list[dict[str, object] | str]:
    """The examples, and the reasons of rejections."""
    fmt, options = FORMATS[name], options or ExportOptions()
    fmt.check(options)
    seen = [view(one, fmt, options) for one in solutions]
    found = [one.reason for one in seen if isinstance(one, Rejection)]
    views = [one for one in seen if isinstance(one, View)]
    for item in fmt.convert(views, options) if views else ():
        found.append(item.content if isinstance(item, Example) else item.reason)
    return found
