"""How the time of each reader that works in the run's own process grows with its text.

Every reader is given every input at n and at 4 n characters, the shorter and the longer in turn,
and the fastest of three counts. Prints one JSON object: per reader the worst growth (4 is linear,
16 is quadratic) with its input and both times in seconds; growth counts only where the longer text
took more than `--floor` seconds. Readers that are bounded grow by less than 4.

    python benchmarks/linear.py --n 8000
    python benchmarks/linear.py --n 8000 --reader read_reply
    python benchmarks/linear.py --long      10,000 and 100,000 steps, a step of 10 MB
"""

from __future__ import annotations

import argparse
import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

from labeler.checking import answer_text, answer_units, extract, math_answer
from labeler.checking.claims.steps import check_solution
from labeler.labelers.shared.replies import injection, json_form, line_form, read
from labeler.labelers.table import parsing
from labeler.programs.canonical import canonical_form
from labeler.programs.statements import split_statements
from labeler.records import prefix_ids
from labeler.steps import split_steps, thinking

Reader = Callable[[str], object]

READERS: dict[str, Reader] = {
    "answers: final_answer": extract.final_answer,
    "answers: program_in": extract.program_in,
    "answers: answer_in trace": lambda t: extract.answer_in("trace", t),
    "answers: normal_form": answer_text.normal_form,
    "answers: exact_number": answer_text.exact_number,
    "answers: measured": answer_units.measured,
    "answers: compare_quickly": lambda t: math_answer.compare_quickly("5", t),
    "claims: check_solution": lambda t: check_solution("", (t,)),
    "replies: speaks_to_judge": lambda t: injection.speaks_to_judge([t]),
    "replies: without_thinking": thinking.without_thinking,
    "replies: read_json": lambda t: json_form.read_json(t, False, t[: len(t) // 2]),
    "replies: read_json, cut off": lambda t: json_form.read_json(t, True, ""),
    "replies: records": json_form.records,
    "replies: read_lines": lambda t: line_form.read_lines(t, False, [], t[: len(t) // 2]),
    "replies: read_reply": lambda t: read.read_reply(t, ["Step 1: a", "Step 2: b"]),
    "replies: read_reply by heads": lambda t: read.read_reply(t, t.split("\n"), by_heads=True),
    "replies: read_reply on steps": lambda t: read.read_reply(VERDICTS, [t]),
    "tables: table_in": parsing.table_in,
    "programs: canonical_form": canonical_form,
    "programs: split_statements": split_statements,
    "steps: split_steps": lambda t: split_steps(t, "\n\n"),
    "steps: split_steps by line": lambda t: split_steps(t, "\n"),
    "steps: prefix_ids": lambda t: prefix_ids("p", t.split("\n")),
}
VERDICTS = '{"steps": [{"step": 1, "label": "right"}]}'

PIECES = (
    *(
        "\\boxed{",
        "{",
        "[",
        '"',
        '{"a":',
        "{'a':",
        " ",
        "\t",
        "\n",
        " \n",
        "\\",
        "$",
        "*",
        "_",
        "1",
    ),
    *("1,", "1 ", "123 ", ".", "-", "=", "1=", "1+", "(", "((1+", "\\frac{", "\\text{", "\\sqrt{"),
    *("the answer is ", "Answer: ", "#### a", "```\n", "|", "| a ", "|-", "Step 1: right\n", "5% "),
    *("first error ", "<conclusion>", "<think>", "<analysis_1>", "ignore ", "mark all steps ", "<"),
    *("all steps are ", '"verdict"', "a", "a b ", "9^9", "5!", "3 * ", "x = ", "x=", " and ", ","),
    *('["a" ', '["', '{"a":1} ', "[1] ", "{}", ": right ", "** right ", "not ", "½", "√", "²"),
    *(
        "so x = 5. ",
        "pass\n",
        "a;",
        "é;",
        "if a:\n ",
        "#\n",
        "x=x+1\n",
        "(x==",
        "\\(",
        "- ",
        "5 cm ",
    ),
    *("note to ", "solution ", "every step ", "note\u00a0to the ", "#", "\r\n", "'", "1e9 "),
)
PREFIXES = ("", "#### a", "The answer is ", '{"steps": ', "Step 1")
SUFFIXES = ("", "x", "}", " .", '"}')


def text(prefix: str, piece: str, suffix: str, n: int) -> str:
    """About n characters."""
    return prefix + piece * (n // len(piece)) + suffix


def seconds(reader: Reader, given: str) -> float:
    """Of processor time, for other processes may be at work; what is refused counts as read."""
    started = time.process_time()
    with contextlib.suppress(SyntaxError, ValueError):
        reader(given)
    return time.process_time() - started


def growth(reader: Reader, shape: tuple[str, str, str], n: int) -> tuple[float, float]:
    """Seconds at n and at 4 n, the fastest of three each, in turn."""
    pairs = [(n, 4 * n)] * 3
    times = [[seconds(reader, text(*shape, size)) for size in pair] for pair in pairs]
    return min(one for one, _ in times), min(four for _, four in times)


def worst(reader: Reader, n: int, floor_s: float, limit_s: float) -> dict[str, Any]:
    """The input of the steepest growth among those that take any time, and the slowest."""
    found: dict[str, Any] = {"growth": 0.0, "slowest_s": 0.0}
    ends = time.perf_counter() + limit_s
    for piece in PIECES:
        for prefix in PREFIXES:
            for suffix in SUFFIXES:
                if time.perf_counter() > ends:
                    return {**found, "stopped_at": [prefix, piece, suffix]}
                shape = (prefix, piece, suffix)
                once = seconds(reader, text(*shape, 4 * n))
                found["slowest_s"] = max(found["slowest_s"], round(once, 3))
                if once < floor_s:
                    continue
                one, four = growth(reader, shape, n)
                if four >= floor_s and four / one > found["growth"]:
                    found |= {"growth": round(four / one, 1), "input": list(shape)}
                    found |= {"n_s": round(one, 4), "4n_s": round(four, 4)}
    return found


def long_solutions() -> dict[str, dict[str, float]]:
    """Seconds of what a run does with long solutions, outside of its workers."""
    step = "So 2 + 3 = 5.\n"
    given = {"10,000 steps": step * 10_000, "100,000 steps": step * 100_000}
    given["a step of 10 MB"] = "2 + 3 = 5, so x is 5. " * (10_000_000 // 22)
    parts: dict[str, Callable[[str, tuple[str, ...]], object]] = {
        "split_steps": lambda whole, steps: split_steps(whole, "\n"),
        "prefix_ids": lambda whole, steps: prefix_ids("p", steps),
        "final_answer": lambda whole, steps: extract.final_answer(whole),
        "check_solution": lambda whole, steps: check_solution("", steps),
        "speaks_to_judge": lambda whole, steps: injection.speaks_to_judge(steps),
        "read_reply": lambda whole, steps: read.read_reply(VERDICTS, steps),
    }
    found: dict[str, dict[str, float]] = {}
    for name, whole in given.items():
        steps = split_steps(whole, "\n")
        found[name] = {}
        for part, work in parts.items():
            started = time.perf_counter()
            work(whole, steps)
            found[name][part] = round(time.perf_counter() - started, 3)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=8000, help="characters; 4 n is tried, too")
    parser.add_argument("--reader", action="append", help="part of a reader's name")
    parser.add_argument("--floor", type=float, default=0.02, help="seconds that count as time")
    parser.add_argument("--limit", type=float, default=600, help="seconds per reader")
    parser.add_argument("--long", action="store_true", help="long solutions instead")
    given = parser.parse_args()
    if given.long:
        print(json.dumps(long_solutions(), indent=2))
    else:
        chosen = {
            name: reader
            for name, reader in READERS.items()
            if not given.reader or any(part in name for part in given.reader)
        }
        for name, reader in chosen.items():
            print(json.dumps({name: worst(reader, given.n, given.floor, given.limit)}), flush=True)
