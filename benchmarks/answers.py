"""How well final answers are read and judged: this reader beside four others, on the same texts.

    python benchmarks/answers.py --data ../shared/data --json

For each set of real replies (`answer_sets`) and each way: how many replies it reads, right ones it
calls right, wrong ones it accepts, right ones it rejects (calls wrong; unread and undecided ones
are neither). The ways, the last four written anew from their documentation:

- auto: this project's reader and comparison.
- math_verify: Math-Verify 0.9.0's own extraction, `parse` of the whole text, and its `verify`.
- strict, flexible: lm-evaluation-harness's two filters of its task gsm8k and its exact match
  (without commas, dollars, a final full stop, in lower case).
- last_number: the last number of the text, compared as this project compares.

Then the bars that this project holds itself to, and against each other way: never fewer right ones
called right, more wherever the other has less than 99%, and on the texts that the other reads too
no more wrong ones accepted. Marks that contradict their text are set apart (`mislabelled`).
Exits with 1 where a bar is missed. With `--list` the names of what was misjudged, by set.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path

from answer_sets import SETS, Ending
from rich.console import Console
from rich.table import Table

from labeler.checking.answers.auto import final_answer
from labeler.checking.math_answer import compare

READ_NOTHING = "unread"
_FLEXIBLE = re.compile(r"(-?[$0-9.,]{2,})|(-?[0-9]+)")
_STRICT = re.compile(r"#### (-?[0-9.,]+)")
_LAST = re.compile(r"-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?")


@cache
def compared(gold: str, answer: str) -> str:
    """The verdict of the comparison, once for equal pairs."""
    return compare(gold, answer).verdict.value


def auto(text: str, gold: str) -> str:
    """This reader."""
    answer = final_answer(text)
    return READ_NOTHING if answer is None else compared(gold, answer)


def math_verify(text: str, gold: str) -> str:
    """math-verify's own extraction and comparison."""
    from math_verify import parse, verify

    logging.disable(logging.CRITICAL)
    found = parse(text)
    if not found:
        return READ_NOTHING
    return "correct" if verify(parse(f"${gold}$"), found) else "wrong"


def strict(text: str, gold: str) -> str:
    """lm-evaluation-harness's strict rule: behind `####`, exact match."""
    found = _STRICT.search(text)
    return READ_NOTHING if found is None else _exact_match(found[1], gold)


def flexible(text: str, gold: str) -> str:
    """lm-evaluation-harness's flexible rule: the last number, exact match."""
    found = _FLEXIBLE.findall(text)
    return _exact_match(next(g for g in found[-1] if g), gold) if found else READ_NOTHING


def _exact_match(answer: str, gold: str) -> str:
    first, second = (re.sub(r",|\$|(?s:.*)#### |\.$", "", one).lower() for one in (answer, gold))
    return "correct" if first == second else "wrong"


def last_number(text: str, gold: str) -> str:
    """The last number of the text."""
    found = _LAST.findall(text)
    return compared(gold, found[-1]) if found else READ_NOTHING


WAYS: dict[str, Callable[[str, str], str]] = {
    "auto": auto,
    "math_verify": math_verify,
    "strict": strict,
    "flexible": flexible,
    "last_number": last_number,
}


@dataclass(frozen=True)
class Score:
    """Of one way on one set. `accepted_beside` are wrong ones accepted by auto among the texts that
    this way reads.
    """

    read: int
    right_as_right: int
    right_as_wrong: int
    wrong_as_right: int
    accepted_beside: int
    seconds: float


def judged(way: str, ending: Ending) -> tuple[str, float]:
    """What a way says of one text, and the seconds that it takes."""
    started = time.perf_counter()
    verdict = WAYS[way](ending.text, ending.gold)
    return verdict, time.perf_counter() - started


def scores(endings: list[Ending], pool: ProcessPoolExecutor) -> dict[str, tuple[Score, list[str]]]:
    """Every way on one set."""
    said = {way: list(pool.map(partial(judged, way), endings, chunksize=200)) for way in WAYS}
    found = {}
    for way, verdicts in said.items():
        rows = list(zip(endings, verdicts, said["auto"], strict=True))
        wrong = [row for row in rows if not row[0].is_right and not row[0].mislabelled]
        right = [row for row in rows if row[0].is_right or row[0].mislabelled]
        score = Score(
            read=sum(v != READ_NOTHING for v, _ in verdicts),
            right_as_right=sum(v == "correct" for _, (v, _), _ in right),
            right_as_wrong=sum(v == "wrong" for _, (v, _), _ in right),
            wrong_as_right=sum(v == "correct" for _, (v, _), _ in wrong),
            accepted_beside=sum(
                ours == "correct" for _, (v, _), (ours, _) in wrong if v != READ_NOTHING
            ),
            seconds=round(sum(s for _, s in verdicts), 2),
        )
        missed = [f"{e.name} right as {v}" for e, (v, _), _ in right if v != "correct"]
        missed += [f"{e.name} wrong as right" for e, (v, _), _ in wrong if v == "correct"]
        found[way] = score, missed
    return found


def bars(name: str, endings: list[Ending], ours: Score) -> Iterator[tuple[str, float, float, bool]]:
    """What is measured, its value, the bar, and whether it holds."""
    n_wrong = sum(not one.is_right and not one.mislabelled for one in endings)
    n_right = len(endings) - n_wrong
    share, read = ours.right_as_right / max(1, n_right), ours.read / len(endings)
    match name:
        case "best_of_n":
            yield "right called right", share, 0.99, share >= 0.99
            accepted = ours.wrong_as_right / max(1, n_wrong)
            yield "wrong accepted", accepted, 0.002, accepted <= 0.002
        case "prm800k":
            yield "read", read, 0.98, read >= 0.98
        case "processbench_math":
            # Seven that are marked wrong equal the gold answer and stand among the right ones here.
            yield "right called right", ours.right_as_right, 497, ours.right_as_right >= 497
            yield "right called wrong", ours.right_as_wrong, 0, ours.right_as_wrong == 0
            yield "wrong accepted", ours.wrong_as_right, 0, ours.wrong_as_right == 0
        case "processbench_gsm8k":
            yield "right called right", ours.right_as_right, 200, ours.right_as_right >= 200
        case "gsm8k_examples":
            yield "read", read, 0.995, read >= 0.995


def against(n_right: int, way: str, other: Score, ours: Score) -> tuple[str, float, float, bool]:
    """Never behind, ahead below 99%, and no more wrong ones accepted where the other reads."""
    holds = ours.right_as_right >= other.right_as_right
    if n_right and other.right_as_right < 0.99 * n_right:
        holds = ours.right_as_right > other.right_as_right
    holds = holds and other.accepted_beside <= other.wrong_as_right
    return f"against {way}: right", ours.right_as_right, other.right_as_right, holds


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--limit", type=int, help="so many replies of each set")
    parser.add_argument("--list", action="store_true", help="name what was misjudged")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    result: dict[str, object] = {}
    held = True
    table = Table(box=None)
    for column in ("set", "way", "read", "right", "wrong accepted", "right rejected", "s"):
        table.add_column(column, justify="left" if column in ("set", "way") else "right")
    with ProcessPoolExecutor(given.processes) as pool:
        for name, read in SETS.items():
            try:
                endings = list(read(given.data))[: given.limit]
            except OSError as error:
                print(f"{name}: left out, {error}", file=sys.stderr)
                continue
            found = scores(endings, pool)
            apart = sum(one.mislabelled for one in endings)
            n_right = sum(one.is_right for one in endings) + apart
            ours = found["auto"][0]
            checks = [] if given.limit else list(bars(name, endings, ours))
            checks += [
                against(n_right, w, one, ours) for w, (one, _) in found.items() if w != "auto"
            ]
            held = held and all(check[3] for check in checks)
            n_wrong = len(endings) - n_right
            for way, (one, missed) in found.items():
                table.add_row(
                    name, way, f"{one.read:,} of {len(endings):,}",
                    f"{one.right_as_right:,} of {n_right:,}",
                    f"{one.wrong_as_right:,} of {n_wrong:,}", f"{one.right_as_wrong:,}",
                    f"{one.seconds:.1f}",
                )  # fmt: skip
                if given.list:
                    print(f"{name} {way}: {'; '.join(missed[:200])}")
            result[name] = {
                "n": len(endings), "n_right": n_right, "n_wrong": n_wrong, "mislabelled": apart,
                "ways": {way: asdict(one) for way, (one, _) in found.items()},
                "bars": [
                    dict(zip(("what", "value", "bar", "holds"), check, strict=True))
                    for check in checks
                ],
            }  # fmt: skip
    Console(width=110).print(table)
    print(json.dumps(result if given.json else {"all bars hold": held}))
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
