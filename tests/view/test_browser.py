"""The viewer in a real browser: a label is corrected with the keyboard and seen in the new version.

Needs Chromium and its driver (Debian: `apt-get install chromium chromium-driver`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labeler.dataset import open_dataset
from labeler.view.viewer import Viewer
from tests.view.browser import CHROMIUM, DRIVER, ENTER, ESCAPE, Browser, serving
from tests.view.made import made

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="Chromium and chromedriver are not installed"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.driver.quit()


@pytest.fixture
def viewer(tmp_path: Path) -> Iterator[Viewer]:
    viewer = Viewer(open_dataset(made(tmp_path)))
    viewer.shown(viewer.version)
    viewer.search.wait()
    yield viewer
    viewer.close()


@pytest.fixture
def address(viewer: Viewer) -> Iterator[str]:
    with serving(viewer) as address:
        yield address


def test_a_label_is_corrected_with_the_keyboard(
    browser: Browser, address: str, viewer: Viewer
) -> None:
    browser.driver.get(f"{address.rstrip('/')}/v1/")
    assert browser.text("h1") == "3 solutions"

    select = browser.driver.find_element("css selector", "select[name=disagree]")
    select.send_keys("sources disagree")
    browser.until(lambda: browser.text("h1").startswith("1 of 3"))

    browser.keys(ESCAPE)
    browser.driver.execute_script("document.activeElement.blur()")
    browser.keys("j", ENTER)
    browser.until(lambda: browser.text(".problem .place") == "error in step 2")
    assert "judge" in browser.text(".step.at .evidence")

    browser.keys("i", *"5 + 1 is 6", ESCAPE, "1")
    browser.until(lambda: browser.text(".problem .tag") == "was error in step 2")
    browser.keys("-")
    browser.until(lambda: browser.text(".problem .place") == "error in step 3")
    assert browser.text(".pending span") == "2 steps judged"

    browser.keys("u")
    browser.until(lambda: browser.text(".pending span") == "1 step judged")
    browser.keys("j", "j", "-")
    browser.until(lambda: browser.text(".pending span") == "2 steps judged")

    browser.keys("c")
    browser.until(lambda: "become evidence of human" in browser.text("dialog[open]"))
    browser.keys(ENTER)
    browser.until(lambda: browser.text(".said") == "Version 2 holds your reviews.")
    assert browser.text(".problem .place") == "error in step 3"
    assert "/v2/solution/1" in browser.driver.current_url

    [_, corrected, _] = open_dataset(viewer.path).solutions()
    assert corrected.first_error == 2
    assert corrected.steps[1].evidence[-1].rationale == "5 + 1 is 6"

    browser.keys("t")
    browser.until(lambda: "2 solutions of one problem" in browser.text(".path"))
    assert browser.driver.get_log("browser") == []


def test_text_that_looks_like_a_script_is_shown_and_not_run(browser: Browser, address: str) -> None:
    browser.driver.get(f"{address}v1/solution/2")
    assert browser.text(".statement") == '<script>alert(1)</script> & "quoted"'
    assert browser.text(".step .text") == "<img src=x onerror=alert(2)>"
    # An alert would make this fail; a blocked one would leave a line in the log.
    assert browser.driver.get_log("browser") == []


def test_help_opens_and_closes(browser: Browser, address: str) -> None:
    browser.driver.get(address)
    browser.keys("?")
    browser.until(lambda: "the first error is here" in browser.text("dialog[open]"))
    browser.keys(ESCAPE)
    browser.until(lambda: browser.text("dialog[open]") == "")


def test_review_starts_with_what_a_minute_decides_most_and_goes_on(
    browser: Browser, address: str
) -> None:
    browser.driver.get(address)
    browser.keys("r")
    browser.until(lambda: "most decided per minute first" in browser.text("h1"))
    browser.keys(ENTER)
    browser.until(lambda: browser.text(".path span").startswith("1 of 3"))
    browser.keys("a")
    browser.until(lambda: browser.text(".problem .place") == "no error")
    browser.keys("n")
    browser.until(lambda: browser.text(".path span").startswith("2 of 3"))
    browser.keys("l")
    browser.until(lambda: "with yours" in browser.text(".accuracy"))
