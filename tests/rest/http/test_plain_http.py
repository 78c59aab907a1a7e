"""Plain HTTP: refused to the service, warned of once elsewhere, silent on this machine."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import urllib3

from tests.rest.test_sessions import SESSION, answers
from tests.support.applications import APPLICATION, private_pem
from tests.support.rest import KEY, SECRET, Script
from tokbox import Account, AsyncTokbox, InsecureTransportWarning, InvalidInputError, Tokbox
from tokbox.rest.aio import AsyncAccount
from tokbox.rest.http import plain_http

ELSEWHERE = "http://emulator.test:8080"


@pytest.fixture(autouse=True)
def _warned_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_http, "_warned", {})
    monkeypatch.delenv("TOKBOX_ALLOW_HTTP", raising=False)


def from_env(kind: type[Any], variable: str = "TOKBOX_API_URL") -> Callable[..., Any]:
    def make(url: str, **options: Any) -> Any:
        environment = {"TOKBOX_API_KEY": KEY, "TOKBOX_SECRET": SECRET, variable: url}
        return kind.from_env(environment, **options)

    return make


def key_of(kind: type[Any]) -> Callable[..., Any]:
    return lambda url, **options: kind.from_private_key(
        APPLICATION, private_pem(), url, **options
    )


MAKERS: dict[str, Callable[..., Any]] = {
    "Tokbox": lambda url, **options: Tokbox(KEY, SECRET, url, **options),
    "Account": lambda url, **options: Account(KEY, SECRET, url, **options),
    "AsyncTokbox": lambda url, **options: AsyncTokbox(KEY, SECRET, url, **options),
    "AsyncAccount": lambda url, **options: AsyncAccount(KEY, SECRET, url, **options),
    "from_private_key": key_of(Tokbox),
    "AsyncTokbox.from_private_key": key_of(AsyncTokbox),
    "from_env": from_env(Tokbox),
    "OPENTOK_API_URL": from_env(Tokbox, "OPENTOK_API_URL"),
    "AsyncTokbox.from_env": from_env(AsyncTokbox),
    "own pool": lambda url, **options: Tokbox(
        KEY, SECRET, url, http=urllib3.PoolManager(), **options
    ),
    "own transport": lambda url, **options: Tokbox(
        KEY, SECRET, url, transport=Script(answers({})), **options
    ),
    "proxy": lambda url, **options: Tokbox(
        KEY, SECRET, url, proxy="https://proxy.test", **options
    ),
}
makers = pytest.mark.parametrize("make", list(MAKERS.values()), ids=list(MAKERS))


@makers
@pytest.mark.parametrize("options", [{}, {"allow_http": True}], ids=["", "allowed"])
def test_plain_http_to_the_service_is_refused_by_every_client(
    make: Callable[..., Any], options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInputError, match="use https://") as caught:
        make("http://api.opentok.com", **options)
    assert caught.value.field == "api_url"
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.opentok.com",
        "http://video.api.vonage.com",
        "HTTP://API.OpenTok.com",
        "http://api.opentok.com.",
        "http://api.opentok.com:443",
        "http://api.opentok.com/v2",
        "http://opentok.com",
        "http://api-us.vonage.com",
        "http://api.nexmo.com",
        "http://hlg.tokbox.com",
        "http://a.b.opentok.com",
    ],
)
def test_plain_http_to_any_host_of_the_service_is_refused(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKBOX_ALLOW_HTTP", "1")
    with pytest.raises(InvalidInputError, match="unencrypted"):
        Tokbox(KEY, SECRET, url)


@pytest.mark.parametrize(
    "url",
    [
        "http://me@api.opentok.com",
        "http://a.test@api.opentok.com",
        "http://api%2eopentok.com",
        "http://api.opentok.com\\.a.test",
        "http://\uff41pi.opentok.com",
        "http://api\u3002opentok.com",
        "http://api\u00ad.opentok.com",
        "http://api.opentok.com\t",
        "http://\x00api.opentok.com",
    ],
)
def test_a_disguised_host_is_refused(url: str) -> None:
    with pytest.raises(InvalidInputError, match="api_url"):
        Tokbox(KEY, SECRET, url, allow_http=True)


@makers
def test_plain_http_elsewhere_is_warned_of_at_the_line_of_the_caller(
    make: Callable[..., Any],
) -> None:
    with pytest.warns(
        InsecureTransportWarning, match=r"emulator\.test.*allow_http"
    ) as seen:
        make(ELSEWHERE)
    (warning,) = seen
    assert warning.filename == __file__


def test_a_subclass_is_warned_of_where_it_calls() -> None:
    class Rooms(Tokbox):
        def __init__(self) -> None:
            super().__init__(KEY, SECRET, ELSEWHERE)

    line = Rooms.__init__.__code__.co_firstlineno + 1
    with pytest.warns(InsecureTransportWarning) as seen:
        Rooms()
    assert seen[0].lineno == line


def test_each_host_is_warned_of_once_in_a_process() -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for url in (ELSEWHERE, f"{ELSEWHERE}/x", "http://emulator.test", "http://b.test"):
            for _ in range(3):
                Tokbox(KEY, SECRET, url).close()
    assert len(seen) == 2


def test_many_threads_are_warned_once() -> None:
    start = threading.Barrier(8)

    def make() -> None:
        start.wait()
        Tokbox(KEY, SECRET, ELSEWHERE).close()

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        threads = [threading.Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(seen) == 1


def test_a_warning_that_is_an_error_is_one_every_time() -> None:
    for _ in range(2):
        with pytest.raises(InsecureTransportWarning):
            Tokbox(KEY, SECRET, ELSEWHERE)


# Warnings are errors in these tests: what is silent raises nothing.


@makers
def test_allow_http_silences_the_warning(make: Callable[..., Any]) -> None:
    make(ELSEWHERE, allow_http=True)


@pytest.mark.parametrize("word", ["1", "true", "YES", " 1 "])
@makers
def test_the_environment_silences_the_warning(
    make: Callable[..., Any], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKBOX_ALLOW_HTTP", word)
    make(ELSEWHERE)


def test_the_environment_that_a_client_is_made_of_silences_the_warning() -> None:
    environment = {
        "TOKBOX_API_KEY": KEY,
        "TOKBOX_SECRET": SECRET,
        "TOKBOX_API_URL": ELSEWHERE,
        "TOKBOX_ALLOW_HTTP": "1",
    }
    assert "TOKBOX_ALLOW_HTTP" not in os.environ
    Tokbox.from_env(environment).close()
    with pytest.warns(InsecureTransportWarning):
        Tokbox.from_env(environment, allow_http=False).close()


@pytest.mark.parametrize("word", ["0", "false", "No", ""])
def test_the_environment_can_leave_the_warning_on(
    word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKBOX_ALLOW_HTTP", word)
    with pytest.warns(InsecureTransportWarning):
        Tokbox(KEY, SECRET, ELSEWHERE)


def test_the_option_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKBOX_ALLOW_HTTP", "1")
    with pytest.warns(InsecureTransportWarning):
        Tokbox(KEY, SECRET, ELSEWHERE, allow_http=False)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.opentok.com",
        "https://emulator.test",
        "http://127.0.0.1:1",
        "http://127.9.9.9",
        "http://[::1]:1",
        "http://[::ffff:127.0.0.1]",
        "http://localhost:1",
        "http://LOCALHOST.",
        "http://emulator.localhost",
    ],
)
def test_https_and_loopback_are_silent(url: str) -> None:
    with Tokbox(KEY, SECRET, url) as tb:
        tb.with_options(retries=0).close()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1.a.test", "http://127.evil.test", "http://10.0.0.1"]
)
def test_hosts_that_only_look_like_loopback_cause_a_warning(url: str) -> None:
    with pytest.warns(InsecureTransportWarning):
        Tokbox(KEY, SECRET, url)


@pytest.mark.parametrize("value", [1, 0, "1", "yes", []])
def test_allow_http_is_a_boolean(value: Any) -> None:
    with pytest.raises(InvalidInputError, match="allow_http must be True or False"):
        Tokbox(KEY, SECRET, allow_http=value)


def test_a_word_that_is_not_understood_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKBOX_ALLOW_HTTP", "maybe")
    with pytest.raises(InvalidInputError, match="TOKBOX_ALLOW_HTTP must be 1 or 0"):
        Tokbox(KEY, SECRET, ELSEWHERE)
    environment = {"TOKBOX_API_KEY": KEY, "TOKBOX_SECRET": SECRET}
    with pytest.raises(InvalidInputError, match="TOKBOX_ALLOW_HTTP must be 1 or 0"):
        Tokbox.from_env({**environment, "TOKBOX_ALLOW_HTTP": "maybe"})


def test_calls_are_not_warned_of_again() -> None:
    script = Script(answers([{"session_id": SESSION}]))
    with pytest.warns(InsecureTransportWarning) as seen:
        tb = Tokbox(KEY, SECRET, ELSEWHERE, transport=script)
    with tb:
        tb.new_session()
        tb.with_options(retries=0).new_session()
    assert len(seen) == 1
