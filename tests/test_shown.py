r"""Whatever is printed is text: no terminal acts, no markup is read, no encoding ends a command."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text

from labeler.shown import Stream, console, line, shown

EVIL = (
    "\x1b]0;PWNED\x07\x1b[31mRED\x1b[0m\x1b]8;;http://evil\x07link\x1b[2J\x9b31m\x7f\r"
    "\u202eabc\u2066\u200f\u2028\U000e0041[/nope][red]"
)
ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028]")


@pytest.mark.parametrize(
    ("text", "as_text"),
    [
        ("a\tb\nc é 数 👩\u200d🔬", "a\tb\nc é 数 👩\u200d🔬"),
        ("\x1b[31m", "\\u001b[31m"),
        ("\x9b31m", "\\u009b31m"),
        ("a\r\nb\rc", "a\nb\\u000dc"),
        ("\x7f\x08", "\\u007f\\u0008"),
        ("\u202e\u2066\u061c", "\\u202e\\u2066\\u061c"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\udb40\\udc41"),
    ],
)
def test_what_would_act_is_shown_as_json_writes_it(text: str, as_text: str) -> None:
    assert shown(text) == shown(shown(text)) == as_text


def test_json_stays_the_same_object() -> None:
    record = {"text": EVIL, "é": ["\u0085"]}
    assert json.loads(shown(json.dumps(record, ensure_ascii=False))) == record


def test_a_line_is_one_line() -> None:
    assert line("a\nlabeler: all is well") == "a\\nlabeler: all is well"


def test_a_stream_that_lacks_a_character_writes_its_escape() -> None:
    raw = io.BytesIO()
    inner = io.TextIOWrapper(raw, encoding="cp1252", newline="")
    Stream(inner).write("é 数 😀 █ \x1b")
    inner.flush()
    assert raw.getvalue() == b"\xe9 \\u6570 \\ud83d\\ude00 \\u2588 \\u001b"


def test_a_console_reads_no_markup_wherever_a_text_stands() -> None:
    out = io.StringIO()
    page = console(file=out, width=300)
    table = Table(title=EVIL, caption=EVIL)
    table.add_column(EVIL)
    table.add_row(EVIL)
    table.add_row(Text(EVIL))
    for one in (EVIL, Text(EVIL, style="red"), table, [EVIL], {"a": EVIL}):
        page.print(one)
    printed = out.getvalue()
    assert not ACTS.search(printed)
    assert printed.count("[/nope][red]") == 9


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shown")
    (folder / "in.jsonl").write_text(
        "".join(
            json.dumps({"id": f"{i}{EVIL}", "problem": f"Add 2 and 3. {EVIL}", "answer": answer,
                        "steps": [f"2 + 3 = 6. {EVIL}", f"[/nope] 数 So it is {answer}."]}) + "\n"
            for i, answer in enumerate(("5", "6"))
        )
    )  # fmt: skip
    made = command(folder, "label", "in.jsonl", "--labeler", "tool_check", "--out", OUT)
    assert made.returncode == 0, made.stderr
    return folder


OUT = "o[/b]c \u202e[red]"


def command(folder: Path, *words: str, encoding: str = "utf-8") -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "labeler.cli", *words],
        cwd=folder, capture_output=True, check=False, timeout=300,
        encoding=encoding, env={**os.environ, "PYTHONIOENCODING": encoding},
    )  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("show", OUT),
        ("stats", OUT),
        ("versions", OUT),
        ("consensus", OUT, "--policy", "all"),
        ("report", OUT, "-o", "r\x1b[2J.html"),
        ("stats", "no\x1b]0;x\x07such"),
        ("tag", OUT, "bad\x1btag"),
        ("label", "in.jsonl", "--labeler", "\x1b[31m", "--out", "x"),
        ("eval", "in.jsonl", "--labeler", "tool_check", "--flags"),
        ("stats", "x", "--no-such-\x1b[31m-option"),
    ],
)  # fmt: skip
def test_no_command_prints_what_acts(dataset: Path, words: tuple[str, ...]) -> None:
    done = command(dataset, *words)
    assert "Traceback" not in done.stderr
    assert done.stdout or done.stderr
    assert not ACTS.search(done.stdout + done.stderr)


@pytest.mark.parametrize(
    ("words", "encoding"), [(("show", OUT), "ascii"), (("stats", OUT), "cp1252")]
)
def test_no_encoding_ends_a_command(dataset: Path, words: tuple[str, ...], encoding: str) -> None:
    done = command(dataset, *words, encoding=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u" in done.stdout or "+---" in done.stdout
    assert not ACTS.search(done.stdout)


def test_a_solution_is_shown_letter_by_letter(dataset: Path) -> None:
    done = command(dataset, "show", OUT)
    words = " ".join(done.stdout.split())
    assert "\\u001b]0;PWNED\\u0007\\u001b[31mRED" in words
    assert "[/nope] 数 So it is 5." in words
