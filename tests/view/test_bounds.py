"""What no page of ours asks is answered with 400, before it costs anything."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from labeler.dataset import open_dataset
from labeler.view.app import create_app
from labeler.view.viewer import Viewer
from tests.view.made import made

HOME = "http://localhost"
DIGITS = "9" * 5000


@pytest.fixture
def viewer(tmp_path: Path) -> Iterator[Viewer]:
    viewer = Viewer(open_dataset(made(tmp_path)))
    viewer.search.wait()
    yield viewer
    viewer.close()


@pytest.fixture
def client(viewer: Viewer) -> TestClient:
    return TestClient(create_app(viewer), base_url=HOME)


@pytest.mark.parametrize(
    "path",
    [f"/v1/?page={DIGITS}", "/v1/?page=1234567890", f"/v1/?committed={DIGITS}", f"/v{DIGITS}/",
     f"/v1/solution/{DIGITS}", f"/v1/tree/{DIGITS}", "/v1/?q=" + "x" * 9000,
     "/v1/?" + "a=1&" * 200],
)  # fmt: skip
def test_an_address_beyond_all_bounds(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 400


@pytest.mark.parametrize(
    ("path", "form"),
    [("/v1/solution/1", {"label": "first", "step": "5000000"}),
     ("/v1/solution/1", {"label": "1", "step": DIGITS}),
     ("/v1/solution/1", {f"a{i}": "1" for i in range(101)}),
     ("/v1/commit", {"row": DIGITS})],
)  # fmt: skip
def test_a_form_beyond_all_bounds(
    client: TestClient, viewer: Viewer, path: str, form: dict[str, str]
) -> None:
    tracemalloc.start()
    answer = client.post(path, data=form, headers={"origin": HOME})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status_code == 400
    assert peak < 4 << 20
    assert viewer.reviews.pending() == []


@pytest.mark.parametrize("host", ["[::1", "[", "::1]", "[zz]", "[::1]]:80", "localhost\u00bd:1"])
def test_a_host_that_is_no_address(client: TestClient, host: str) -> None:
    assert client.get("/v1/", headers={"host": host.encode("latin-1")}).status_code == 400


@pytest.mark.parametrize("origin", ["http://[::1", "http://[zz]", "//[", "\u00e4"])
def test_an_origin_that_is_no_address_is_not_ours(client: TestClient, origin: str) -> None:
    headers = {"origin": origin.encode("latin-1")}
    assert client.post("/v1/undo", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "query",
    ["q=%00", 'q="', "q=" + "%22a%22" * 300, "q=a+OR+NEAR(", "q=*", "page=%D9%A3", "page=%C2%B2",
     "p_from=nan", "p_to=1e999", "sort=%00", "domain=%ff", "labeler=%0a"],
)  # fmt: skip
def test_what_people_may_type_is_a_page(client: TestClient, query: str) -> None:
    assert client.get(f"/v1/?{query}").status_code == 200


def test_on_a_shared_machine_the_token_guards_reading_and_writing(viewer: Viewer) -> None:
    client = TestClient(create_app(viewer, "s3cret"), base_url=HOME, follow_redirects=False)
    assert client.get("/v1/").status_code == 401
    label = {"label": "1", "step": "1"}
    post = {"data": label, "headers": {"origin": HOME}}
    assert client.post("/v1/solution/1", **post).status_code == 401
    assert client.post("/v1/solution/1?token=s3cret", **post).status_code == 401
    assert viewer.reviews.pending() == []
    assert client.get("/v1/?token=s3cret").status_code == 303
    assert client.get("/v1/").status_code == 200
    assert client.post("/v1/solution/1", **post).status_code == 303
    assert len(viewer.reviews.pending()) == 1
