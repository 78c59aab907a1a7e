"""Tokens in the form of each SDK, with their claims.

They are made with the standard library alone (and ``cryptography`` for RSA). Each has the
order of fields, the encoding, the nonce and the claims of one SDK. Most SDKs have two: one
with all claims, and one with as few as the SDK allows.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from tests.support.applications import APPLICATION, key_pair
from tests.support.applications import SESSION as APPLICATION_SESSION
from tests.support.batches import KEY, SECRET, SESSION
from tokbox import Token

CREATED, EXPIRES = 1_700_000_100, 1_700_086_500
DATA = "name=Zoë & Co, a~b*c"
CLASSES = "focus small"
UUID = "7c0f5b1e-2d3a-4f6b-9c8d-0e1f2a3b4c5d"
#: As .NET makes them: 64 random bytes, with all that base64 has.
BASE64_ID = base64.b64encode(bytes(range(192, 256))).decode()
ACL = {"paths": {"/session/**": {}}}


@dataclass(frozen=True)
class Dialect:
    """One token of one SDK."""

    name: str
    token: str
    says: Token
    #: The traps that it holds: their numbers in docs/traps.md.
    traps: tuple[int, ...] = ()


### T1 ###


def form(text: str, safe: str = "") -> str:
    """*text* as Python's ``urlencode`` writes it, which leaves ``_ . - ~`` alone."""
    return quote_plus(text, safe)


def node_form(text: str) -> str:
    """``querystring.stringify``: %20 for a space."""
    return quote(text, "-_.!~*'()")


def php_form(text: str) -> str:
    """``urlencode``."""
    return form(text).replace("~", "%7E")


def java_form(text: str) -> str:
    """``URLEncoder``."""
    return form(text, "*").replace("~", "%7E")


def net_form(text: str) -> str:
    """``HttpUtility.UrlEncode``: lower hex."""
    text = form(text, "!*()").replace("~", "%7E")
    return re.sub("%[0-9A-F]{2}", lambda hexadecimal: hexadecimal[0].lower(), text)


def sign_t1(data: str, *, for_urls: bool = False) -> str:
    """The T1 token with the fields *data*; the Java SDK uses the URL-safe alphabet."""
    signature = hmac.new(SECRET.encode(), data.encode(), hashlib.sha1).hexdigest()
    raw = f"partner_id={KEY}&sig={signature}:{data}".encode()
    return (
        "T1=="
        + (base64.urlsafe_b64encode(raw) if for_urls else base64.b64encode(raw)).decode()
    )


def t1(
    name: str,
    data: str,
    nonce: str,
    *traps: int,
    for_urls: bool = False,
    **says: Any,
) -> Dialect:
    """Return a T1 dialect with all claims; *says* changes expected ones."""
    full: dict[str, Any] = {
        "kind": "t1",
        "algorithm": "HMAC-SHA1",
        "project_id": KEY,
        "session_id": SESSION,
        "create_time": CREATED,
        "expire_time": EXPIRES,
        "role": "publisher",
        "nonce": nonce,
        "connection_data": DATA,
        "initial_layout_class_list": tuple(CLASSES.split()),
    }
    token = sign_t1(data.replace("NONCE", nonce), for_urls=for_urls)
    return Dialect(name, token, Token(**{**full, **says}), traps)


NOTHING: dict[str, Any] = {"connection_data": "", "initial_layout_class_list": ()}
NO_CLASSES: dict[str, Any] = {"initial_layout_class_list": ()}
ENDLESS: dict[str, Any] = {"expire_time": None, **NOTHING}
SCOPE: dict[str, Any] = {"scope": "session.connect"}

_PYTHON = f"session_id={SESSION}&create_time={CREATED}&expire_time={EXPIRES}&role=publisher&nonce=NONCE&initial_layout_class_list="
_NODE = f"session_id={SESSION}&create_time={CREATED}&nonce=NONCE&role=publisher&expire_time={EXPIRES}"
_JAVA = f"create_time={CREATED}&expire_time={EXPIRES}&session_id={SESSION}&nonce=NONCE&role=publisher&scope=session.connect"
_RUBY = f"role=publisher&session_id={SESSION}&create_time={CREATED}&nonce=NONCE"
_PHP = f"session_id={SESSION}&create_time={CREATED}&role=publisher&nonce=NONCE"
_NET = f"session_id={SESSION}&create_time={CREATED}&nonce=NONCE&role=publisher"
_GO = f"session_id={SESSION}&create_time={CREATED}"
#: Raw, these have both characters of base64 that differ in the alphabet of URLs.
_BOTH = "focus~~~ small????"

T1_DIALECTS = [
    t1("Python", f"{_PYTHON}focus+small&connection_data={form(DATA)}", "123456", 8, 9),
    t1("Python, bare", _PYTHON, "0", 8, **NOTHING),
    t1("Node",
        f"{_NODE}&connection_data={node_form(DATA)}&initial_layout_class_list=focus%20small&scope=session.connect",
        "0.4731928374650192", 9, **SCOPE),
    t1("Node, bare",
        f"{_NODE}&initial_layout_class_list=&scope=session.connect",
        "1.2e-7", 9, **NOTHING, **SCOPE),
    t1("Java",
        f"{_JAVA}&initial_layout_class_list={_BOTH}&connection_data={java_form(DATA)}",
        "-2147483648", 9, 10, 11, for_urls=True, initial_layout_class_list=tuple(_BOTH.split()), **SCOPE),
    t1("Java, bare", _JAVA, "2147483647", 10, for_urls=True, **NOTHING, **SCOPE),
    t1("Ruby",
        f"{_RUBY}&expire_time={EXPIRES}&connection_data={form(DATA)}&initial_layout_class_list=focus+small",
        "0.9184752038475601", 9),
    t1("Ruby, bare", _RUBY, "0.5", 9, 12, 15, **ENDLESS),
    t1("Ruby, lines",
        f"{_RUBY}&expire_time={EXPIRES}&connection_data=a%0D%0Ab",
        "0.5", connection_data="a\r\nb", **NO_CLASSES),
    t1("PHP",
        f"{_PHP}&expire_time={EXPIRES}&connection_data={php_form(DATA)}&initial_layout_class_list=focus+small",
        "1700000000.12341876543210", 9),
    t1("PHP, bare",
        f"{_PHP}&initial_layout_class_list=",
        "17000000001876543210", 9, 12, 15, **ENDLESS),
    t1(".NET",
        f"{_NET}&initial_layout_class_list={CLASSES}&expire_time={EXPIRES}&connection_data={net_form(DATA)}",
        "999998", 8, 11),
    t1(".NET, bare", _NET, "0", 8, 12, **ENDLESS),
    t1("Go",
        f"{_GO}&expire_time={EXPIRES}&role=publisher&connection_data={form(DATA)}&nonce=NONCE",
        "498081", 8, **NO_CLASSES),
    t1("Go, bare", f"{_GO}&nonce=NONCE", "498081", 8, 12, **ENDLESS),
    t1("Go calvertyang",
        f"connection_data={form(DATA)}&create_time={CREATED}&expire_time={EXPIRES}&initial_layout_class_list=focus%2Csmall&nonce=NONCE&role=publisher&session_id={SESSION}",
        "4294967295", 13),
    t1("Go calvertyang, bare",
        f"connection_data=&create_time={CREATED}&expire_time={EXPIRES}&initial_layout_class_list=&nonce=NONCE&role=publisher&session_id={SESSION}",
        "0.21534", 13, **NOTHING),
    t1("opentok-token",
        f"connection_data={node_form('a:b:c')}&session_id={SESSION}&create_time={CREATED}&expire_time={EXPIRES}&nonce=NONCE&role=publisher",
        "1700000100123.7", connection_data="a:b:c", **NO_CLASSES),
    # No SDK writes an unencoded colon, but readers must accept it.
    t1("a raw colon",
        f"{_GO}&expire_time={EXPIRES}&connection_data=a:b:c&nonce=NONCE",
        "1", 14, connection_data="a:b:c", **NO_CLASSES),
]  # fmt: skip


### JWTs ###


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unsigned(claims: dict[str, Any], head: dict[str, Any]) -> str:
    """The input of a signature, as most JSON libraries write it."""
    texts = (json.dumps(said, separators=(",", ":")) for said in (head, claims))
    return ".".join(_part(text.encode()) for text in texts)


def sign_hs256(claims: dict[str, Any], secret: str | bytes = SECRET, **head: Any) -> str:
    """The JWT with *claims*, and with *head* added to its header."""
    message = unsigned(claims, {"typ": "JWT", "alg": "HS256", **head})
    key = secret.encode() if isinstance(secret, str) else secret
    mac = hmac.new(key, message.encode(), hashlib.sha256).digest()
    return f"{message}.{_part(mac)}"


def sign_rs256(claims: dict[str, Any], **head: Any) -> str:
    """The same, by an application's private key."""
    message = unsigned(claims, {"typ": "JWT", "alg": "RS256", **head})
    return f"{message}.{_part(key_pair().sign(message.encode(), PKCS1v15(), SHA256()))}"


#: The claims of all OpenTok SDKs.
OPENTOK: dict[str, Any] = {
    "iss": KEY,
    "ist": "project",
    "iat": CREATED,
    "session_id": SESSION,
    "scope": "session.connect",
    "role": "publisher",
}
#: The claims of all Vonage SDKs.
VONAGE: dict[str, Any] = {
    "application_id": APPLICATION,
    "iat": CREATED,
    "session_id": APPLICATION_SESSION,
    "scope": "session.connect",
}


def opentok(
    name: str, nonce: str, claims: dict[str, Any], *traps: int, **says: Any
) -> Dialect:
    """A token with *claims* and the claims that all have."""
    full: dict[str, Any] = {
        "kind": "jwt",
        "algorithm": "HS256",
        "project_id": KEY,
        "session_id": SESSION,
        "create_time": CREATED,
        "expire_time": EXPIRES,
        "role": "publisher",
        "nonce": nonce,
        "connection_data": DATA,
        "initial_layout_class_list": tuple(CLASSES.split()),
        "unknown": {"ist": "project"},
        **SCOPE,
    }
    token = sign_hs256({**OPENTOK, **claims})
    return Dialect(f"{name}, HS256", token, Token(**{**full, **says}), traps)


_GIVEN = {"connection_data": DATA, "initial_layout_class_list": CLASSES}
_BOTH_ENDS = {"create_time": CREATED, "expire_time": EXPIRES}

OPENTOK_DIALECTS = [
    opentok("Python", "123456", {"exp": EXPIRES, "nonce": 123456, **_GIVEN}, 8),
    opentok("Python, bare", "0", {"exp": EXPIRES, "nonce": 0}, 8, **NOTHING),
    opentok(
        "Node",
        "0.4731928374650192",
        {"exp": EXPIRES, "nonce": 0.4731928374650192, **_BOTH_ENDS, **_GIVEN},
        9,
    ),
    opentok(
        "Node, bare",
        "0.25",
        {"exp": EXPIRES, "nonce": 0.25, **_BOTH_ENDS, "initial_layout_class_list": ""},
        9,
        **NOTHING,
    ),
    opentok("Java", "j", {"exp": EXPIRES, "jti": "j", "nonce": -2147483648, **_GIVEN}, 9),
    opentok("Java, bare", "j", {"exp": EXPIRES, "jti": "j", "nonce": 7}, **NOTHING),
    opentok("Ruby", "0.9184752038475601", {"exp": EXPIRES, "nonce": 0.9184752038475601, **_GIVEN}, 9),
    opentok("Ruby, bare", "0.5", {"nonce": 0.5}, 9, 15, **ENDLESS),
    opentok(
        "PHP",
        "1876543210",
        {"exp": EXPIRES, "nonce": 1876543210, **_GIVEN, "initial_layout_class_list": "focus+small"},
        17,
    ),
    opentok(
        "PHP, bare",
        "17000000001876543210",
        {"nonce": 17000000001876543210, "data": None, "expireTime": None, "initial_layout_class_list": ""},
        9,
        15,
        16,
        unknown={"ist": "project", "expireTime": None},
        **ENDLESS,
    ),
    opentok(
        ".NET",
        BASE64_ID,
        {"exp": CREATED + 300, "jti": BASE64_ID, "nonce": 5, "connection_data": DATA, "initial_layout_list": CLASSES},
        18,
        expire_time=CREATED + 300,
    ),
    opentok(
        ".NET, bare",
        BASE64_ID,
        {"exp": CREATED + 300, "jti": BASE64_ID, "nonce": 5, "connection_data": None},
        16,
        expire_time=CREATED + 300,
        **NOTHING,
    ),
]  # fmt: skip


def vonage(name: str, claims: dict[str, Any], *traps: int, **says: Any) -> Dialect:
    """A token with *claims* and the claims that all have."""
    full: dict[str, Any] = {
        "kind": "jwt",
        "algorithm": "RS256",
        "project_id": APPLICATION,
        "session_id": APPLICATION_SESSION,
        "create_time": CREATED,
        "expire_time": EXPIRES,
        "role": "publisher",
        "nonce": UUID,
        "connection_data": DATA,
        "initial_layout_class_list": tuple(CLASSES.split()),
        "unknown": {},
        **SCOPE,
    }
    token = sign_rs256({**VONAGE, "jti": UUID, **claims})
    return Dialect(f"{name}, RS256", token, Token(**{**full, **says}), traps)


_PUBLISHER = {"exp": EXPIRES, "role": "publisher"}
_SUB = {"sub": "video", "acl": ACL}
_SUBJECT = {"subject": "video", "acl": ACL}

VONAGE_DIALECTS = [
    vonage("opentok-Python", {**_PUBLISHER, **_SUBJECT, **_GIVEN}, 20, unknown=_SUBJECT),
    vonage("opentok-Python, bare", {**_PUBLISHER, **_SUBJECT}, 20, unknown=_SUBJECT, **NOTHING),
    vonage("opentok-Node", {**_PUBLISHER, **_SUB, **_GIVEN}, unknown=_SUB),
    vonage(
        "opentok-Node, bare",
        {**_PUBLISHER, **_SUB, "initial_layout_class_list": ""},
        unknown=_SUB,
        **NOTHING,
    ),
    vonage("opentok-Java", {**_PUBLISHER, "nonce": -5, **_GIVEN}, 9),
    vonage("opentok-Java, bare", {**_PUBLISHER, "nonce": 5}, **NOTHING),
    vonage("opentok-.NET", {"role": "publisher"}, 15, 23, **ENDLESS),
    vonage(
        "vonage-python",
        {**_PUBLISHER, **_SUBJECT, **_GIVEN, "initial_layout_class_list": CLASSES.split()},
        19,
        20,
        unknown=_SUBJECT,
    ),
    vonage(
        "vonage-python, bare",
        {**_PUBLISHER, "exp": CREATED + 900, **_SUBJECT},
        20,
        24,
        unknown=_SUBJECT,
        expire_time=CREATED + 900,
        **NOTHING,
    ),
    vonage("@vonage/video", {**_PUBLISHER, **_SUB, **_GIVEN}, unknown=_SUB),
    vonage(
        "@vonage/video, bare",
        {**_PUBLISHER, **_SUB, "initial_layout_class_list": ""},
        unknown=_SUB,
        **NOTHING,
    ),
    vonage("vonage-java", {**_PUBLISHER, **_GIVEN}),
    vonage("vonage-java, bare", _PUBLISHER, **NOTHING),
    vonage(
        "vonage-ruby",
        {**_PUBLISHER, **_SUB, "data": DATA, "initial_layout_class_list": CLASSES},
        21,
        unknown=_SUB,
    ),
    vonage(
        "vonage-ruby, bare",
        {**_PUBLISHER, **_SUB, "exp": CREATED + 900, "initial_layout_class_list": ""},
        unknown=_SUB,
        expire_time=CREATED + 900,
        **NOTHING,
    ),
    vonage("vonage-php", {**_PUBLISHER, **_SUB, **_GIVEN}, unknown=_SUB),
    vonage(
        "vonage-php, bare",
        {**_SUB, "exp": CREATED + 900},
        12,
        unknown=_SUB,
        expire_time=CREATED + 900,
        **NOTHING,
    ),
    vonage("Vonage .NET", {"role": "publisher", "jti": BASE64_ID, **_GIVEN}, 15, nonce=BASE64_ID, expire_time=None),
    vonage("Vonage .NET, bare", {"role": "publisher", "jti": BASE64_ID}, 15, nonce=BASE64_ID, **ENDLESS),
]  # fmt: skip

#: All dialects that are verified with an API secret, and all that need an application's
#: key.
PROJECT_DIALECTS = [*T1_DIALECTS, *OPENTOK_DIALECTS]
DIALECTS = [*PROJECT_DIALECTS, *VONAGE_DIALECTS]
