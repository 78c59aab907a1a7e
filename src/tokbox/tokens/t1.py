"""The T1 token format.

::

    T1==BASE64( partner_id=KEY&sig=SIG:DATA )

SIG is the hexadecimal HMAC-SHA1 of DATA under the API secret. DATA is a form of
``name=value`` pairs in any order (each official SDK has its own), because the service
verifies the signature of the received text. tokbox uses the order of the seed: claims
shared by a batch first, the nonce last.
"""

from __future__ import annotations

from tokbox._fastsign import CLAIMS, decode_base64, quote_plus
from tokbox.enums import Role
from tokbox.errors import MalformedTokenError
from tokbox.tokens.claims import TEXTS
from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn

    from tokbox.tokens.token import Token

__all__ = [
    "NONCE_NAME",
    "PREFIX",
    "constant_part",
    "first_claims",
    "head",
    "read",
    "split",
]

PREFIX = "T1=="
#: The text between the other claims and the digits of the nonce.
NONCE_NAME = b"&nonce="
# Patterns are compiled when they are used.
_ALPHABET = "[A-Za-z0-9+/_=-]*"
_BASE64 = "[A-Za-z0-9+/_-]*={0,2}"
#: A token of which less than the whole prefix is left: ``partner_id`` follows, in base64.
_WITHOUT_PREFIX = "[T1=]{0,3}cGFydG5lcl9pZD"
_HEAD = b"partner_id=([^&]+)&sig=([0-9a-f]{40})"
#: The longest token there can be holds 2,000 characters of four bytes, each byte as
#: three characters, in base64: anything far beyond is not one.
_MAX_CHARACTERS = 65_536
_MAX_FIELDS = 64


def head(api_key: str) -> bytes:
    """Return the text before the signature."""
    return b"partner_id=" + api_key.encode() + b"&sig="


def constant_part(api_key: str, create_time: int, claims: Mapping[str, Any]) -> bytes:
    """Return the claims shared by all rows of a batch, as the core expects them.

    *claims* must be valid; missing claims are columns. The API key is part of `head`.
    """
    pairs = [f"create_time={create_time}"]
    for argument, type_, name, _ in CLAIMS:
        value = claims.get(argument)
        if not value:
            continue
        if type_ == "ID":  # before the time, as in `first_claims`
            pairs.insert(0, f"{name}={value}")
        elif type_ == "SECONDS":
            pairs.append(f"{name}={create_time + value}")
        else:
            pairs.append(f"{name}={quote_plus(value).decode()}")
    return "&".join(pairs).encode()


def first_claims(api_key: str, session_id: str) -> bytes:
    """The claims that every token has, up to the time when it is made."""
    return f"session_id={session_id}&create_time=".encode()


def _refuse(problem: str, reason: str = "malformed") -> NoReturn:
    # The message must not quote the token, because a token is a credential.
    raise MalformedTokenError(f"not a T1 token: {problem}", reason)


def split(token: object) -> tuple[bytes, bytes, bytes]:
    """Split a token into API key, signature (20 bytes) and DATA as it was signed.

    Raises MalformedTokenError.
    """
    import re

    if not isinstance(token, str):
        _refuse(f"it must be a string, not {type(token).__name__}")
    if not token.startswith(PREFIX):
        if re.match(_WITHOUT_PREFIX, token):
            _refuse(f"the {PREFIX} at its beginning was lost", "prefix")
        _refuse(f"it must begin with {PREFIX}")
    text = token[len(PREFIX) :]
    if len(text) > _MAX_CHARACTERS:
        _refuse(f"it must have at most {_MAX_CHARACTERS} characters")
    if not re.fullmatch(_ALPHABET, text):
        _refuse("there are characters in it that base64 does not have", "alphabet")
    if not text or len(text) % 4:
        _refuse("it was cut off: its base64 does not end where it should", "truncated")
    if not re.fullmatch(_BASE64, text):
        _refuse("its base64 is damaged")
    # The Java SDK writes the alphabet of URLs, with padding.
    if ("-" in text or "_" in text) and ("+" in text or "/" in text):
        _refuse("it mixes the two alphabets of base64", "alphabet")
    raw = decode_base64(text.rstrip("="))
    if raw is None:
        _refuse("its base64 ends with unused bits that are not 0", "encoding")
    before, colon, data = raw.partition(b":")
    if not colon:
        _refuse("it was cut off, or holds no signature", "truncated")
    found = re.fullmatch(_HEAD, before)
    if found is None:
        _refuse_head(before)
    return found[1], bytes.fromhex(found[2].decode()), data


def parts(token: str) -> tuple[bytes, bytes]:
    """Return the API key and DATA of a token that `split` is known to accept."""
    raw = decode_base64(token[len(PREFIX) :].rstrip("=")) or b""
    before, _, data = raw.partition(b":")
    return before[len("partner_id=") : before.index(b"&")], data


def _refuse_head(before: bytes) -> NoReturn:
    """Refuse the fields before the colon, which the signature does not cover."""
    names = [pair.partition(b"=")[0] for pair in before.split(b"&")]
    for name in (b"partner_id", b"sig"):
        if names.count(name) > 1:
            _refuse(f"it holds {name.decode()} twice before the colon", "duplicate")
    _refuse(
        "it must begin with partner_id=, the API key, &sig= and 40 hexadecimal digits in "
        "lower case"
    )


def _fields(data: bytes) -> dict[str, str]:
    """Parse DATA of any official SDK.

    Both ``+`` and ``%20`` are spaces, and hex digits can be in either case. Characters that
    the Java and .NET SDKs do not encode are accepted unencoded.
    """
    if data.count(b"&") >= _MAX_FIELDS:
        _refuse(f"it has more than {_MAX_FIELDS} fields")
    if b"%" in data:
        # Other parsers decode names, too: ``r%6fle`` is a second ``role`` to them.
        pairs = [[*map(_decode, pair.partition(b"="))] for pair in data.split(b"&")]
    else:
        pairs = [[*pair.partition("=")] for pair in _decode(data).split("&")]
    fields: dict[str, str] = {}
    for key, equals, text in pairs:
        if not equals or not key:
            _refuse("its fields must be name=value")
        if key in fields:
            _refuse(f"it holds {key!a:.60} twice", "duplicate")
        fields[key] = text
    return fields


def _decode(part: bytes) -> str:
    try:
        if b"+" in part:
            part = part.replace(b"+", b" ")
        if b"%" in part:
            from urllib.parse import unquote_to_bytes

            part = unquote_to_bytes(part)
        return part.decode()
    except UnicodeDecodeError:
        _refuse("its fields are not UTF-8")


def _seconds(fields: dict[str, str], name: str) -> int | None:
    text = fields.pop(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 12:
        _refuse(f"its {name} is not a whole number of seconds")
    return int(text)


def read(api_key: bytes, data: bytes) -> Token:
    """Parse the API key and DATA that `split` returns. Raises MalformedTokenError."""
    from tokbox.readonly import ReadOnlyDict
    from tokbox.tokens.token import make_token

    fields = _fields(data)
    raw = ReadOnlyDict(fields)
    session_id = fields.pop("session_id", "")
    create_time = _seconds(fields, "create_time")
    if not session_id:
        _refuse("it names no session")
    if create_time is None:
        _refuse("it does not say when it was made")
    # A Go library joins class names by commas.
    classes = fields.pop("initial_layout_class_list", "").replace(",", " ")
    return make_token(
        kind="t1",
        algorithm="HMAC-SHA1",
        project_id=api_key.decode("ascii", "replace"),
        session_id=session_id,
        create_time=create_time,
        expire_time=_seconds(fields, "expire_time"),
        role=fields.pop("role", "") or Role.PUBLISHER.value,
        nonce=fields.pop("nonce", ""),
        **{argument: fields.pop(name, "") for argument, name, _ in TEXTS},
        initial_layout_class_list=tuple(classes.split()),
        scope=fields.pop("scope", None),
        not_before=None,
        unknown=fields,
        raw=raw,
    )
