"""The JWT form of a token: a JWS in compact form (RFC 7515), signed with HS256.

::

    BASE64URL(header) . BASE64URL(payload) . BASE64URL(HMAC-SHA256 of what comes before)

The claims are those that the OpenTok SDKs send; ours end with the ``jti``, since what
varies within a batch comes last.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from tokbox.enums import Role
from tokbox.errors import MalformedToken
from tokbox.tokens.claims import Token

__all__ = ["constant_part", "first_claims", "head", "read", "signed_part", "split"]

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_MOST_CHARACTERS = 65_536
_SCOPE = "session.connect"


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


_HEAD = (_encode(b'{"typ":"JWT","alg":"HS256"}') + ".").encode()


def head() -> bytes:
    """What stands before the payload: the encoded header and a dot."""
    return _HEAD


def signed_part(
    api_key: str,
    session_id: str,
    create_time: int,
    expiration: int,
    role: str,
    connection_data: str,
    layout_classes: str,
) -> bytes:
    """The payload, all but the digits of the jti and what ends it.

    Takes values that were checked.
    """
    payload = f"{first_claims(api_key, session_id).decode()}{create_time},"
    if expiration:
        payload += f'"exp":{create_time + expiration},'
    payload += f'"role":"{role}",'
    if connection_data:
        payload += f'"connection_data":{json.dumps(connection_data, ensure_ascii=False)},'
    if layout_classes:
        classes = json.dumps(layout_classes, ensure_ascii=False)
        payload += f'"initial_layout_class_list":{classes},'
    return (payload + '"jti":"').encode()


def constant_part(api_key: str, create_time: int, claims: Mapping[str, Any]) -> bytes:
    """The claims that all rows of a batch share, as its core wants them.

    *claims* were checked; those that are missing are columns.
    """
    payload = f'{{"iss":"{api_key}","ist":"project","iat":{create_time},"scope":"{_SCOPE}",'
    if claims.get("expiration"):
        payload += f'"exp":{create_time + claims["expiration"]},'
    for name in ("session_id", "role", "connection_data", "initial_layout_class_list"):
        if claims.get(name):
            payload += f'"{name}":{json.dumps(claims[name], ensure_ascii=False)},'
    return payload.encode()


def first_claims(api_key: str, session_id: str) -> bytes:
    """The claims that every token has, up to the time when it is made."""
    return (
        f'{{"iss":"{api_key}","ist":"project","scope":"{_SCOPE}",'
        f'"session_id":"{session_id}","iat":'
    ).encode()


def _refuse(reason: str) -> NoReturn:
    # What follows quotes nothing of the token: it would let someone in.
    raise MalformedToken(f"not an OpenTok JWT: {reason}")


def _decode(part: str) -> bytes:
    if len(part) % 4 == 1 or not _BASE64URL.fullmatch(part):
        _refuse("its base64url is damaged or cut off")
    raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if _encode(raw) != part:
        _refuse("its base64url is damaged at the end")
    return raw


def _object(raw: bytes) -> dict[str, Any]:
    def no_constant(name: str) -> NoReturn:
        raise ValueError(name)

    def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("duplicate")
        return found

    try:
        value = json.loads(
            raw.decode(), parse_constant=no_constant, object_pairs_hook=no_duplicates
        )
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        _refuse("it does not hold JSON objects")
    return value


def split(token: object) -> tuple[dict[str, Any], bytes, bytes]:
    """Take a token apart: (payload, signature, what was signed).

    The algorithm is not the token's to choose: anything but HS256 is refused, and so are
    headers that must be understood (RFC 7515, section 4.1.11).
    """
    if not isinstance(token, str):
        _refuse(f"it must be a string, not {type(token).__name__}")
    if len(token) > _MOST_CHARACTERS:
        _refuse(f"it must have at most {_MOST_CHARACTERS} characters")
    parts = token.split(".")
    if len(parts) != 3:
        _refuse("it must have three parts")
    header = _object(_decode(parts[0]))
    if header.get("alg") != "HS256":
        _refuse("its algorithm is not HS256")
    if "crit" in header or "b64" in header:
        _refuse("its header asks for what is not supported")
    payload = _object(_decode(parts[1]))
    signed = f"{parts[0]}.{parts[1]}".encode()
    return payload, _decode(parts[2]), signed


def _seconds(payload: dict[str, Any], name: str) -> int | None:
    value = payload.pop(name, None)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(f"its {name} is not a number of seconds")
    # Large enough for any clock, small enough for a float to be exact.
    if not 0 <= value < 10**12:
        _refuse(f"its {name} is out of range")
    return int(value)


def _text(payload: dict[str, Any], *names: str) -> str:
    """The first of *names* that is there, as text; all of them are taken out."""
    found = [value for name in names if (value := payload.pop(name, None)) is not None]
    if not found:
        return ""
    if isinstance(found[0], bool | dict | list):
        _refuse(f"its {names[0]} is not text")
    return str(found[0])


def _classes(payload: dict[str, Any]) -> tuple[str, ...]:
    """Layout classes: text, or an array of names; .NET has another name for the claim."""
    value = payload.pop("initial_layout_class_list", None)
    other = payload.pop("initial_layout_list", None)
    value = other if value is None else value
    if value is None:
        return ()
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return tuple(value)
    if not isinstance(value, str):
        _refuse("its initial_layout_class_list is neither text nor names")
    # PHP encodes the spaces as in a form.
    return tuple(value.replace("+", " ").split())


def read(payload: dict[str, Any]) -> Token:
    """Read what `split` took apart, in the dialect of any SDK."""
    payload = dict(payload)
    issued = _seconds(payload, "iat")
    created = _seconds(payload, "create_time")
    create_time = issued if issued is not None else created
    expire_time = _seconds(payload, "exp")
    also = _seconds(payload, "expire_time")
    api_key = _text(payload, "iss")
    session_id = _text(payload, "session_id")
    if not api_key:
        _refuse("it names no issuer")
    if not session_id:
        _refuse("it names no session")
    if create_time is None:
        _refuse("it does not say when it was made")
    return Token(
        kind="jwt",
        api_key=api_key,
        session_id=session_id,
        create_time=create_time,
        expire_time=also if expire_time is None else expire_time,
        role=_text(payload, "role") or Role.PUBLISHER.value,
        nonce=_text(payload, "jti", "nonce"),
        connection_data=_text(payload, "connection_data", "data"),
        initial_layout_class_list=_classes(payload),
        scope=_text(payload, "scope") or None,
        unknown=payload,
    )
