"""Says whether a place in a reply lies inside a display, a fence or an environment.

A judge of `labeler.steps` that shares nothing with it: one character after the other, with a stack,
no regular expressions, no look ahead. What is never closed is not there (its mark stands for
itself), so a place is inside only of what both begins and ends.
"""

from __future__ import annotations

PAIRS = {"\\[": "\\]", "$$": "$$"}
NAMED = ("\\begin{", "\\end{")


def inside(text: str) -> list[bool]:
    """For each place 0..len(text): whether it lies strictly inside of something."""
    marked = [False] * (len(text) + 1)
    for start, end in regions(text):
        for place in range(start + 1, end):
            marked[place] = True
    return marked


def regions(text: str) -> list[tuple[int, int]]:
    """Fences, and outside of them displays and environments: first character, behind the last."""
    begins = dict(fences(text))
    found = list(begins.items())
    at = 0
    while at < len(text):
        if at in begins:
            at = begins[at]
            continue
        end = None
        if text.startswith("\\\\", at) or text.startswith("\\$", at):
            at += 2
            continue
        for opening, closing in PAIRS.items():
            if text.startswith(opening, at):
                end = _closing(text, at + 2, closing)
        if text.startswith(NAMED[0], at):
            end = _environment(text, at)
        if end is None:
            at += 1
        else:
            found.append((at, end))
            at = end
    return found


def fences(text: str) -> list[tuple[int, int]]:
    """From the mark of an opening line to the end of the line that closes it."""
    found = []
    place, opened, mark = 0, 0, ""
    for line in text.split("\n"):
        bare = line.strip().lstrip("> ")
        sign = bare[:3]
        if sign in ("```", "~~~"):
            run = len(bare) - len(bare.lstrip(sign[0]))
            rest = bare[run:]
            if not mark and sign[0] not in rest:
                opened, mark = place + line.index(sign), sign[0] * run
            elif mark and not rest.strip() and bare.startswith(mark):
                found.append((opened, place + len(line)))
                mark = ""
        place += len(line) + 1
    return found


def _closing(text: str, at: int, closing: str) -> int | None:
    while at < len(text):
        if text.startswith("\\\\", at) or text.startswith("\\$", at):
            at += 2
        elif text.startswith(closing, at):
            return at + 2
        else:
            at += 1
    return None


def _environment(text: str, at: int) -> int | None:
    depth = 0
    name = text[at + len(NAMED[0]) : text.find("}", at)]
    opening, closing = (f"{one}{name}}}" for one in NAMED)
    while at < len(text):
        if text.startswith(opening, at):
            depth += 1
        elif text.startswith(closing, at):
            depth -= 1
            if depth == 0:
                return at + len(closing)
        at += 1
    return None
