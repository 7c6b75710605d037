r"""Takes the program out of a reply to a problem in code.

Of several fenced blocks the program is the last one that defines a function or class and is no test
or example of an earlier one; one that goes on with what earlier blocks define is joined to them.
Blocks of output, of a shell or of usage are none. Fences may be indented, open at the end, or end
their lines with CRLF. Without a fence the program begins at the first line that begins one; a text
that begins indented is the rest of a function (HumanEval) and stays whole.
Not covered: languages other than Python.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from labeler.checking.answers.thoughts import behind_thoughts
from labeler.programs.statements import parse

MOST_BLOCKS = 64
MOST_CHARACTERS = 1 << 17

_FENCE = re.compile(r"^(?P<indent>[ \t>]*)(?P<ticks>`{3,}|~{3,})[ \t]*(?P<language>[^\s`]*)[^`]*$")
_NO_PROGRAM = re.compile(
    r"^\{?\.?(?:text|txt|output|out|console|bash|sh|shell|zsh|json|yaml|html|diff|plaintext|none|"
    r"markdown|md|csv|sql|mermaid|latex|tex)\b",
    re.IGNORECASE,
)
_BEGINS = re.compile(r"^(?:def |class |import |from \w[\w.]* import |@|async def )")
_TRIES = re.compile(
    r"^_*(?:tests?|check|main|demo|example|usage|run)(?:_|$|[A-Z0-9])", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Block:
    """A fenced block that parses: what it defines at its top, and which names it needs."""

    source: str
    defines: frozenset[str]
    assigns: frozenset[str]
    needs: frozenset[str]
    acts: bool


def program_in(text: str) -> str | None:
    """The program of a reply; None where there is nothing in it."""
    reply = behind_thoughts(text)
    if reply is None or not reply.strip():
        return None
    reply = reply.replace("\r\n", "\n")
    fenced = _fenced(reply)
    if not fenced:
        return _unfenced(reply)
    program = _chosen(fenced)
    return program if program.strip() else None


def _fenced(text: str) -> list[str]:
    """The contents of all fenced blocks that may be Python, without their indentation."""
    blocks: list[str] = []
    inside: list[str] | None = None
    indent = ticks = language = ""
    for line in text.split("\n"):
        fence = _FENCE.match(line) if "```" in line or "~~~" in line else None
        if inside is None:
            if fence:
                inside, indent, ticks = [], fence["indent"], fence["ticks"]
                language = fence["language"]
        elif fence and _closes(fence, indent, ticks):
            blocks += [] if _NO_PROGRAM.match(language) else ["\n".join([*inside, ""])]
            inside = None
        else:
            inside.append(line.removeprefix(indent))
    if inside is not None and not _NO_PROGRAM.match(language):
        blocks.append("\n".join(inside))
    return blocks


def _closes(fence: re.Match[str], indent: str, ticks: str) -> bool:
    """Whether a fence ends a block; one indented further stands in a docstring of the program."""
    deep = len(fence["indent"]) > len(indent) + 3
    return not fence["language"] and fence["ticks"].startswith(ticks) and not deep


def _chosen(blocks: list[str]) -> str:
    read = [one for block in blocks[-MOST_BLOCKS:] if (one := _block(block)) is not None]
    definite = [one for one in read if one.defines]
    while len(definite) > 1:
        last = definite[-1]
        before = frozenset().union(*(one.defines for one in definite[:-1]))
        borrowed = (last.needs & before) - last.defines
        if not borrowed:
            break
        if not all(_TRIES.match(name) for name in last.defines):
            return "\n".join([*_lenders(definite[:-1], borrowed), last.source])
        definite.pop()
    if definite:
        return definite[-1].source
    acting = [one for one in read if one.acts]
    return (acting or read)[-1].source if read else blocks[-1]


def _lenders(blocks: list[_Block], borrowed: frozenset[str]) -> list[str]:
    """The earlier blocks that define what a later one borrows, each name from its last one."""
    found: dict[int, str] = {}
    wanted = set(borrowed)
    for place in range(len(blocks) - 1, -1, -1):
        if wanted & blocks[place].defines:
            found[place] = blocks[place].source
            wanted -= blocks[place].defines
            earlier = frozenset().union(*(one.defines for one in blocks[:place]))
            wanted |= blocks[place].needs & earlier - blocks[place].defines
    return [found[place] for place in sorted(found)]


def _block(source: str) -> _Block | None:
    """What a block is made of; None where it is no Python."""
    if len(source) > MOST_CHARACTERS:
        return None
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    defines, assigns = set(), set()
    acts = False
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            defines.add(node.name)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            defines |= {one.id for one in node.targets if isinstance(one, ast.Name)}
        elif isinstance(node, ast.Assign):
            assigns |= {one.id for one in node.targets if isinstance(one, ast.Name)}
        acts = acts or not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call)
    needs = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return _Block(source, frozenset(defines), frozenset(assigns), frozenset(needs), acts)


def _unfenced(text: str) -> str:
    """A text without fences: from the first line that begins a program to its end."""
    lines = text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first[:1].isspace() or len(text) > MOST_CHARACTERS or _block(text) is not None:
        return text
    begin = next((n for n, line in enumerate(lines) if _BEGINS.match(line)), None)
    if begin is None:
        return text
    # Prose behind the program begins at the margin: try to end before each such line, from the end.
    margin = [
        n
        for n in range(len(lines) - 1, begin, -1)
        if lines[n][:1].strip() and not _BEGINS.match(lines[n])
    ]
    ends = [len(lines), *margin[:MOST_BLOCKS]]
    for end in ends:
        program = "\n".join(lines[begin:end])
        if _block(program) is not None:
            return program
    return text
