"""Fenced blocks that hold a program: what stands in them is not said by the solution.

A block is a program if its fence names a programming language, or if, unnamed, it has a line that
only a program has. A block without its end goes on to the end of the text. Does not cover programs
without a fence. Sources: CommonMark, fenced code blocks.
"""

from __future__ import annotations

import re

_FENCE = re.compile(
    r"[ \t]{0,12}(?:```|~~~)[`~]{0,8}[ \t]{0,4}(?P<language>[A-Za-z0-9+#_.-]{0,20})"
)
_LANGUAGES = frozenset({
    "python", "python3", "py", "pycon", "ipython", "c", "cpp", "c++", "c#", "java", "javascript",
    "js", "typescript", "ts", "go", "rust", "r", "julia", "matlab", "octave", "sql", "bash", "sh",
    "lean", "ruby", "php", "scala", "haskell",
})  # fmt: skip
_OF_A_PROGRAM = re.compile(
    r"[ \t]{0,40}(?:import [A-Za-z_]|from [\w.]{1,80} import |def \w{1,80}\(|print\("
    r"|for \w{1,40} in )"
)


def without_programs(text: str) -> str:
    """The text without its blocks of code; other blocks stay as they are."""
    if "```" not in text and "~~~" not in text:
        return text
    kept: list[str] = []
    block: list[str] = []
    language = ""
    for line in text.splitlines(keepends=True):
        fence = _FENCE.match(line)
        if not block and fence:
            language = fence["language"].lower()
            block = [line]
        elif block:
            block.append(line)
            if fence and not fence["language"]:
                kept += _unless_program(language, block)
                block = []
        else:
            kept.append(line)
    return "".join([*kept, *_unless_program(language, block)])


def _unless_program(language: str, block: list[str]) -> list[str]:
    is_program = language in _LANGUAGES or (
        not language and any(_OF_A_PROGRAM.match(line) for line in block[1:])
    )
    # A line of its own stays, so that what stands before and behind does not run together.
    return ["\n"] if block and is_program else block
