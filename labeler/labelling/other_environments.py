"""Says when a run's tools answer otherwise than they did: the same run file is then another run.

`OUT/_work/environments.json` keeps, for each run file that was run here, the hash of each of its
environments. A corpus that was changed since makes another run, which takes nothing of the earlier
one over but what its models said to the same prompts.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from labeler.files import whole_file

log = logging.getLogger("labeler")


def tell_others(work: Path, config_sha: str, now: Mapping[str, str], run_id: str) -> None:
    """Logs a line where an environment is another one than when this run file was last run."""
    if not now:
        return
    file = work / "environments.json"
    known = _read(file)
    before = known.get(config_sha, {})
    if changed := [name for name in now if before.get(name, now[name]) != now[name]]:
        log.warning(
            "%s: what %s answers from is not what it was when this run file was last run here: "
            "this is a new run (%s), which makes its calls anew",
            work.parent, ", ".join(changed), run_id,
        )  # fmt: skip
    if before != now:
        with whole_file(file) as content:
            content.write(json.dumps(known | {config_sha: dict(now)}, indent=1).encode())


def _read(file: Path) -> dict[str, dict[str, str]]:
    try:
        known: dict[str, dict[str, str]] = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}  # It only serves a message.
    return known
