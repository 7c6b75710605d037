"""The process that judges as one self-contained script, for places where its files are not.

The script holds no secret: tests and nonce come on its stdin, after the program's process was
forked.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

INSIDE = Path(__file__).with_name("inside")
MODULES = ("wire", "candidate", "child", "remote", "supervisor")
"""In the order in which they import each other."""

SCRIPT = """\
import sys, types
for name, source in {sources!r}.items():
    module = types.ModuleType("inside." + name if name else "inside")
    module.__package__ = "inside"
    sys.modules[module.__name__] = module
    if name:
        exec(compile(source, name, "exec", dont_inherit=True), module.__dict__)
        setattr(sys.modules["inside"], name, module)
    else:
        module.__path__ = []
sys.modules["inside.supervisor"].main()
"""


@cache
def script() -> str:
    """Python source that reads one task from stdin and prints its result."""
    sources = {"": ""} | {
        name: (INSIDE / f"{name}.py").read_text(encoding="utf-8") for name in MODULES
    }
    return SCRIPT.format(sources=sources)
