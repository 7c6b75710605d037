"""A bridge: what ends the thinking behind any prefix and opens the answer (IGPO, SIM-RAG)."""

from __future__ import annotations

from collections.abc import Sequence


def opening(prefix: Sequence[str], bridge: str) -> str:
    """The bridge, without its line break where the prefix has one, or where there is no prefix."""
    ends = not prefix or prefix[-1].endswith("\n")
    return bridge.lstrip("\n") if ends else bridge
