"""A type checker's diagnostics of several programs: mypy's JSON output, from one sandboxed run.

mypy reads programs and executes nothing of them; it runs in the sandbox all the same, for what it
reads was written by a model. It sees nothing but those programs and its own stubs: no
configuration, no installed packages, no cache. The same programs give the same diagnostics.

Not counted are diagnostics of programs that merely are not finished (a missing return), of style,
and those that right programs in a dynamic language often have (a variable that changes its type).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from labeler.driver.requests import Failed, Limits, Reply, Run, RunResult

RELEVANT = frozenset(
    {"name-defined", "used-before-def", "attr-defined", "call-arg", "call-overload", "operator"}
    | {"index", "arg-type"}
)
"""mypy's error codes that tell of a line which will likely raise."""

LIMITS = Limits(cpu_s=60, wall_s=120, memory_bytes=2 << 30, output_bytes=8 << 20, processes=32)

SCRIPT = """\
import json, sys
sys.modules["psutil"] = None  # it wants /proc, of which there is none
from mypy import api

def check(names):
    out, err, status = api.run([*{options!r}, *names])
    return [json.loads(line) for line in out.splitlines()] if status < 2 else None

names = {names!r}
found = check(names)
if found is None:  # an error in one program stopped mypy before it looked at the others
    found = []
    for name in names:
        own = check([name])
        found += [{{"file": name, "code": "blocked"}}] if own is None else own
print(json.dumps(found))
"""

OPTIONS = (
    "--output=json", "--no-incremental", "--cache-dir=/dev/null", "--config-file=",
    "--no-site-packages", "--ignore-missing-imports", "--check-untyped-defs",
    "--no-strict-optional", "--allow-redefinition",
    f"--python-version={sys.version_info.major}.{sys.version_info.minor}",
)  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """One complaint; `line` is the program's, from 1."""

    line: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


def checker() -> str:
    """Which checker, with its version; part of every request."""
    try:
        return f"mypy {version('mypy')}"
    except PackageNotFoundError:
        return "mypy, not installed"


def type_check_run(programs: Sequence[str], requester: str) -> Run:
    """One run for all programs."""
    names = [f"p{i}.py" for i in range(len(programs))]
    script = f"# {checker()}\n" + SCRIPT.format(options=OPTIONS, names=names)
    files = tuple(zip(names, programs, strict=True))
    return Run(script, files=files, limits=LIMITS, packages=True, requester=requester)


def diagnostics_in(
    reply: Reply, n_programs: int, relevant: frozenset[str] = RELEVANT
) -> list[tuple[Diagnostic, ...] | None] | str:
    """Relevant diagnostics of each program, None for one that cannot be checked; or why none."""
    if not isinstance(reply, RunResult):
        return reply.reason if isinstance(reply, Failed) else "no run"
    try:
        found = json.loads(reply.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        last = (reply.stderr.strip().splitlines() or [reply.ended])[-1]
        return f"the type checker did not run: {last[:200]}"
    lists: list[list[Diagnostic]] = [[] for _ in range(n_programs)]
    blocked: set[int] = set()
    for one in found:
        program = int(one["file"].removeprefix("p").removesuffix(".py"))
        if one["code"] == "blocked":
            blocked.add(program)
        elif one["severity"] == "error" and one["code"] in relevant:
            lists[program].append(Diagnostic(one["line"], one["code"], one["message"]))
    return [None if i in blocked else tuple(sorted(own)) for i, own in enumerate(lists)]
