"""A scripted policy that knows the solutions and slips now and then."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from labeler.driver.requests import Prompt


def slipping(reference: Sequence[str], prompt: Prompt, index: int) -> str:
    """Continues a prefix; each step slips in one case of eight, and so does all after a slip."""
    written = prompt.prefix.splitlines(keepends=True)
    begun = _begun(reference, written)
    if begun:
        written = written[:-1]
    lost = written != list(reference[: len(written)])
    text = ""
    for place in range(len(written), len(reference)):
        draw = hashlib.sha256(f"{prompt}{index}{place}".encode()).digest()[0]
        lost = lost or draw < 32
        step = reference[place]
        text += step.replace(".\n", "7.\n") if lost and "Answer" not in step else step
    return text[len(begun) :] + "7" * lost


def _begun(reference: Sequence[str], written: Sequence[str]) -> str:
    """What a prefix has of a step that it breaks off in the middle of, as a model's probe does."""
    place = len(written) - 1
    if not written or place >= len(reference) or written[-1] == reference[place]:
        return ""
    return written[-1] if reference[place].startswith(written[-1]) else ""
