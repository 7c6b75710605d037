"""The viewer opens with statistics: what they say in words, where their numbers lead."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from labeler.dataset import open_dataset
from labeler.stats.agreement import Coefficient, PairAgreement
from labeler.stats.calibration import Tally, calibration
from labeler.stats.rates import wilson
from labeler.view.app import create_app
from labeler.view.figures import sources
from labeler.view.figures.base import Number, Span
from labeler.view.viewer import Viewer
from tests.committed import committed
from tests.stats.test_recount import solutions
from tests.view.made import OPEN, RIGHT, commit_solutions, info, made

HOME = "http://localhost"
LINK = re.compile(r'<a class="told ?[a-z]*" href="([^"]*)">([^<]*)</a>')
OF_SOLUTIONS = re.compile(r"([\d,]+)( solutions?| kept| dropped| correct| repeated)?")


@pytest.fixture
def messy(tmp_path: Path) -> Iterator[Viewer]:
    """Two runs over the same problems: everything that statistics tell of is there."""
    for number in (1, 2):
        committed(tmp_path / "d", info(f"run-{number}"), *solutions(number, 40))
    viewer = Viewer(open_dataset(tmp_path / "d"))
    yield viewer
    viewer.close()


@pytest.fixture
def client(messy: Viewer) -> TestClient:
    return TestClient(create_app(messy), base_url=HOME)


def n_listed(client: TestClient, address: str) -> int:
    found = re.search(r"<h1>([\d,]+) ", client.get(address).text)
    assert found is not None
    return int(found[1].replace(",", ""))


def test_a_number_of_solutions_leads_to_that_many(client: TestClient) -> None:
    page = client.get("/").text
    links = [(html.unescape(address), text) for address, text in LINK.findall(page)]
    told = [
        (address, text, int(found[1].replace(",", "")))
        for address, text in links
        if (found := OF_SOLUTIONS.fullmatch(text)) is not None
        and "last_from" not in address and "steps=" not in address
        and "#" not in address and "/v0/" not in address
        # Of steps and of problems, which stand on tiles.
        and not re.fullmatch(r"[\d,]+", text)
    ]  # fmt: skip
    assert len(told) > 18
    assert [(text, n_listed(client, address)) for address, text, _ in told] == [
        (text, n) for _, text, n in told
    ]


def test_a_number_of_steps_or_pieces_leads_to_solutions_that_hold_them(client: TestClient) -> None:
    links = {html.unescape(address) for address, _ in LINK.findall(client.get("/").text)}
    of = [one for one in links if re.search("said=|mark=|odds=|rollouts=|last_from=|steps=", one)]
    assert len(of) > 60
    assert [address for address in of if n_listed(client, address) == 0] == []


def test_what_a_list_was_narrowed_to_stands_above_it_and_stays_in_its_form(
    client: TestClient,
) -> None:
    page = client.get("/v1/?labeler=judge&odds=tool&place=2&mark=wrong").text
    assert "in which judge calls a step right that tool calls wrong" in page
    assert "whose step 2 is labelled wrong" in page
    assert '<input type="hidden" name="odds" value="tool">' in page


def test_versions_stand_side_by_side_with_lists_of_both(client: TestClient) -> None:
    page = client.get("/v1/statistics").text
    assert "version 0</th>" in page
    assert {"/v0/?kept=yes", "/v1/?kept=yes"} <= {html.unescape(a) for a, _ in LINK.findall(page)}
    assert 'id="versions"' not in client.get("/v0/statistics").text
    assert 'id="versions"' not in client.get("/v1/statistics?against=1").text
    assert client.get("/v1/statistics?against=7").status_code == 404


def test_the_first_page_reads_no_row_and_needs_no_index(tmp_path: Path) -> None:
    dataset = open_dataset(made(tmp_path))
    for file in dataset.stored_files():
        times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
        file.write_bytes(bytes(file.stat().st_size))
        os.utime(file, ns=times)
    viewer = Viewer(dataset)
    page = TestClient(create_app(viewer), base_url=HOME).get("/")
    viewer.close()
    assert (page.status_code, "3</a></b>" in page.text) == (200, True)
    assert sorted(file.suffix for file in viewer.work.iterdir()) == [".sqlite", ".sqlite"]


def test_nothing_is_estimated_before_somebody_looked(tmp_path: Path) -> None:
    viewer = Viewer(open_dataset(made(tmp_path)))
    client = TestClient(create_app(viewer), base_url=HOME)
    assert "labels checked by people" in client.get("/").text
    before = client.get("/v1/").text
    viewer.review(1, 0, {0: 1, 1: -1})
    after = client.get("/v1/").text
    assert ["<dt>estimated" in page for page in (before, after)] == [False, True]
    assert "1 of 3 judged by a person" in after
    assert "people agreed with 50%" in client.get("/").text
    viewer.close()


def test_an_address_without_a_page_has_one(client: TestClient) -> None:
    for address in ("/nowhere", "/v1/statistics/x", "/static/none.css"):
        answer = client.get(address)
        assert (answer.status_code, "There is no page at" in answer.text) == (404, True)
        assert 'href="/">To the statistics' in answer.text


def pair(right: int, wrong: int, only_a: int, only_b: int) -> PairAgreement:
    n = right + wrong + only_a + only_b
    kappa = Coefficient(0.0, -0.1, 0.1)
    return PairAgreement("a", "b", right, wrong, only_a, only_b, wilson(right + wrong, n), kappa)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((9, 0, 1, 0), "a only says right"),
        ((0, 9, 1, 0), "b only says wrong"),
        ((9, 0, 0, 0), "a only says right and b only says right"),
    ],
)
def test_kappa_of_a_one_sided_source_is_no_point_at_chance(
    counts: tuple[int, int, int, int], words: str
) -> None:
    found = sources._pair(pair(*counts))
    assert (found.value, found.note) == (
        None, f"{words} here: kappa cannot tell agreement from chance",
    )  # fmt: skip


def test_a_pair_that_says_both_is_drawn_and_each_cell_leads_to_its_solutions() -> None:
    assert sources._pair(pair(8, 1, 1, 0)) == Span(
        "a, b", 0.0, -0.1, 0.1,
        (
            Number("8 both right", "labeler=a&said=correct&other=b&other_said=correct"),
            Number("1 both wrong", "labeler=a&said=wrong&other=b&other_said=wrong"),
            Number("1 only a right", "labeler=a&odds=b"),
            Number("0 only b right"),
            Number("the same on 90% [60%, 98%]"),
            Number("kappa 0.00 [-0.10, 0.10]"),
        ),
    )  # fmt: skip


def test_two_points_are_told_and_not_drawn_as_a_curve(tmp_path: Path) -> None:
    two = calibration({0: Tally(4, 1, 0.2, 0.9), 9: Tally(6, 6, 5.9, 0.1)})
    assert "They fill 2 of ten bins, too few for a curve" in sources.calibration("human", two).words
    three = calibration({i: Tally(4, i, i / 2, 0.9) for i in (1, 2, 3)})
    assert "too few" not in sources.calibration("human", three).words


def test_evidence_of_one_labeler_is_told_apart(tmp_path: Path) -> None:
    [step] = OPEN.steps
    [judge] = step.evidence
    pieces = (judge, replace(judge, n=5, n_correct=4), replace(judge, n=5, n_correct=2))
    twice = replace(OPEN, steps=(replace(step, evidence=pieces),))
    commit_solutions(tmp_path / "d", "run-1", twice, RIGHT)
    viewer = Viewer(open_dataset(tmp_path / "d"))
    page = TestClient(create_app(viewer), base_url=HOME).get("/v0/solution/0").text
    viewer.close()
    assert re.findall(r"<td>judge <small>([^<]*)</small>", page) == [
        "one vote", "5 votes, 2 of 3", "5 votes, 3 of 3",
    ]  # fmt: skip
