"""Runs in the sandbox: `model.py`, with every call of HiGHS through scipy noted.

Prints one JSON line at its end: what the model printed, and the status of each call
(scipy's: 0 optimal, 1 limit, 2 infeasible, 3 unbounded). Sent as source, so it imports nothing of
this package.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any


def noting(solve: Callable[..., Any], calls: list[dict[str, Any]]) -> Callable[..., Any]:
    """`solve`, which adds how it ended to `calls`."""

    def noted(*args: Any, **options: Any) -> Any:
        result = solve(*args, **options)
        calls.append({"status": int(result.status)})
        return result

    return noted


@contextmanager
def suppress_exit() -> Iterator[None]:
    """A model that ends itself without an error came to its end."""
    try:
        yield
    except SystemExit as end:
        if end.code:
            raise


def main() -> None:
    """Runs the model and prints what came of it."""
    from scipy import optimize

    calls: list[dict[str, Any]] = []
    for name in ("linprog", "milp"):
        setattr(optimize, name, noting(getattr(optimize, name), calls))
    printed = io.StringIO()
    source = Path("model.py").read_text(encoding="utf-8")
    with redirect_stdout(printed), suppress_exit():
        exec(compile(source, "model.py", "exec"), {"__name__": "__main__"})
    print(json.dumps({"printed": printed.getvalue()[-10_000:], "calls": calls}))


if __name__ == "__main__":
    main()
