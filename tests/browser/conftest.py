"""A real Chromium before a live server. Without a Chromium these tests are skipped; SEIKA_BROWSER_TESTS=required makes that an error."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

# What axe looks for: WCAG 2.2 AA, nothing left out. What passes is not told.
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}, "resultTypes": ["violations"]}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("SEIKA_BROWSER_TESTS") == "required":
            pytest.fail("SEIKA_BROWSER_TESTS=required, and there is no chromium on the PATH.")
        pytest.skip("There is no chromium on the PATH.")
    with pytest.MonkeyPatch.context() as patch:
        # Playwright's synchronous interface keeps an event loop running, in which Django would refuse its database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
            yield browser
            browser.close()


@pytest.fixture
def visit(chromium, live_server):
    """Open an address of the server in a window of a width, as a visitor of its own. The page keeps its `requests`."""

    @contextmanager
    def visiting(address: str, *, width: int = 1280, javascript: bool = True) -> Iterator[Page]:
        context = chromium.new_context(viewport={"width": width, "height": 900}, java_script_enabled=javascript, locale="ja-JP")
        page = context.new_page()
        page.requested = []
        page.on("request", lambda request: page.requested.append(request.url))
        page.goto(live_server.url + address)
        yield page
        context.close()
        if not chromium.contexts:
            _let_requests_end()

    return visiting


def press(page: Page, selector: str) -> None:
    """Click what leads to another page, and wait for it: a click alone returns while the old page still stands."""
    with page.expect_navigation():
        page.click(selector)


def _let_requests_end() -> None:
    """The server's threads still close their connections when the browser has gone: the test's database must stay until then."""
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(timeout=10)
