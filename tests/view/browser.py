"""Chromium for tests: started without a window, typed into, looked at."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from selenium.common.exceptions import StaleElementReferenceException

from labeler.view.app import create_app
from labeler.view.viewer import Viewer

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
ENTER, ESCAPE = "\ue007", "\ue00c"


class Browser:
    """Chromium without a window, as little of it as a reader needs."""

    def __init__(self) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        # No sandbox: Chromium's own does not start for root in a container.
        for word in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "window-size=1180,800"):
            options.add_argument(f"--{word}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
        self.actions = webdriver.ActionChains

    def keys(self, *keys: str) -> None:
        """Typed one after the other, whatever has the focus."""
        for key in keys:
            self.actions(self.driver).send_keys(key).perform()

    def text(self, selector: str) -> str:
        try:
            return "\n".join(e.text for e in self.driver.find_elements("css selector", selector))
        except StaleElementReferenceException:
            return ""  # The page is just being exchanged.

    def until(self, condition: Callable[[], bool], seconds: float = 120) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited in vain; shown: {self.text('main')[:500]}"
            time.sleep(0.05)


@contextmanager
def serving(viewer: Viewer) -> Iterator[str]:
    """The address of a viewer that is served in a thread."""
    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(create_app(viewer), port=0, log_level="error", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    server.should_exit = True
    thread.join()
