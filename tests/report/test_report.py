"""The report: one file, whole, safe to open, with the examples worth reading."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from labeler.dataset import Dataset, commit, open_dataset, read_shards, set_tag
from labeler.errors import DatasetError
from labeler.records import (
    Asks,
    Consensus,
    Evidence,
    LabeledSolution,
    Problem,
    Source,
    Verdict,
)
from labeler.report import report_html, write_report
from labeler.report.examples import KINDS, examples
from tests.test_dataset import info, shard, solved

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
C, W, U = Verdict.CORRECT, Verdict.WRONG, Verdict.UNKNOWN


def says(labeler: str, verdict: Verdict, reason: str = "") -> Evidence:
    asks = Asks.VALUE if labeler == "mc" else Asks.CORRECTNESS
    n, right = (4, 3) if labeler == "mc" else (1, 1)
    return Evidence(
        "p", labeler, "1", asks, verdict, None, n, right, f"{labeler} why", reason=reason
    )


def made(
    number: int,
    *evidence: Evidence,
    outcome: Verdict = C,
    first_error: int | None = -1,
    probability: float | None = 0.9375,
) -> LabeledSolution:
    """A solution of its own problem; the evidence stands on its last step."""
    base = solved(number)
    problem = replace(base.problem, problem_id=f"q{number}", text=f"problem {number}")
    first, last = (replace(step, evidence=(), probability=0.9375) for step in base.steps)
    label = {None: None, 1: -1}.get(first_error, 1)
    last = replace(last, evidence=evidence, probability=probability, label=label)
    written = replace(base.solution, problem_id=f"q{number}", outcome=outcome)
    kept = first_error is not None
    consensus = Consensus("strict", kept, "" if kept else "P = 0.4")
    return LabeledSolution(problem, written, (first, last), first_error, consensus)


def dataset_of(folder: Path, *solutions: LabeledSolution) -> Dataset:
    staged = shard(folder / "staged.parquet", *solutions)
    commit(folder / "d", read_shards([staged]), info("run-1"))
    return open_dataset(folder / "d")


ONE_OF_EACH = {
    "disagreement": made(1, says("mc", C), says("judge", W)),
    "miracle": made(2, first_error=1),
    "borderline": made(3, probability=0.5),
    "first": made(4, outcome=W, first_error=0),
    "last": made(5, outcome=W, first_error=1),
    "undecided": made(6, outcome=W, first_error=None),
    "unknown": made(7, says("judge", U, "no verdict in the reply")),
}


def test_each_kind_of_example_is_found_and_a_plain_solution_is_none(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, made(0), *ONE_OF_EACH.values(), made(8, says("mc", C)))
    found = {example.kind.name: example.solution for example in examples(dataset)}
    assert found == ONE_OF_EACH


def test_in_the_middle_is_neither_first_nor_last(tmp_path: Path) -> None:
    base = made(1, outcome=W)
    long = replace(base, steps=(*base.steps, base.steps[-1]), first_error=1)
    texts = tuple(step.text for step in long.steps)
    long = replace(long, solution=replace(long.solution, steps=texts))
    assert [e.kind.name for e in examples(dataset_of(tmp_path, long))] == ["middle"]


def test_the_only_step_is_the_first_not_the_last(tmp_path: Path) -> None:
    base = made(1, outcome=W, first_error=0)
    short = replace(base, steps=base.steps[:1])
    short = replace(short, solution=replace(short.solution, steps=(base.steps[0].text,)))
    assert [e.kind.name for e in examples(dataset_of(tmp_path, short))] == ["first"]


def test_every_kind_has_its_turn_and_problems_vary(tmp_path: Path) -> None:
    many = [made(n, says("mc", C), says("judge", W)) for n in range(30)]
    same = [replace(made(n, first_error=1), problem=many[29].problem) for n in range(30, 33)]
    same = [
        replace(s, solution=replace(s.solution, problem_id=many[29].problem.problem_id))
        for s in same
    ]
    found = examples(dataset_of(tmp_path, *many, *same))
    kinds = [example.kind.name for example in found]
    assert kinds == ["disagreement"] * 19 + ["miracle"]
    assert len({example.solution.problem.problem_id for example in found}) == 20


def test_quotas_fill_the_page() -> None:
    assert sum(kind.quota for kind in KINDS) == 20


class Page(HTMLParser):
    """What a browser would see: tags with their attributes, and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def evil(solution: LabeledSolution) -> LabeledSolution:
    """Every text that the page could show."""
    says_evil = replace(
        says("judge", U, EVIL), labeler=EVIL, rationale=EVIL, model=EVIL, labeler_version=EVIL
    )
    problem = Problem(
        EVIL, EVIL, EVIL, EVIL, (EVIL,), (EVIL,), (EVIL,), Source(EVIL, EVIL, EVIL, EVIL)
    )
    steps = tuple(
        replace(step, text=EVIL, evidence=(says_evil, says("mc", C), says("judge", W)))
        for step in solution.steps
    )
    written = replace(
        solution.solution,
        solution_id=EVIL,
        problem_id=EVIL,
        steps=(EVIL, EVIL),
        final_answer=EVIL,
        outcome_reason=EVIL,
    )
    return LabeledSolution(problem, written, steps, None, Consensus(EVIL, False, EVIL))


def test_no_text_of_the_data_becomes_markup(tmp_path: Path) -> None:
    html = report_html(dataset_of(tmp_path, evil(made(1)), *ONE_OF_EACH.values()))
    page = Page(html)
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "img", "iframe", "object", "link"})
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert page.words.count(EVIL) > 10


def test_the_file_stands_alone(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, *ONE_OF_EACH.values())
    set_tag(dataset.path, "v1")
    write_report(dataset, tmp_path / "report.html")
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    # Names of XML vocabularies and parts of the same figure aside, nothing is pointed at.
    outside = [
        (tag, name, value)
        for tag, attrs in page.tags
        for name, value in attrs.items()
        if value and re.search(r"//|url\((?!#)", value) and not name.startswith("xmlns")
    ]
    assert outside == []
    assert sum(tag == "svg" for tag, _ in page.tags) == 6
    assert "version 0, tagged v1" in page.words
    assert "7 examples to learn from" in page.words
    assert "mc: correct 3/4" in page.words
    assert "no verdict in the reply" in page.words
    classes = [attrs.get("class") for tag, attrs in page.tags if tag == "li"]
    assert set(classes) == {"right", "wrong", "undecided"}


def test_a_source_that_says_one_thing_only_is_named_once_not_once_for_each_pair(
    tmp_path: Path,
) -> None:
    rows = [
        made(n, says("mc", C), says("judge", C), says("tool_check", W), says("spare", verdict))
        for n, verdict in enumerate((C, W, C, W))
    ]
    words = Page(report_html(dataset_of(tmp_path, *rows))).words
    assert (
        "Kappa cannot tell where a source says one thing only: judge only says right (3 of the "
        "pairs); mc only says right (3 of the pairs); tool_check only says wrong (3 of the pairs)."
    ) in words


def test_the_same_version_gives_the_same_bytes(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, *ONE_OF_EACH.values())
    assert report_html(dataset) == report_html(dataset)


def test_a_dataset_without_a_row_has_a_report_too(tmp_path: Path) -> None:
    words = Page(report_html(dataset_of(tmp_path))).words
    assert "This version holds no solutions." in words
    assert "0 examples to learn from" in words


def test_a_folder_in_the_place_of_the_report_is_named(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, made(1))
    for folder in (tmp_path, Path()):
        with pytest.raises(DatasetError) as caught:
            write_report(dataset, folder)
        assert str(caught.value) == f"{folder}: is a folder; name a file"


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path, made(1))
    with pytest.raises(DatasetError, match=r"cannot write .*gone/report\.html: No such file"):
        write_report(dataset, tmp_path / "gone" / "report.html")
    (tmp_path / "report.html").write_text("old")
    [part] = dataset.files()
    part.write_bytes(part.read_bytes()[:-100])
    with pytest.raises(DatasetError, match="missing or damaged; restore it from a copy"):
        write_report(dataset, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text() == "old"
