"""Whether an observation says that its call failed.

Sets of trajectories have no common mark for it. What counts here: the message says so itself
(`is_error`, or `status: error`), its text is a JSON object with something under `error`, or it
begins as tools begin such texts (Error:, Traceback, Exception). Anything else is an answer, however
little it helps: "nothing found" is no failure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

FAILED = "error"
_BEGINS = re.compile(r"\s*(?:Traceback \(most recent call last\)|(?:\w*(?:Error|Exception))\b\s*:)")
MOST_READ = 1 << 16
"""Characters from which a text is not tried as JSON."""


def failure_of(message: Mapping[str, Any], text: str) -> str:
    """The kind of failure, "" for none."""
    if message.get("is_error") is True or message.get("status") == FAILED:
        return FAILED
    return FAILED if _BEGINS.match(text) or _has_error(text) else ""


def _has_error(text: str) -> bool:
    if not text.lstrip().startswith("{") or len(text) > MOST_READ:
        return False
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, Mapping) and bool(value.get("error"))
