"""Which proxy is used, and who sees its credentials."""

from __future__ import annotations

import base64
import logging
import socket
from collections.abc import Callable

import pytest

from tests.rest.conftest import traceback_of
from tests.rest.faulty import FaultyServer, answer, drip, raw, reset
from tokbox import errors
from tokbox.rest import proxies
from tokbox.rest.requester import Requester

Connect = Callable[..., Requester]
PASSWORD = "canary-proxy-password"
SERVICE = "http://api.example.test"

_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUEST_METHOD")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def _nowhere(*args: object, **options: object) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def with_password(server: FaultyServer) -> str:
    return f"http://user:{PASSWORD}@127.0.0.1:{server.port}"


def test_an_explicit_proxy_gets_the_request_and_its_credentials(connect: Connect) -> None:
    with FaultyServer(answer(200, {})) as proxy:
        connect(SERVICE, proxy=proxies.parse(with_password(proxy))).request("GET", "/x")
        (request,) = proxy.requests
    assert request.target == f"{SERVICE}/x"
    basic = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
    assert request.headers["proxy-authorization"] == f"Basic {basic}"


def test_a_tunnel_is_asked_for_without_the_services_credentials(connect: Connect) -> None:
    with FaultyServer(raw(b"HTTP/1.1 407 Authenticate\r\n\r\n")) as proxy:
        service = connect("https://api.example.test", proxy=proxies.parse(proxy.url))
        with pytest.raises(errors.ConnectFailed, match="407"):
            service.request_json("POST", "/x", json={})
        (request,) = proxy.requests
    assert request.method == "CONNECT"
    assert request.target == "api.example.test:443"
    assert "x-opentok-auth" not in request.headers


def test_a_proxy_that_wants_credentials_is_told_by_its_answer(connect: Connect) -> None:
    with FaultyServer(answer(407, b"", {"Proxy-Authenticate": "Basic"})) as proxy:
        service = connect(SERVICE, proxy=proxies.parse(proxy.url), retries=2)
        with pytest.raises(errors.APIError) as caught:
            service.request("GET", "/x")
        assert (caught.value.status, len(proxy.requests)) == (407, 1)


def test_a_tunnel_that_stalls_keeps_to_the_deadline(connect: Connect) -> None:
    slow = drip(b"HTTP/1.1 200 OK\r\nX: ", b"x")
    with FaultyServer(slow) as proxy:
        service = connect("https://api.example.test", proxy=proxies.parse(proxy.url))
        with pytest.raises(errors.TimedOut, match=r"deadline of 0\.3 s"):
            service.request("POST", "/x", deadline=0.3)
        assert proxy.notes == []


def test_a_post_is_tried_again_if_the_tunnel_breaks(connect: Connect) -> None:
    with FaultyServer(reset()) as proxy:
        service = connect(
            "https://api.example.test", proxy=proxies.parse(proxy.url), retries=2
        )
        with pytest.raises(errors.ConnectFailed) as caught:
            service.request_json("POST", "/x", json={})
        assert caught.value.attempts == len(proxy.requests) == 3


def test_the_environments_proxy_is_used(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultyServer(answer(200, {})) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        connect(SERVICE, trust_env=True).request("GET", "/x")
        assert len(proxy.requests) == 1


def test_the_environments_proxy_can_be_ignored(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultyServer(answer(200, {})) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setattr(socket, "getaddrinfo", _nowhere)
        with pytest.raises(errors.ConnectFailed, match="host is not known"):
            connect(SERVICE, trust_env=False).request("GET", "/x")
        assert proxy.connections == 0


@pytest.mark.parametrize(
    ("variables", "url", "expected"),
    [
        ({"https_proxy": "http://p:1"}, "https://a.test", "http://p:1"),
        ({"https_proxy": "p:1"}, "https://a.test", "http://p:1"),
        ({"https_proxy": "https://p"}, "https://a.test", "https://p:443"),
        ({"HTTPS_PROXY": "http://p:1"}, "https://a.test", "http://p:1"),
        ({"all_proxy": "http://p:1"}, "https://a.test", "http://p:1"),
        ({"https_proxy": "http://p:1"}, "http://a.test", None),
        ({"https_proxy": "http://p:1", "no_proxy": "a.test"}, "https://a.test", None),
        ({"https_proxy": "http://p:1", "no_proxy": ".test"}, "https://a.test", None),
        ({"https_proxy": "http://p:1", "no_proxy": "*"}, "https://a.test", None),
        ({"https_proxy": "http://p:1", "no_proxy": "a.test:443"}, "https://a.test", None),
        (
            {"https_proxy": "http://p:1", "no_proxy": "a.test:8443"},
            "https://a.test",
            "http://p:1",
        ),
        (
            {"https_proxy": "http://p:1", "no_proxy": "other.test"},
            "https://a.test",
            "http://p:1",
        ),
        ({"http_proxy": "http://p:1"}, "http://127.0.0.1:8080", None),
        ({"http_proxy": "http://p:1"}, "http://localhost:8080", None),
        ({"http_proxy": "http://p:1"}, "http://[::1]:8080", None),
        ({}, "https://a.test", None),
    ],
)
def test_the_environment_is_read_as_other_programs_do(
    variables: dict[str, str],
    url: str,
    expected: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = proxies.from_environment(url)
    assert (found.url if found else None) == expected


@pytest.mark.parametrize(
    "text", ["", "ftp://p:1", "socks5://p:1", "http://", "http://p:x", 5]
)
def test_a_bad_proxy_is_refused_without_being_shown(text: object) -> None:
    with pytest.raises(errors.InvalidInput, match="proxy must be") as caught:
        proxies.parse(text)
    assert caught.value.value is None


def test_an_ipv6_address_keeps_its_brackets() -> None:
    assert proxies.parse("http://[::1]:3128").url == "http://[::1]:3128"


def test_credentials_are_unquoted() -> None:
    proxy = proxies.parse("http://a%40b:c%3Ad@p:1")
    assert proxy.credentials == "a@b:c:d"
    assert proxy.url == "http://p:1"


def test_the_password_is_nowhere_to_be_seen(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with FaultyServer(raw(b"HTTP/1.1 407 No\r\n\r\n")) as server:
        proxy = proxies.parse(with_password(server))
        with pytest.raises(errors.ConnectFailed) as caught:
            connect("https://api.example.test", proxy=proxy).request("GET", "/x")
    shown = traceback_of(caught.value)
    basic = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
    for text in (repr(proxy), shown, caplog.text):
        assert PASSWORD not in text
        assert basic not in text
