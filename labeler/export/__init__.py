"""Datasets in the formats that trainers and benchmarks read; one module per format.

`exporter` writes them, `views` turns labels into targets, `splits` keeps problems together.
"""

from labeler.export.base import AfterError, ExportError, ExportOptions, Format, Labels, Neutral
from labeler.export.exporter import ExportSummary, export
from labeler.export.formats import FORMATS, format_named

__all__ = [
    "FORMATS",
    "AfterError",
    "ExportError",
    "ExportOptions",
    "ExportSummary",
    "Format",
    "Labels",
    "Neutral",
    "export",
    "format_named",
]
