"""How URLs and hosts are read: strictly, and as curl and Go read ``NO_PROXY``."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.rest.test_sessions import SESSION
from tests.support.rest import KEY, SECRET
from tokbox.transport import hosts


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://a.test", "a.test", 443),
        ("HTTP://A.Test:8080/x", "a.test", 8080),
        ("http://a.test:", "a.test", 80),
        ("http://[FD00::1]:5/", "fd00::1", 5),
        ("http://[fe80::1%25eth0]", "fe80::1%25eth0", 80),
        ("http://10.0.0.1?x", "10.0.0.1", 80),
        ("http://a_b.test.", "a_b.test.", 80),
    ],
)
def test_a_url_has_a_host_and_a_port(url: str, host: str, port: int) -> None:
    found = hosts.parse(url)
    assert found is not None
    assert (found.host, found.port) == (host, port)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.test",
        "//a.test",
        "http://",
        "http://:80",
        "http:///x",
        "http://a.test:port",
        "http://a.test:0",
        "http://a.test:65536",
        "http://a.test:" + "1" * 5000,
        "http://a%2etest",
        "http://a test",
        "http://a.test\n",
        "http://\uff41.test",
        "http://[::1",
        "http://::1",
        "http://[::1]x",
        "http://[::g]",
        "http://[:::]",
        "http://[10.0.0.1]",
        "http://u ser@a.test",
    ],
)
def test_a_url_without_a_valid_host_and_port_is_refused(url: str) -> None:
    assert hosts.parse(url) is None


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost.",
        "LOCALHOST",
        "a.b.localhost",
        "127.0.0.1",
        "127.255.0.9",
        "::1",
        "0:0:0:0:0:0:0:1",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
    ],
)
def test_loopback_addresses_are_this_machine(host: str) -> None:
    assert hosts.is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "127.evil.test",
        "127.0.0.1.evil.test",
        "notlocalhost",
        "localhost.evil.test",
        "127.1",
        "0x7f.0.0.1",
        "127.000.000.001",
        "2130706433",
        "0.0.0.0",
        "::",
        "::ffff:10.0.0.1",
        "::2",
        "10.0.0.1",
        "beef",
    ],
)
def test_other_hosts_are_not_this_machine(host: str) -> None:
    assert not hosts.is_loopback(host)


@pytest.mark.parametrize(
    ("entries", "url", "listed"),
    [
        ("", "https://a.test", False),
        ("*", "https://a.test", True),
        ("b.test,*", "https://a.test", True),
        ("*:443", "https://a.test", False),
        # A domain includes its subdomains, with or without a leading dot.
        ("a.test", "https://a.test", True),
        ("a.test", "https://x.a.test", True),
        ("a.test", "https://xa.test", False),
        (".a.test", "https://x.a.test", True),
        (".a.test", "https://a.test", True),
        ("A.Test.", "https://a.test", True),
        ("a.test", "https://A.test.", True),
        ("test", "https://a.test", True),
        # A star and a domain are its subdomains only.
        ("*.a.test", "https://x.a.test", True),
        ("*.a.test", "https://y.x.a.test", True),
        ("*.a.test", "https://a.test", False),
        ("*.a.test:443", "https://x.a.test", True),
        ("a.*.test", "https://a.b.test", False),
        # Entries are separated by commas, blanks or both.
        (" b.test , a.test ", "https://a.test", True),
        ("b.test a.test", "https://a.test", True),
        (",,b.test\ta.test,", "https://a.test", True),
        # A port restricts an entry.
        ("a.test:443", "https://a.test", True),
        ("a.test:443", "https://a.test:8443", False),
        ("a.test:80", "http://a.test", True),
        ("a.test:", "https://a.test", True),
        ("a.test:x", "https://a.test", False),
        # Addresses and ranges.
        ("10.0.0.1", "https://10.0.0.1", True),
        ("10.0.0.1", "https://10.0.0.11", False),
        ("10.0.0.1:8443", "https://10.0.0.1:8443", True),
        ("10.0.0.1:8443", "https://10.0.0.1", False),
        (".0.0.1", "https://10.0.0.1", False),
        ("10.0.0.0/8", "https://10.200.3.4", True),
        ("10.0.0.0/8", "https://11.0.0.1", False),
        ("10.1.2.3/8", "https://10.200.3.4", True),
        ("10.0.0.0/0", "https://203.0.113.7", True),
        ("10.0.0.0/33", "https://10.0.0.0", False),
        ("10.0.0.0/8", "https://10.0.0.0.evil.test", False),
        ("0.0.0.0/0", "https://[2001:db8::1]", False),
        ("::/0", "https://[2001:db8::1]", True),
        ("::/0", "https://10.0.0.1", False),
        ("10/8", "https://10.0.0.1", False),
        ("fe/8", "https://fe", False),
        ("10.0.0.0/8", "https://[::ffff:10.0.0.1]", True),
        ("::ffff:10.0.0.0/104", "https://10.0.0.1", True),
        ("[fd00::1]", "https://[fd00::1]", True),
        ("fd00::1", "https://[fd00::1]", True),
        ("FD00:0:0::1", "https://[fd00::1]", True),
        ("[fd00::1]:8443", "https://[fd00::1]:8443", True),
        ("[fd00::1]:8443", "https://[fd00::1]", False),
        ("[fd00::1]", "https://[fd00::2]", False),
        ("fd00::/8", "https://[fd12::9]", True),
        ("[fd00::]/8", "https://[fd12::9]", True),
        ("fd00::/8", "https://[fe80::9]", False),
        ("[fd00::1", "https://[fd00::1]", False),
        ("fe80::1", "https://[fe80::1%25eth0]", True),
        ("2001:db8::/200", "https://[2001:db8::1]", False),
        ("https://a.test", "https://a.test", False),
        (".", "https://a.test", False),
        pytest.param(":" * 20_000 + "]", "https://a.test", False, id="colons"),
    ],
)
def test_no_proxy_is_read_as_curl_and_go_read_it(
    entries: str, url: str, listed: bool
) -> None:
    origin = hosts.parse(url)
    assert origin is not None
    assert hosts.in_no_proxy(entries, origin.host, origin.port) is listed


def test_signing_does_not_read_addresses() -> None:
    program = f"""
import sys
from urllib.parse import urlsplit
known = "ipaddress" in sys.modules  # some versions of Python load it with urllib.parse
import tokbox
assert known or "ipaddress" not in sys.modules
tokbox.Tokbox("{KEY}", "{SECRET}").session("{SESSION}").token()
assert known or "ipaddress" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
