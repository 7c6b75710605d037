"""The viewer's pages over HTTP: what they show, what they change, whom they answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from labeler.dataset import open_dataset
from labeler.view.app import MOST_BYTES, create_app
from labeler.view.safety import is_loopback
from labeler.view.viewer import Viewer
from tests.view.made import commit_solutions, made

HOME = "http://localhost"
OURS = {"origin": HOME}


@pytest.fixture
def viewer(tmp_path: Path) -> Iterator[Viewer]:
    viewer = Viewer(open_dataset(made(tmp_path)))
    viewer.shown(viewer.version)
    viewer.search.wait()
    yield viewer
    viewer.close()


@pytest.fixture
def client(viewer: Viewer) -> TestClient:
    return TestClient(create_app(viewer), base_url=HOME)


def titles(page: str) -> list[str]:
    return re.findall(r'href="/v\d+/solution/(\d+)[^"]*">\s*<p class="text">', page)


def test_the_first_page_lists_the_newest_version(client: TestClient) -> None:
    assert client.get("/").url.path == "/v1/statistics"
    page = client.get("/v1/")
    assert page.url.path == "/v1/"
    assert titles(page.text) == ["0", "1", "2"]
    assert "3 solutions" in page.text
    assert "Nobody has checked a label yet." in page.text


@pytest.mark.parametrize(
    ("query", "rows"),
    [("disagree=yes", ["1"]), ("q=beads", ["0", "1"]), ("q=nowhere", []),
     ("sort=uncertain", ["1", "2", "0"])],
)  # fmt: skip
def test_a_list_is_filtered_by_its_address(client: TestClient, query: str, rows: list[str]) -> None:
    assert titles(client.get(f"/v1/?{query}").text) == rows


def test_an_old_version_is_shown_as_it_was(client: TestClient) -> None:
    assert titles(client.get("/v0/").text) == ["0", "1"]


def test_a_solution_shows_its_steps_with_the_evidence_behind_them(client: TestClient) -> None:
    page = client.get("/v1/solution/1?sort=uncertain").text
    kinds = re.findall(r'<li class="step (\w+)', page)
    assert kinds == ["right", "wrong", "open"]
    for text in ("error in step 2", "monte_carlo 0/8", "gold <b>5</b>", "1 of 3", "0.40"):
        assert text in page


def test_a_tree_shows_every_prefix_of_the_problem_once(client: TestClient) -> None:
    page = client.get("/v1/tree/1").text
    assert page.count("<circle") - 1 == 5
    assert re.findall(r'<li id="node-(\d)"', page) == ["1", "2", "3", "4"]
    assert "2 solutions of one problem" in page


def test_text_of_a_dataset_is_never_markup(client: TestClient) -> None:
    for address in ("/v1/", "/v1/solution/2", "/v1/tree/2", "/v1/?q=<script>alert(3)</script>"):
        page = client.get(address).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert" in page
    assert "&lt;b&gt;bold&lt;/b&gt; claim" in client.get("/v1/solution/1").text


def test_a_label_is_given_undone_and_committed(client: TestClient, viewer: Viewer) -> None:
    def post(path: str, **form: str):
        return client.post(path, data=form, headers=OURS)

    page = post("/v1/solution/1?disagree=yes", step="1", label="1", note="it is right")
    assert str(page.url) == f"{HOME}/v1/solution/1?disagree=yes"
    assert "was error in step 2" in page.text
    assert "<b>1</b> step judged" in page.text
    assert "judged, not committed" in client.get("/v1/").text

    assert "step judged" not in post("/v1/undo").text

    post("/v1/solution/1", step="2", label="first")
    page = post("/v1/commit", row="1")
    assert str(page.url) == f"{HOME}/v2/solution/1?committed=2"
    assert "Version 2 holds your reviews." in page.text
    assert [row.first_error for row in open_dataset(viewer.path).solutions()] == [-1, 2, None]
    assert "People agreed with 1 of 2 labels." in client.get("/v2/").text


def test_all_steps_are_right_with_one_key(client: TestClient, viewer: Viewer) -> None:
    client.post("/v1/solution/1", data={"label": "all"}, headers=OURS)
    assert [review.label for review in viewer.reviews.pending()] == [1, 1, 1]


@pytest.mark.parametrize(
    "form",
    [{}, {"label": "2", "step": "0"}, {"label": "1"}, {"label": "1", "step": "-1"},
     {"label": "1", "step": "9"}, {"label": "first", "step": "9"}],
)  # fmt: skip
def test_what_is_no_label_changes_nothing(
    client: TestClient, viewer: Viewer, form: dict[str, str]
) -> None:
    assert client.post("/v1/solution/1", data=form, headers=OURS).status_code == 409
    assert viewer.reviews.pending() == []


@pytest.mark.parametrize("path", ["/v9/", "/v1/solution/99", "/v1/tree/99", "/v7/solution/0"])
def test_what_does_not_exist_is_one_line(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert re.search(r"has no (version|row) \d+", answer.text)


def test_a_list_stays_on_its_last_page(client: TestClient, tmp_path: Path) -> None:
    for page in ("99", "-1", "x", "0"):
        assert titles(client.get(f"/v1/?page={page}").text) == ["0", "1", "2"]


def test_an_empty_dataset_has_a_page(tmp_path: Path) -> None:
    commit_solutions(tmp_path / "d", "run-1")
    viewer = Viewer(open_dataset(tmp_path / "d"))
    assert "0 solutions" in TestClient(create_app(viewer), base_url=HOME).get("/").text
    viewer.close()


# Safety.


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example",
                                  "192.168.0.9", "", "8.8.8.8:80"])  # fmt: skip
def test_a_rebound_name_is_not_answered(client: TestClient, host: str) -> None:
    assert client.get("/v1/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "localhost:8765", "127.0.0.1:8765", "[::1]:8765"])
def test_names_of_this_machine_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/v1/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "http://evil.example"}, {"origin": "null"}, {"origin": f"{HOME}:81"},
     {"origin": "http://evil.example/localhost"}],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/v1/solution/1", "/v1/undo", "/v1/commit"])
def test_changes_come_from_our_own_pages_only(
    client: TestClient, viewer: Viewer, path: str, headers: dict[str, str]
) -> None:
    form = {"step": "1", "label": "1"}
    assert client.post(path, data=form, headers=headers).status_code == 403
    assert viewer.reviews.pending() == []


@pytest.mark.parametrize("path", ["/v1/", "/static/view.js", "/v9/", "/nowhere"])
def test_every_answer_forbids_what_is_not_ours(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_pages_need_nothing_inline_and_nothing_from_elsewhere(client: TestClient) -> None:
    for address in ("/v1/", "/v1/solution/1", "/v1/tree/1"):
        page = client.get(address).text
        assert not re.search(r"<[^>]+\s(style|on\w+)=", page)
        assert not re.search(r"""(src|href|action)=["'](https?:|//)""", page)


def test_beyond_this_machine_nobody_is_answered_without_the_token(viewer: Viewer) -> None:
    client = TestClient(
        create_app(viewer, "s3cret", "0.0.0.0"),
        base_url="http://192.168.0.9:80",
        follow_redirects=False,
    )
    assert client.get("/v1/").status_code == 401
    assert client.get("/v1/?token=guess").status_code == 401
    assert client.get("/v1/", headers={"cookie": b"labeler_token=gu\xe4"}).status_code == 401
    answer = client.get("/v1/?q=beads&token=s3cret")
    assert (answer.status_code, answer.headers["location"]) == (303, "/v1/?q=beads")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert client.get("/v1/").status_code == 200
    assert (
        client.get("http://192.168.0.9//evil.example/?token=s3cret").headers["location"]
        == "/evil.example/"
    )
    assert client.get("/v1/", headers={"host": "evil.example"}).status_code == 421


def test_a_form_is_short(client: TestClient) -> None:
    form = {"step": "1", "label": "1", "note": "x" * MOST_BYTES}
    assert client.post("/v1/solution/1", data=form, headers=OURS).status_code == 413


@pytest.mark.parametrize(
    ("host", "alone"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.9.9.9", True),
     ("0.0.0.0", False), ("::", False), ("192.168.0.9", False), ("example.org", False)],
)  # fmt: skip
def test_what_is_loopback(host: str, alone: bool) -> None:
    assert is_loopback(host) is alone
