"""Which code this is."""

from __future__ import annotations

from pathlib import Path

from labeler.records import short_hash

__version__ = "0.1.0"


def code_version() -> str:
    """Package version and a hash of its source, which tells development versions apart."""
    sources = sorted(Path(__file__).parent.rglob("*.py"))
    return f"{__version__}+{short_hash(*(path.read_text('utf-8') for path in sources))[:8]}"
