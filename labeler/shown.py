r"""Whatever is printed is text: what a model, a problem, a server or a path holds never acts.

A terminal obeys control characters (C0, DEL, C1: colours, titles, a cleared screen, lines written
over) and turns text round at bidirectional ones; a rich console reads square brackets as markup; a
stream whose encoding lacks a character ends the program. Here each of them is shown as JSON writes
it, `\u001b`, so that a printed JSON object stays the object it was. New lines and tabs stay.

`text_only()` holds for all that a command prints, by whatever means; `console()` is for what has
columns and colours of our own. Source: ECMA-48 (C0, C1); Unicode 16, UAX 9 (bidirectional).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from rich.console import Console

_ACTS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and new line, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional
    "\u2028\u2029\ufff9-\ufffb\ufeff"  # other line ends, annotations, byte order
    "\ud800-\udfff"  # halves of characters, and bytes of a path that are no text
    "\U000e0000-\U000e007f]"  # tags: a text that nobody sees
)


def shown(text: str) -> str:
    """The text with every character that would act shown as `\\uXXXX`; CR LF ends a line."""
    return _ACTS.sub(_escape, text.replace("\r\n", "\n"))


def line(text: str) -> str:
    """The same on one line."""
    return shown(text).replace("\n", "\\n")


def _escape(match: re.Match[str]) -> str:
    return _escaped(match.group())


def _escaped(text: str) -> str:
    units = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


class Stream:
    """A text stream that shows what would act, and what its encoding lacks, as escapes.

    `controls` lets control characters through, for a console that has shown its texts already.
    """

    def __init__(self, inner: TextIO, *, controls: bool = False) -> None:
        self.inner = inner
        self._controls = controls
        # Told that the encoding is ASCII, click would write past us.
        self.encoding = (inner.encoding if controls else None) or "utf-8"
        self.errors = "strict"

    def write(self, text: str) -> int:
        written = text if self._controls else shown(text)
        encoding = self.inner.encoding or "utf-8"
        try:
            written.encode(encoding)
        except UnicodeEncodeError:
            written = "".join(one if _fits(one, encoding) else _escaped(one) for one in written)
        self.inner.write(written)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for one in lines:
            self.write(one)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def _fits(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def text_only() -> Iterator[None]:
    """Everything that is printed inside the block is text, by `print`, click or a traceback."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = Stream(sys.stdout), Stream(sys.stderr)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        sys.stdout, sys.stderr = before


def say(text: str, *, err: bool = False) -> None:
    """Prints a text where `text_only` cannot be: beside libraries that colour their own lines."""
    out = sys.stderr if err else sys.stdout
    stream = out if isinstance(out, Stream) else Stream(out)
    stream.write(text + "\n")
    stream.flush()


def console(
    *, stderr: bool = False, file: TextIO | None = None, width: int | None = None
) -> Console:
    """A rich console that reads no markup and shows every text before it is laid out."""
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment
    from rich.text import Text

    class Plain(Console):
        def render_str(self, text: str, **how: Any) -> Text:
            return super().render_str(shown(text), **how)

        def render(
            self, renderable: RenderableType, options: ConsoleOptions | None = None
        ) -> Iterator[Segment]:
            if isinstance(renderable, Text) and _ACTS.search(renderable.plain):
                renderable = _shown_text(renderable)
            for piece in super().render(renderable, options):
                is_text = piece.control is None
                yield Segment(shown(piece.text), piece.style) if is_text else piece

    out = file or (sys.stderr if stderr else sys.stdout)
    inner = out.inner if isinstance(out, Stream) else out
    return Plain(
        file=cast("TextIO", Stream(inner, controls=True)),
        markup=False,
        emoji=False,
        width=width,
    )


def _shown_text(text: Any) -> Any:
    """A styled text, piece by piece, for escapes are longer than what they stand for."""
    from rich.text import Text

    found = Text(justify=text.justify, overflow=text.overflow, no_wrap=text.no_wrap, end=text.end)
    ends = sorted({0, len(text), *(end for span in text.spans for end in (span.start, span.end))})
    for piece in text.divide(ends[1:-1]) if len(text) else ():
        styles = [span.style for span in piece.spans]
        found.append(shown(piece.plain), styles[-1] if styles else text.style)
    found.style = text.style
    return found
