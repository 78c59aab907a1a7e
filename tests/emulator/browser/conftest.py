"""One Chromium for all tests of the page; they are skipped where there is none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.emulator.browser.webdriver import Browser, open_browser
from tokbox.emulator import Server


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    driver, binary = shutil.which("chromedriver"), shutil.which("chromium")
    if driver is None or binary is None:
        reason = "The page is not tested: chromium and chromedriver are not installed."
        # CI asks for it, so that a missing browser is a failure there.
        if "browser" in os.environ.get("TOKBOX_REQUIRE", "").split(","):
            pytest.fail(reason)
        pytest.skip(reason)
    with open_browser(driver, binary, tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser, server: Server) -> Iterator[Browser]:
    """The page of an empty emulator, in a light window of desktop size."""
    chromium.resize(1280, 900)
    chromium.scheme("light")
    chromium.go(server.url + "/")
    chromium.see("live", "#link")
    chromium.complaints()
    yield chromium
    # No script error and no violation of the content security policy, in any test.
    complaints = chromium.complaints()
    chromium.go("about:blank")
    assert complaints == []
