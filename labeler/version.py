"""Which code this is."""

from __future__ import annotations

from pathlib import Path

from labeler.records import short_hash

__version__ = "0.1.0"


def library_version(name: str) -> str:
    """The installed version of a library, which is not imported."""
    # Half of the time that `import labeler` would take.
    from importlib import metadata

    return metadata.version(name)


def code_version() -> str:
    """Package version and a hash of its source, which tells development versions apart.

    The flows are packaged below this folder and stand beside it in a checkout; they do not count.
    """
    here = Path(__file__).parent
    sources = sorted(one for one in here.rglob("*.py") if one.relative_to(here).parts[0] != "flows")
    return f"{__version__}+{short_hash(*(path.read_text('utf-8') for path in sources))[:8]}"
