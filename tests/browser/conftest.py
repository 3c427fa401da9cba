"""A real Chromium before a live server. Without a Chromium these tests are skipped; SEIKA_BROWSER_TESTS=required makes that an error."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

from accounts.models import User

# What axe looks for: WCAG 2.2 AA, nothing left out. What passes is not told, and the sheets of style are not fetched once more: no rule
# of these reads them.
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
    "preload": {"assets": ["media"]},
}
WIDTHS = (1280, 390)  # a desk and a telephone: axe looks at both
OTHER_WIDTHS = (320, 768)  # nothing may be wider than its window at these either
# axe runs twice on a page: to optimise its code costs more than it gives.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--js-flags=--no-opt"]


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


@contextmanager
def window(chromium: Browser, server: str, *, session: str = "", javascript: bool = True) -> Iterator[Page]:
    """A window of a visitor of its own, logged in where a session is given. The page keeps its `requests` and what its console `told`."""
    context = chromium.new_context(
        base_url=server, viewport={"width": WIDTHS[0], "height": 900}, java_script_enabled=javascript, locale="ja-JP"
    )
    if session:
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": server}])
    page = context.new_page()
    page.server, page.requested, page.told = server, [], []
    page.on("request", lambda request: page.requested.append(request.url))
    page.on("console", lambda message: message.type == "error" and page.told.append((message.location["url"], message.text)))
    page.on("pageerror", lambda error: page.told.append((page.url, str(error))))
    yield page
    context.close()
    if not chromium.contexts:
        _let_requests_end()


@pytest.fixture
def visit(chromium, live_server):
    """Open an address of the server as a new visitor: a user's session makes it that user."""
    with ExitStack() as windows:

        def visiting(address: str, *, session: str = "", javascript: bool = True) -> Page:
            page = windows.enter_context(window(chromium, live_server.url, session=session, javascript=javascript))
            page.goto(address)
            return page

        yield visiting


@pytest.fixture
def enter(visit):
    """Open an address as the user of a name."""

    def entering(username: str, address: str, *, javascript: bool = True) -> Page:
        client = Client()
        client.force_login(User.objects.get(username=username))
        return visit(address, session=client.cookies[settings.SESSION_COOKIE_NAME].value, javascript=javascript)

    return entering


def press(page: Page, selector: str) -> None:
    """Click what leads to another page, and wait for it: a click alone returns while the old page still stands."""
    with page.expect_navigation():
        page.click(selector)


def findings(page: Page) -> list[tuple]:
    """What is wrong with the page: errors that its console told, requests to other servers, widths of the window that are too narrow for
    it, and what axe finds. Tells what came since the page was last asked.
    """
    refusal = "Failed to load resource"  # Chromium says it of a page that is answered with an error: that is the page to look at
    found = [told for told in page.told if not (told[0] == page.url and told[1].startswith(refusal))]
    found += [("elsewhere", address) for address in page.requested if not address.startswith((f"{page.server}/", "data:"))]
    for width in (*OTHER_WIDTHS, *reversed(WIDTHS)):
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append(("wider than its window", width))
        if width in WIDTHS:
            found += [(width, rule["id"], node["html"]) for rule in _violations(page) for node in rule["nodes"]]
    page.requested.clear()
    page.told.clear()  # axe itself puts styles into the page
    return found


def _violations(page: Page) -> list[dict]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return page.evaluate("async rules => (await axe.run(rules)).violations", RULES)


def _let_requests_end() -> None:
    """The server's threads still close their connections when the browser has gone: the test's database must stay until then."""
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(timeout=10)
