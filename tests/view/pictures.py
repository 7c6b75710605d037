"""Pictures of the viewer for the README, taken on the way of its browser test.

    python -m tests.view.pictures runs/quickstart docs/images

Works on a copy: the dataset itself gets no new version.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from labeler.dataset import open_dataset
from labeler.view.viewer import Viewer
from tests.view.browser import ENTER, ESCAPE, Browser, serving


def whole_page(browser: Browser, address: str, width: int) -> None:
    """Opens a page in a window of this width, as high as the page but not above four widths."""

    def window(height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    window(900)
    browser.driver.get(address)
    height = browser.driver.execute_script("return document.documentElement.scrollHeight")
    window(min(height, 4 * width))


def take(dataset: Path, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as copies:
        folder = folder.resolve()
        shutil.copytree(dataset, Path(copies) / "runs" / dataset.name)
        # So that the pictures show a short path.
        os.chdir(copies)
        copy = Path("runs") / dataset.name
        viewer, browser = Viewer(open_dataset(copy)), Browser()
        viewer.shown(viewer.version)
        viewer.search.wait()

        def picture(name: str) -> None:
            browser.driver.save_screenshot(str(folder / f"view-{name}.png"))

        try:
            with serving(viewer) as address:
                browser.driver.get(f"{address}?sort=uncertain")
                picture("1-list")
                browser.driver.get(f"{address}?disagree=yes&sort=uncertain")
                picture("2-disagreements")
                browser.keys(ENTER)
                browser.until(lambda: "of" in browser.text(".path span"))
                picture("3-solution")
                browser.keys("e")
                browser.until(lambda: "judged" in browser.text(".pending span"))
                picture("4-corrected")
                browser.keys("t")
                browser.until(lambda: "one problem" in browser.text(".path"))
                picture("6-tree")
                browser.keys("l")
                browser.until(lambda: "Search tree" in browser.text(".path"))
                browser.keys("c", ENTER)
                browser.until(lambda: "holds your reviews" in browser.text(".said"))
                picture("5-new-version")
                browser.keys("?")
                picture("7-keys")
                browser.keys(ESCAPE)
                for name, width in (("statistics", 1280), ("statistics-phone", 400)):
                    whole_page(browser, f"{address}v{viewer.version}/statistics", width)
                    picture(name)
        finally:
            browser.driver.quit()
            viewer.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]))
