"""`labeler report`: one self-contained HTML file about one version of a dataset."""

from labeler.report.page import report_html, write_report

__all__ = ["report_html", "write_report"]
