"""What `train_prm` found, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prm_scores import SCORES, SIZES
from rich.console import Console
from rich.table import Table

BY_N = ("oracle", "fusion", "lessons hard")


def show(found: dict[str, Any]) -> None:
    """One table of methods and one of claims per setting, one by N."""
    console = Console(width=170)
    console.print(
        f"{found['n_pool']} labelled solutions ({found['n_pool_erroneous']} erroneous), tested on "
        f"{found['n_test_problems']} problems, {found['n_candidates']} candidates "
        f"({found['n_candidates_erroneous']} erroneous), seeds {found['seeds']}"
    )
    for setting in ("equal", "all"):
        console.print(_methods(found, setting))
        console.print(_claims(found, setting))
    console.print(_by_size(found))


def _methods(found: dict[str, Any], setting: str) -> Table:
    n = f"{found['n_equal']} kept solutions each" if setting == "equal" else "all kept solutions"
    table = Table("labels", "kept", "precision", "F1 [95%]", "at 0.5",
                  *(f"best of 8, {s}" for s in SCORES), "vote of 8, product",
                  "best of 64, product", "vote of 64, product",
                  title=f"trained on {n}")  # fmt: skip
    figures = [*(f"best 8 {s}" for s in SCORES), "vote 8 product", "best 64 product",
               "vote 64 product"]  # fmt: skip
    for name, of in found[setting].items():
        made = found["labels"][name]
        table.add_row(
            name, f"{made['kept_solutions']}", f"{made['label_precision']:.3f}",
            _text(of["F1"]), f"{of['F1 at 0.5'][0]:.3f}",
            *(f"{of[k][0]:.3f}" if k in of else "-" for k in figures),
        )  # fmt: skip
    return table


def _claims(found: dict[str, Any], setting: str) -> Table:
    table = Table("claim", "F1", "F1 at 0.5", "best of 8, product", "vote of 8, product",
                  title=f"differences, {setting} [95%]; * excludes 0")  # fmt: skip
    for one in found["orderings"][setting]:
        cells = [one[k] for k in ("F1", "F1 at 0.5", "best 8 product", "vote 8 product")]
        table.add_row(one["claim"], *(_text(c) + "*" * (c[1] > 0 or c[2] < 0) for c in cells))
    return table


def _by_size(found: dict[str, Any]) -> Table:
    picked = [(how, name) for name in BY_N for how in ("best", "vote")]
    table = Table("N", "pass@N", "majority", *(f"{how}, {name}" for how, name in picked),
                  title="right answers by N (product; equal)")  # fmt: skip
    for n in (n for n in SIZES if f"pass {n}" in found["plain"]):
        table.add_row(
            str(n),
            *(_text(found["plain"][f"{what} {n}"]) for what in ("pass", "majority")),
            *(f"{found['equal'][name][f'{how} {n} product'][0]:.3f}" for how, name in picked),
        )
    return table


def _text(figure: Sequence[float]) -> str:
    return f"{figure[0]:.3f} [{figure[1]:.3f}, {figure[2]:.3f}]"
