"""Which proxy is used, and who sees its credentials."""

from __future__ import annotations

import base64
import logging
import socket
from collections.abc import Callable

import pytest

from tests.support.faulty import FaultyServer, answer, drip, raw, reset
from tests.support.rest import KEY, SECRET, traceback_of
from tokbox import Tokbox, errors
from tokbox.rest.http.requester import Requester
from tokbox.transport import proxies

Connect = Callable[..., Requester]
PASSWORD = "canary-proxy-password"
SERVICE = "http://api.example.test"

CANARY = "canary0proxy0password"
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


def test_a_tunnel_is_requested_without_the_services_credentials(connect: Connect) -> None:
    with FaultyServer(raw(b"HTTP/1.1 407 Authenticate\r\n\r\n")) as proxy:
        service = connect("https://api.example.test", proxy=proxies.parse(proxy.url))
        with pytest.raises(errors.ConnectError, match="407"):
            service.request_json("POST", "/x", json={})
        (request,) = proxy.requests
    assert request.method == "CONNECT"
    assert request.target == "api.example.test:443"
    assert "x-opentok-auth" not in request.headers


def test_a_proxy_that_requires_credentials_is_reported(connect: Connect) -> None:
    with FaultyServer(answer(407, b"", {"Proxy-Authenticate": "Basic"})) as proxy:
        service = connect(SERVICE, proxy=proxies.parse(proxy.url), retries=2)
        with pytest.raises(errors.APIError) as caught:
            service.request("GET", "/x")
        assert (caught.value.status, len(proxy.requests)) == (407, 1)


def test_a_tunnel_that_stalls_keeps_to_the_timeout(connect: Connect) -> None:
    slow = drip(b"HTTP/1.1 200 OK\r\nX: ", b"x")
    with FaultyServer(slow) as proxy:
        service = connect("https://api.example.test", proxy=proxies.parse(proxy.url))
        with pytest.raises(errors.RequestTimeoutError, match=r"timeout of 0\.3 s"):
            service.request("POST", "/x", timeout=0.3)
        assert proxy.notes == []


def test_a_post_is_tried_again_if_the_tunnel_breaks(connect: Connect) -> None:
    with FaultyServer(reset()) as proxy:
        service = connect(
            "https://api.example.test", proxy=proxies.parse(proxy.url), retries=2
        )
        with pytest.raises(errors.ConnectError) as caught:
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
        with pytest.raises(errors.ConnectError, match="host name is unknown"):
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
        ({"http_proxy": "http://p:1"}, "http://a.localhost:8080", None),
        ({"http_proxy": "http://p:1"}, "http://[::ffff:127.0.0.1]", None),
        ({"http_proxy": "http://p:1"}, "http://127.evil.test", "http://p:1"),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "*.test"}, "https://a.test", None),
        ({"https_proxy": "http://p:1", "no_proxy": "10.0.0.0/8"}, "https://10.1.1.1", None),
        ({"https_proxy": "http://p:1", "no_proxy": "[fd00::1]"}, "https://[fd00::1]", None),
        # Lower case comes first, also if it is empty.
        (
            {"https_proxy": "http://p:1", "HTTPS_PROXY": "http://q:1"},
            "https://a.test",
            "http://p:1",
        ),
        (
            {"https_proxy": "http://p:1", "no_proxy": "b.test", "NO_PROXY": "a.test"},
            "https://a.test",
            "http://p:1",
        ),
        (
            {"https_proxy": "http://p:1", "no_proxy": "", "NO_PROXY": "a.test"},
            "https://a.test",
            "http://p:1",
        ),
        ({"https_proxy": "", "HTTPS_PROXY": "http://q:1"}, "https://a.test", None),
        (
            {"https_proxy": "http://p:1", "all_proxy": "http://q:1"},
            "https://a.test",
            "http://p:1",
        ),
        # A variable of a SOCKS proxy that is not needed does no harm.
        (
            {"https_proxy": "http://p:1", "all_proxy": "socks5://q"},
            "https://a.test",
            "http://p:1",
        ),
        ({"all_proxy": "socks5://q", "no_proxy": "a.test"}, "https://a.test", None),
        ({"all_proxy": "socks5://q"}, "http://127.0.0.1:1", None),
        # A CGI script must not believe this one: a client can set it by a header.
        ({"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, "http://a.test", None),
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
    ("bypassed", "expected"), [("a.test", None), ("b.test", "http://p:1")]
)
def test_settings_of_the_system_count_where_there_are_no_variables(
    bypassed: str, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"https": "http://p:1"}
    monkeypatch.setattr("urllib.request.getproxies", lambda: settings)
    monkeypatch.setattr("urllib.request.proxy_bypass", lambda host: host == bypassed)
    found = proxies.from_environment("https://a.test")
    assert (found.url if found else None) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        5,
        None,
        b"http://p:1",
        "http://",
        "http://p:x",
        "http://p:0",
        "http://p:65536",
        "http://[::1",
        "http://p p:1",
        "http://p\n:1",
        "http://p\u00e9:1",
        "://p:1",
        f"ftp://u:{CANARY}@p:1",
        f"direct://u:{CANARY}@p:1",
        f"{CANARY}://p:1",
        f"u:{CANARY}/x@p:1",
        f"http://u:{CANARY}#x@p:1",
        f"http://u:{CANARY}\udc80@p:1",
        f"http://u:{CANARY}@",
        f"http:/u:{CANARY}@p:1",
    ],
    ids=lambda text: "proxy",
)
def test_a_bad_proxy_is_refused_without_being_shown(text: object) -> None:
    with pytest.raises(
        errors.InvalidInputError, match="proxy must be the URL of"
    ) as caught:
        proxies.parse(text)
    assert caught.value.value is None
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://p/x",
        "http://p:1/proxy.pac",
        "p:1/x",
        "http://p?x",
        "http://p:1#x",
        "http:/p",
    ],
)
def test_a_proxy_with_a_path_is_refused(url: str) -> None:
    with pytest.raises(errors.InvalidInputError, match=r"proxy must be .* without a path"):
        proxies.parse(url)


@pytest.mark.parametrize("scheme", ["socks", "socks4", "socks4a", "socks5", "SOCKS5H"])
def test_a_socks_proxy_is_refused_with_what_to_do(scheme: str) -> None:
    url = f"{scheme}://user:{CANARY}@p:1080"
    with pytest.raises(errors.InvalidInputError, match="SOCKS is not supported") as caught:
        Tokbox(KEY, SECRET, proxy=url)
    assert "http://" in str(caught.value)
    assert "SOCKSProxyManager" in str(caught.value)
    assert (caught.value.value, CANARY in str(caught.value)) == (None, False)


@pytest.mark.parametrize(
    "variable", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
)
def test_a_socks_proxy_of_the_environment_is_named_by_its_variable(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, f"socks5h://user:{CANARY}@p:1080")
    with Tokbox(KEY, SECRET) as tb, pytest.raises(errors.InvalidInputError) as caught:
        tb.archives.list()
    assert str(caught.value).startswith(f"{variable} must be")
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("p", "http://p:80"),
        ("p:3128/", "http://p:3128"),
        (" HTTP://P:3128\n", "http://p:3128"),
        ("https://p", "https://p:443"),
        ("u:w@p:1", "http://p:1"),
        ("http://@p:1", "http://p:1"),
        ("DOMAIN\\u:w@p:1", "http://p:1"),
    ],
)
def test_a_proxy_is_read_as_people_write_it(text: str, url: str) -> None:
    assert proxies.parse(text).url == url


def test_a_proxy_without_a_user_gets_no_credentials() -> None:
    assert proxies.parse("http://@p:1").headers() == {}


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
        with pytest.raises(errors.ConnectError) as caught:
            connect("https://api.example.test", proxy=proxy).request("GET", "/x")
    shown = traceback_of(caught.value)
    basic = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
    for text in (repr(proxy), shown, caplog.text):
        assert PASSWORD not in text
        assert basic not in text
