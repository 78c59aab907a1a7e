"""The page in a real browser: with a mouse, with a keyboard, and with hostile names."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.emulator.browser.webdriver import ENTER, SPACE, TAB, Browser
from tests.support.emulator import KEY, NOW, Api, client_token
from tokbox.emulator import Clock, Server, serve


def sessions(api: Api) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = api.request("GET", "/_emulator/state").json()[
        "sessions"
    ]
    return content


# With a mouse.


def test_session_is_created_joined_archived_and_left(page: Browser, api: Api) -> None:
    page.see("No sessions yet", "#sessions")
    page.button("Create session").click()
    page.see("The session has been created.", "#news")
    (session,) = sessions(api)
    page.see(session["sessionId"], "#session-list h3")
    page.see("nobody has come yet", "#session-list")

    page.button("Connect client").click()
    page.see("A client has connected.", "#news")
    page.see("publisher, publishes camera", "#session-list")

    page.button("Start archive").click()
    page.see("The archive has started.", "#news")
    page.see("started", "#session-list .badge[data-tone=good]")
    (archive,) = sessions(api)[0]["archives"]
    short = archive["id"][:8]
    page.see(f"archive {short}", "#session-list")

    page.button(f"Stop archive {short}").click()
    page.see("stopped, user initiated", "#session-list")
    page.button("Advance").click()
    page.see("available, user initiated", "#session-list")

    (connection,) = sessions(api)[0]["connections"]
    page.button(f"Disconnect client {connection['connectionId'][:8]}").click()
    page.see("everybody has left", "#session-list")
    assert sessions(api)[0]["connections"] == []


def test_broadcast_is_started_and_stopped(page: Browser, api: Api) -> None:
    session_id = api.create_session()
    api.join(session_id)
    api.start("render", session_id, url="https://app.example.org/view")
    page.see("starting", "#session-list")
    page.button("Start broadcast").click()
    page.see("The broadcast has started.", "#news")
    page.see("started, HLS connecting", "#session-list")
    broadcast = sessions(api)[0]["jobs"][0]
    page.button("Advance").click()
    page.see("started, HLS live", "#session-list")
    page.button(f"Stop broadcast {broadcast['id'][:8]}").click()
    page.see("The broadcast has been stopped.", "#news")
    page.see("stopped, user initiated, HLS ended", "#session-list")


def test_muting_is_shown(page: Browser, api: Api) -> None:
    session_id = api.create_session()
    api.join(session_id)
    api.project("POST", f"/session/{session_id}/mute", {"active": True})
    page.see("routed · muted", "#session-list")
    page.see("publisher, publishes camera (muted)", "#session-list")


def test_impossible_actions_are_explained(page: Browser, api: Api) -> None:
    page.button("Create session").click()
    page.button("Start archive").click()
    page.see("No clients are actively connected", "#news[data-kind=bad]")


def test_calls_of_others_appear_by_themselves(page: Browser, api: Api) -> None:
    page.see("No calls yet.")
    session_id = api.create_session()
    page.see("POST /session/create", "#calls")
    page.see("created something", "#calls")
    page.see(session_id, "#session-list")
    api.request("POST", "/session/create", headers={"X-Tokbox-Emulator": '{"status":503}'})
    page.see('fault {"status":503}', "#calls")
    assert page.one("#calls tr:first-child .badge").text == "503"


def test_log_can_be_paused_and_misses_nothing(page: Browser, api: Api) -> None:
    api.create_session()
    page.see("POST /session/create", "#calls")
    page.button("Pause").click()
    api.archives()
    page.see("2", "#call-count")
    assert len(page.all("#calls tr")) == 1
    page.button("Pause").click()
    page.see(f"GET /v2/project/{KEY}/archive", "#calls")
    assert len(page.all("#calls tr")) == 2


def test_token_is_inspected(page: Browser, api: Api) -> None:
    session_id = api.create_session()
    page.one("#token").type(client_token(session_id, exp=NOW + 3600))
    page.button("Inspect").click()
    page.see("Accepted: its holder joins the session as a publisher.", "#result")
    page.see("in 1 hour", "#result")
    page.see(session_id, "#result")
    api.advance(7200)
    page.button("Inspect").click()
    page.see("Refused with client error 1004: the token expired", "#result")
    page.see("1 hour ago", "#result")


def test_text_that_is_not_a_token_is_explained(page: Browser) -> None:
    page.button("Inspect").click()
    page.see("There is no token; paste one", "#result")
    page.one("#token").type("nonsense")
    page.button("Inspect").click()
    page.see("This is no token", "#result")


def test_sessions_can_be_of_an_application(page: Browser, api: Api) -> None:
    page.run(
        "const s = document.getElementById('project');"
        "s.value = [...s.options].find(o => o.text.startsWith('application')).value;"
    )
    page.button("Create session").click()
    page.see("of 00000000-0000-4000-8000-000012345678", "#session-list")


def test_end_of_the_emulator_is_shown(chromium: Browser) -> None:
    with serve(clock=Clock(lambda: NOW)) as server:
        chromium.go(server.url + "/")
        chromium.see("live", "#link")
    chromium.see("no answer", "#link")
    chromium.go("about:blank")


def test_reset_needs_a_confirmation(page: Browser, api: Api) -> None:
    session_id = api.create_session()
    page.see(session_id, "#session-list")
    page.button("Reset").click()
    page.see("This deletes all sessions", "#reset-dialog")
    # The button that deletes nothing has the focus, so Enter is safe.
    assert page.focused().label == "Cancel"
    page.press(ENTER)
    assert [session["sessionId"] for session in sessions(api)] == [session_id]
    page.button("Reset").click()
    page.button("Delete everything").click()
    page.see("The emulator has been reset.", "#news")
    page.see("No sessions yet", "#sessions")
    page.see("No calls yet", "#no-calls")
    assert sessions(api) == []


# With a keyboard.


def test_everything_can_be_done_by_keyboard(page: Browser, api: Api) -> None:
    page.press(TAB)
    assert page.focused().label == "Skip to the sessions"
    page.press(ENTER)
    page.tab_to("Create session")
    page.press(ENTER)
    page.see("The session has been created.", "#news")
    page.tab_to("Connect client")
    page.press(SPACE)
    page.see("publisher, publishes camera", "#session-list")
    page.tab_to("Start archive")
    page.press(ENTER)
    page.see("The archive has started.", "#news")
    (archive,) = sessions(api)[0]["archives"]
    page.tab_to(f"Stop archive {archive['id'][:8]}")
    page.press(ENTER)
    page.see("stopped, user initiated", "#session-list")
    # The button is gone; the focus has not fallen to the top of the page.
    assert page.focused().label == "Connect client"
    page.tab_to("Token")
    page.press(*"nonsense", TAB, ENTER)
    page.see("This is no token", "#result")


def test_focus_outlives_what_is_new(page: Browser, api: Api) -> None:
    session_id = api.create_session()
    page.see(session_id, "#session-list")
    page.tab_to("Start archive")
    page.run("document.activeElement.dataset.mark = 'mine'")
    other = api.create_session()
    api.join(session_id)
    page.see(other, "#session-list")
    page.see("1 client", "#session-list")
    assert page.run("return document.activeElement.dataset.mark") == "mine"


def test_focus_moves_on_when_its_row_goes(page: Browser, api: Api) -> None:
    session_id = api.create_session()
    joined = [api.join(session_id) for _ in range(2)]
    first, second = (f"Disconnect client {one['connectionId'][:8]}" for one in joined)
    page.button(first)
    page.tab_to(first)
    page.press(ENTER)
    page.wait(lambda: page.focused().label == second or None, "the focus on the next row")


def test_focus_stays_when_another_row_goes(page: Browser, api: Api) -> None:
    session_id = api.create_session()
    joined = [api.join(session_id) for _ in range(3)]
    labels = [f"Disconnect client {one['connectionId'][:8]}" for one in joined]
    for label in labels:
        page.button(label)
    page.tab_to(labels[1])
    api.leave(session_id, joined[0])
    api.leave(session_id, joined[2])
    page.see("1 client", "#session-list")
    assert page.focused().label == labels[1]


# For screen readers.


def test_everything_has_a_name(page: Browser, api: Api) -> None:
    session_id = api.create_session()
    api.join(session_id)
    api.start_archive(session_id)
    page.see("publishes", "#session-list")
    # Elements of a closed dialog have no name; test_reset_needs_a_confirmation opens it.
    controls = page.all(
        ":is(button, select, textarea, input, [tabindex='0'], a[href])"
        ":not(dialog:not([open]) *)"
    )
    assert len(controls) >= 15
    for control in controls:
        assert control.label.strip(), control.text
    for frame in page.all("main section, article, form:not(dialog *)"):
        assert frame.label.strip(), frame.text
    assert [one.role for one in page.all("header, main")] == ["banner", "main"]


_STRUCTURE = """
const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
const levels = [...document.querySelectorAll("h1,h2,h3,h4")]
  .filter(e => e.checkVisibility()).map(e => Number(e.tagName[1]));
return {
  lang: document.documentElement.lang,
  twice: ids.filter((id, i) => ids.indexOf(id) !== i),
  jumps: levels.filter((level, i) => level > (levels[i - 1] ?? 0) + 1),
  firsts: levels.filter(level => level === 1).length,
  unnamed: document.querySelectorAll("img:not([alt])").length,
  live: [...document.querySelectorAll("[aria-live]")].map(e => e.id),
  dangling: [...document.querySelectorAll("[aria-labelledby],[aria-describedby],label[for]")]
    .flatMap(e => [e.getAttribute("aria-labelledby"), e.getAttribute("aria-describedby"), e.htmlFor])
    .filter(id => id && !document.getElementById(id)),
};
"""


def test_landmarks_have_distinct_names(page: Browser, api: Api) -> None:
    for _ in range(2):
        page.see(api.create_session(), "#session-list")
    marks = [
        (one.role, one.label)
        for one in page.all("header, main, section, article, form, [role=region]")
    ]
    assert len(marks) >= 11
    assert len(set(marks)) == len(marks)


def test_structure_is_valid(page: Browser, api: Api) -> None:
    for _ in range(2):
        session_id = api.create_session()
        api.join(session_id)
        api.start_archive(session_id)
    page.wait(lambda: len(page.all("article .thing")) == 4 or None, "all that is there")
    assert page.run(_STRUCTURE) == {
        "lang": "en",
        "twice": [],
        "jumps": [],
        "firsts": 1,
        "unnamed": 0,
        "live": ["news", "result"],
        "dangling": [],
    }


# For eyes.

#: The contrast of every text with what is behind it (WCAG 2.2, 1.4.3), where it is low.
_CONTRAST = """
function parse(text) {
  const parts = text.match(/[\\d.]+/g).map(Number);
  return { rgb: parts.slice(0, 3), alpha: parts[3] ?? 1 };
}
function luminance(rgb) {
  const [r, g, b] = rgb.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function ground(element) {
  for (let e = element; e; e = e.parentElement) {
    const { rgb, alpha } = parse(getComputedStyle(e).backgroundColor);
    if (alpha === 1) return rgb;
  }
  return [255, 255, 255];
}
const low = [];
let seen = 0;
for (const element of document.querySelectorAll("body *")) {
  const says = [...element.childNodes].some(n => n.nodeType === 3 && n.data.trim());
  if (!says || !element.checkVisibility()) continue;
  seen += 1;
  const [a, b] = [luminance(parse(getComputedStyle(element).color).rgb), luminance(ground(element))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) low.push(`${element.tagName} ${element.textContent.slice(0, 30)} ${ratio.toFixed(2)}`);
}
return [seen, low];
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_contrasts_with_its_background(page: Browser, api: Api, scheme: str) -> None:
    page.scheme(scheme)
    session_id = api.create_session()
    api.join(session_id)
    archive_id = api.start_archive(session_id, name="one")["id"]
    api.stop_archive(archive_id)
    api.start_archive(session_id, name="two")
    api.request("GET", "/nowhere", headers={"X-Tokbox-Emulator": '{"status":503}'})
    page.one("#token").type("nonsense")
    page.button("Inspect").click()
    page.see("This is no token", "#result")
    page.see("GET /nowhere", "#calls")
    seen, low = page.run(_CONTRAST)
    assert seen > 40
    assert low == []


@pytest.mark.parametrize("width", [320, 640, 1280])
def test_page_fits_its_window(page: Browser, api: Api, width: int) -> None:
    session_id = api.create_session()
    api.join(session_id, connection_data="x" * 300)
    api.start_archive(session_id, name="n" * 300)
    page.resize(width, 800)
    page.see("publishes", "#session-list")
    page.see("archive", "#calls")
    assert page.run("return document.documentElement.scrollWidth") <= width


# Against bad company.

HOSTILE = (
    "<img src=x onerror=\"window.broken='img'\">",
    "<script>window.broken='script'</script>",
    '"><svg onload="window.broken=\'svg\'">',
    "javascript:window.broken='url'",
    "</textarea></title>${window.broken='template'}",
)


def test_hostile_names_stay_text(page: Browser, api: Api) -> None:
    for name in HOSTILE:
        session_id = api.create_session()
        api.join_with(session_id, client_token(session_id, connection_data=name))
        joined = api.join(session_id, connection_data=name)
        path = f"/_emulator/session/{session_id}/connection/{joined['connectionId']}/stream"
        api.request("POST", path, {"name": name})
        api.start_archive(session_id, name=name)
        api.request("GET", f"/{name.replace(' ', '+')}?q={name.replace(' ', '+')}")
        page.see(name, "#session-list")
    token = client_token(session_id, connection_data=HOSTILE[0], nick=HOSTILE[1])
    page.one("#token").type(token)
    page.button("Inspect").click()
    page.see(HOSTILE[0], "#result")
    page.see("window.broken='script'", "#calls")
    assert page.run("return window.broken ?? null") is None
    assert (
        page.run("return document.querySelectorAll('main img, main svg, script').length")
        == 1
    )


def test_policy_stops_a_script_that_got_in(page: Browser) -> None:
    page.run(
        "const s = document.createElement('script'); s.textContent = 'window.broken = 1';"
        "document.body.append(s);"
    )
    assert page.run("return window.broken ?? null") is None
    assert any("Content Security Policy" in text for text in page.complaints())


def test_page_sends_requests_to_the_emulator_only(page: Browser, server: Server) -> None:
    page.button("Create session").click()
    page.see("The session has been created.", "#news")
    asked = page.run("return performance.getEntriesByType('resource').map(e => e.name)")
    assert len(asked) >= 8
    assert all(url.startswith(server.url + "/") for url in asked)


@contextmanager
def elsewhere() -> Iterator[str]:
    """A page on another port of this machine, which is another origin."""

    class Handler(http.server.BaseHTTPRequestHandler):
        # Chromium may also open a connection on which it asks nothing.
        timeout = 0.5

        def do_GET(self) -> None:
            body = b"<!DOCTYPE html><title>elsewhere</title>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as other:
        thread = threading.Thread(
            target=other.serve_forever, kwargs={"poll_interval": 0.01}
        )
        thread.start()
        try:
            yield f"http://127.0.0.1:{other.server_address[1]}/"
        finally:
            other.shutdown()
            thread.join()


def test_page_of_another_origin_cannot_act_or_read(
    chromium: Browser, server: Server, api: Api
) -> None:
    api.create_session()
    with elsewhere() as url:
        chromium.go(url)
        outcomes = chromium.ask(
            "POST",
            "/execute/async",
            {
                "script": "const [base, done] = arguments;"
                "const quiet = {method: 'POST', mode: 'no-cors', body: '{}'};"
                "Promise.allSettled(["
                "  fetch(base + '/_emulator/reset', quiet),"
                "  fetch(base + '/_emulator/state'),"
                "]).then(all => done(all.map(one => one.status)));",
                "args": [server.url],
            },
        )
        chromium.go("about:blank")
        chromium.complaints()
    # The first was sent, and refused; the second was answered, and kept from the page.
    assert outcomes == ["fulfilled", "rejected"]
    assert len(sessions(api)) == 1
