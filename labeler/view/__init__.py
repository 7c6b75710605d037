"""The viewer: a local web page to look at a dataset and to review its labels.

`serve` shows a dataset until it is stopped.
Rendered on the server, with a small script for keys: no build, nothing from elsewhere.
"""

from labeler.view.serve import serve

__all__ = ["serve"]
