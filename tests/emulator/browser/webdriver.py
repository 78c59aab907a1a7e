"""A headless Chromium, driven by the WebDriver protocol (W3C) and nothing else."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

_T = TypeVar("_T")

#: The key of an element's reference in WebDriver's JSON.
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--force-color-profile=srgb", "--lang=en"),
)
#: How long something may take to appear, in seconds; nothing is measured by it.
_PATIENCE = 60

TAB, ENTER, SPACE = "\ue004", "\ue007", " "
SHIFT_TAB = "\ue008" + TAB


class Gone(AssertionError):
    """The element has left the page, which may happen at any time."""


class Element:
    """Something on the page."""

    def __init__(self, browser: Browser, element_id: str) -> None:
        self._browser = browser
        self.element_id = element_id

    def _ask(self, method: str, path: str, content: object = None) -> Any:
        return self._browser.ask(method, f"/element/{self.element_id}{path}", content)

    @property
    def text(self) -> str:
        return str(self._ask("GET", "/text"))

    @property
    def label(self) -> str:
        """Its accessible name, as the browser computes it."""
        return str(self._ask("GET", "/computedlabel"))

    @property
    def role(self) -> str:
        return str(self._ask("GET", "/computedrole"))

    def click(self) -> None:
        self._ask("POST", "/click", {})

    def type(self, text: str) -> None:
        self._ask("POST", "/value", {"text": text})


class Browser:
    """One window. Use :func:`open_browser`."""

    def __init__(self, address: str, capabilities: dict[str, Any]) -> None:
        self._address = address
        self._session = ""
        answer = self.ask(
            "POST", "/session", {"capabilities": {"alwaysMatch": capabilities}}
        )
        self._session = f"/session/{answer['sessionId']}"

    def ask(self, method: str, path: str, content: object = None) -> Any:
        """Send a command; return its value."""
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(
            self._address + self._session + path,
            body,
            {"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            with error:
                problem = json.load(error)["value"]
            kind = Gone if problem["error"] == "stale element reference" else AssertionError
            raise kind(f"{problem['error']}: {problem['message']}") from None

    def close(self) -> None:
        self.ask("DELETE", "")

    def go(self, url: str) -> None:
        self.ask("POST", "/url", {"url": url})

    def run(self, script: str, *arguments: object) -> Any:
        """Run JavaScript, a function's body, and return what it returns."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": arguments})

    def all(self, selector: str) -> list[Element]:
        found = self.ask("POST", "/elements", {"using": "css selector", "value": selector})
        return [Element(self, item[_ELEMENT]) for item in found]

    def one(self, selector: str) -> Element:
        """The only element that fits; waits until it is there."""

        def search() -> Element | None:
            found = self.all(selector)
            return found[0] if len(found) == 1 else None

        return self.wait(search, f"one element {selector}")

    def button(self, label: str) -> Element:
        """The only button that is called *label*; waits until it is there."""

        def search() -> Element | None:
            found = [one for one in self.all("button") if label == one.label]
            return found[0] if len(found) == 1 else None

        return self.wait(search, f"a button {label}")

    def see(self, text: str, selector: str = "body") -> None:
        """Wait until *text* is to be read."""
        self.wait(
            lambda: text in str(self.run(_TEXT_OF, selector)) or None,
            f"the text {text!r} in {selector}",
        )

    def wait(self, look: Callable[[], _T | None], what: str) -> _T:
        """Look again and again until there is something that stays to be looked at."""
        end = time.monotonic() + _PATIENCE
        while True:
            with contextlib.suppress(Gone):
                if (found := look()) is not None:
                    return found
            assert time.monotonic() < end, f"{what} did not appear"
            time.sleep(0.02)

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is; two in one string are pressed together."""
        actions = [
            action
            for chord in keys
            for action in (
                *({"type": "keyDown", "value": key} for key in chord),
                *({"type": "keyUp", "value": key} for key in reversed(chord)),
            )
        ]
        source = {"type": "key", "id": "keyboard", "actions": actions}
        self.ask("POST", "/actions", {"actions": [source]})

    def focused(self) -> Element:
        return Element(self, self.ask("GET", "/element/active")[_ELEMENT])

    def tab_to(self, label: str) -> None:
        """Press Tab until the focus is on what is called *label*."""
        for _ in range(60):
            if self.wait(lambda: self.focused().label, "a focus") == label:
                return
            self.press(TAB)
        raise AssertionError(f"Tab never comes to {label!r}")

    def resize(self, width: int, height: int) -> None:
        metrics = {
            "width": width,
            "height": height,
            "deviceScaleFactor": 1,
            "mobile": False,
        }
        self._devtools("Emulation.setDeviceMetricsOverride", metrics)

    def scheme(self, name: str) -> None:
        """Prefer ``light`` or ``dark``."""
        features = [
            {"name": "prefers-color-scheme", "value": name},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self._devtools("Emulation.setEmulatedMedia", {"features": features})

    def _devtools(self, command: str, parameters: dict[str, Any]) -> None:
        self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.ask("GET", "/screenshot")))

    def complaints(self) -> list[str]:
        """The errors that the browser logged since the last call. Refused requests are left
        out: the page reports them itself."""
        entries = self.ask("POST", "/se/log", {"type": "browser"})
        return [
            entry["message"]
            for entry in entries
            if entry["level"] == "SEVERE" and entry["source"] != "network"
        ]


_TEXT_OF = (
    "return [...document.querySelectorAll(arguments[0])].map(e => e.innerText).join('\\n')"
)


@contextlib.contextmanager
def open_browser(driver: str, binary: str, folder: Path) -> Iterator[Browser]:
    """Start a browser with a profile of its own in *folder*."""
    command = [driver, "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            started = next(line for line in lines if "started successfully on port" in line)
            port = started.rpartition("port ")[2].strip().rstrip(".")
            capabilities = {
                "goog:chromeOptions": {
                    "binary": binary,
                    "args": [
                        *_FLAGS,
                        f"--user-data-dir={folder}",
                        "--window-size=1280,900",
                    ],
                },
                "goog:loggingPrefs": {"browser": "ALL"},
            }
            browser = Browser(f"http://127.0.0.1:{port}", capabilities)
            try:
                yield browser
            finally:
                browser.close()
        finally:
            process.terminate()
