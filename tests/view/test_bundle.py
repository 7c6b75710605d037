"""A bundle of pages stands by itself: every link leads to a file of it."""

from __future__ import annotations

import html
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from labeler.cli import app
from labeler.dataset import open_dataset
from labeler.errors import DatasetError
from labeler.view.bundle import write_bundle
from labeler.view.viewer import Viewer
from tests.view.made import made, many


def links(page: str) -> set[str]:
    found = re.findall(r'(?:href|src|action)="([^"]*)"', page)
    return {urlsplit(html.unescape(one)).path for one in found} - {""}


def test_every_link_of_a_bundle_leads_into_it(tmp_path: Path) -> None:
    many(tmp_path / "d", "run-0", 30)
    made(tmp_path)
    out = tmp_path / "pages"
    words = ["view", str(tmp_path / "d"), "--bundle", str(out), "--bundle-solutions", "5"]
    done = CliRunner().invoke(app, words)
    files = {file.relative_to(out).as_posix() for file in out.rglob("*.*")}
    assert done.exit_code == 0, done.output
    assert f"{len(files) - 3} pages" in done.output
    pages = {name: (out / name).read_text() for name in files if name.endswith(".html")}
    assert {link for page in pages.values() for link in links(page)} <= files
    assert {"index.html", "list.html", "static/view.css"} <= files
    assert len([name for name in files if name.startswith("solution-")]) == 5
    assert [name for name, page in pages.items() if "<form" in page] == []
    assert "<script>alert" not in "".join(pages.values())


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    viewer = Viewer(open_dataset(made(tmp_path)))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(DatasetError, match="mine: is there already; name a new folder"):
        write_bundle(viewer, tmp_path / "mine")
    viewer.close()
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["letter.txt"]
