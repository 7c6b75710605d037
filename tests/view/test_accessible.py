"""Every page, wide and narrow: nothing runs off the screen, and axe-core finds no serious fault.

Needs Chromium and its driver, and axe-core (`make axe` fetches it by npm).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from labeler.dataset import open_dataset
from labeler.view.viewer import Viewer
from tests.committed import committed
from tests.stats.test_recount import solutions
from tests.view.browser import CHROMIUM, DRIVER, Browser, serving
from tests.view.made import info, made

AXE = Path(os.environ.get("LABELER_AXE", ".axe/package/axe.min.js"))
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="Chromium and chromedriver are not installed"
)

PAGES = ("v2/statistics", "v2/", "v2/?labeler=judge&said=wrong&place=2&mark=wrong",
         "v2/solution/1", "v2/tree/1", "nowhere")  # fmt: skip
SIZES = {"wide": (1280, 900), "narrow": (400, 800)}

TOO_WIDE = """
const inside = (e) => e.closest(".scroll, .drawing, .hidden, .skip, .inside");
return [...document.querySelectorAll("body *")]
  .filter((e) => !inside(e) && e.getClientRects().length)
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
  .map((e) => e.tagName + "." + e.className);
"""
BROKEN_WORDS = """
const broken = [];
const walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
for (let node = walk.nextNode(); node; node = walk.nextNode()) {
  for (const word of node.data.matchAll(/[A-Za-z]{2,18}/g)) {
    const range = document.createRange();
    range.setStart(node, word.index); range.setEnd(node, word.index + word[0].length);
    const tops = new Set([...range.getClientRects()].map((r) => Math.round(r.top / 8)));
    if (tops.size > 1 && !node.parentElement.closest(".id, svg, .hidden")) broken.push(word[0]);
  }
}
return broken;
"""
SERIOUS = """
const done = arguments[arguments.length - 1];
axe.run().then((found) => done(JSON.stringify(found.violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .map((one) => [one.id, one.nodes.map((node) => node.html)]))));
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.driver.quit()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    dataset = made(tmp_path_factory.mktemp("accessible"))
    committed(dataset, info("run-3"), *solutions(3, 40))
    viewer = Viewer(open_dataset(dataset))
    viewer.shown(viewer.version)
    viewer.search.wait()
    with serving(viewer) as address:
        yield address
    viewer.close()


def open_page(browser: Browser, address: str, size: str) -> None:
    width, height = SIZES[size]
    browser.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == "narrow"},
    )
    browser.driver.get(address)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page", PAGES)
def test_nothing_runs_off_a_page_and_no_word_is_broken(
    browser: Browser, address: str, page: str, size: str
) -> None:
    open_page(browser, address + page, size)
    assert browser.driver.execute_script(TOO_WIDE) == []
    assert browser.driver.execute_script(BROKEN_WORDS) == []


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not there; `make axe` fetches it")
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_no_serious_fault(browser: Browser, address: str, page: str, size: str) -> None:
    open_page(browser, address + page, size)
    # Through the browser's own console: the pages forbid scripts that are not theirs.
    browser.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE.read_text()})
    assert json.loads(browser.driver.execute_async_script(SERIOUS)) == []


def test_statistics_are_read_and_left_by_keys(browser: Browser, address: str) -> None:
    open_page(browser, f"{address}v2/", "wide")
    browser.keys("s")
    browser.until(lambda: "in numbers" in browser.text("h1"))
    browser.keys("j", "j")
    assert browser.text(".figure.at h2") == "Labels along a solution"
    browser.keys("\t")
    assert browser.driver.switch_to.active_element.text == "Skip to the page"
    link = browser.driver.find_element("css selector", "#first-errors a")
    link.send_keys("\ue007")
    browser.until(lambda: "solutions" in browser.text("h1"))
    assert browser.driver.current_url == f"{address}v2/?error=none"
