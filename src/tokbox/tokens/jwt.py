"""The JWT form of a token: a JWS in compact form (RFC 7515), signed with HS256 or RS256.

::

    BASE64URL(header) . BASE64URL(payload) . BASE64URL(signature of what comes before)

OpenTok tokens are signed with the API secret (HS256), and their issuer is an API key.
Vonage tokens are signed with an application's private key (RS256) and contain the
application id. The claims are those of the official SDKs. The ``jti`` comes last, because
it varies within a batch.
"""

from __future__ import annotations

from binascii import b2a_base64
from functools import lru_cache

from tokbox._fastsign import CLAIMS, decode_base64
from tokbox.enums import Role
from tokbox.errors import MalformedTokenError
from tokbox.tokens.claims import SCOPE, TEXTS
from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NoReturn

    from tokbox.tokens.token import Token

__all__ = [
    "NONCE_NAME",
    "Parts",
    "around_time",
    "claims",
    "compact",
    "constant_part",
    "encode",
    "first_claims",
    "further_claims",
    "head",
    "read",
    "seconds",
    "split",
    "varying_claims",
]

#: The text between the other claims and the digits of the nonce.
NONCE_NAME = b'"jti":"'
#: Compiled when it is used.
_BASE64URL = "[A-Za-z0-9_-]*"
_MAX_CHARACTERS = 65_536


def encode(raw: bytes) -> bytes:
    """Return *raw* as base64 in the alphabet of URLs, without padding."""
    text = b2a_base64(raw, newline=False).rstrip(b"=")
    return text.replace(b"+", b"-").replace(b"/", b"_")


_HEADS = {
    algorithm: encode(b'{"typ":"JWT","alg":"%b"}' % algorithm.encode()) + b"."
    for algorithm in ("HS256", "RS256")
}


def head(algorithm: str = "HS256") -> bytes:
    """Return the text before the payload: the encoded header and a dot."""
    return _HEADS[algorithm]


@lru_cache(maxsize=1)
def _json_encoder() -> Callable[[object], str]:
    import json  # only REST calls and private keys need it

    return json.JSONEncoder(separators=(",", ":")).encode


def compact(claims: Mapping[str, Any]) -> bytes:
    """Return *claims* as JSON without white space."""
    return _json_encoder()(claims).encode()


def _owner(tenant: str) -> str:
    """Return the claims that identify the project (a number) or the application."""
    if tenant.isdecimal():
        return f'"iss":"{tenant}","ist":"project"'
    # The paths are what the SDKs ask for; the platform knows no narrower ones for video.
    acl = '{"paths":{"/session/**":{}}}'
    return f'"application_id":"{tenant}","sub":"video","acl":{acl}'


def further_claims(first: bytes, create_time: int, claims: Mapping[str, Any]) -> bytes:
    """Return the payload up to the digits of the jti; *first* is from `first_claims`.

    *claims* must be valid.
    """
    further = varying_claims(create_time, claims)
    return b"%b%d,%b%b" % (first, create_time, further, NONCE_NAME)


def constant_part(tenant: str, create_time: int, claims: Mapping[str, Any]) -> bytes:
    """Return the claims shared by all rows of a batch, as the core expects them.

    *claims* must be valid; missing claims are columns.
    """
    before, after = around_time(tenant)
    return b"%b%d%b%b" % (before, create_time, after, varying_claims(create_time, claims))


def around_time(tenant: str) -> tuple[bytes, bytes]:
    """Return the text before and after the time in `constant_part`."""
    before, after = f'{{{_owner(tenant)},"iat":', f',"scope":"{SCOPE}",'
    return before.encode(), after.encode()


def varying_claims(create_time: int, claims: Mapping[str, Any]) -> bytes:
    """Return *claims* as JSON members, each followed by a comma. Empty ones are omitted."""
    import json

    payload = ""
    for argument, type_, _, name in CLAIMS:
        if value := claims.get(argument):
            if type_ == "SECONDS":
                value += create_time
            payload += f'"{name}":{json.dumps(value, ensure_ascii=False)},'
    return payload.encode()


def first_claims(tenant: str, session_id: str) -> bytes:
    """The claims that every token has, up to the time when it is made."""
    return (
        f'{{{_owner(tenant)},"scope":"{SCOPE}","session_id":"{session_id}","iat":'
    ).encode()


def _refuse(problem: str, reason: str = "malformed") -> NoReturn:
    # The message must not quote the token, because a token is a credential.
    raise MalformedTokenError(f"not a usable JWT: {problem}", reason)


def _decode(part: str) -> bytes:
    import re

    if not re.fullmatch(_BASE64URL, part):
        _refuse("there are characters in it that base64url does not have", "alphabet")
    if not part or len(part) % 4 == 1:
        _refuse("it was cut off", "truncated")
    raw = decode_base64(part)
    if raw is None:
        _refuse("it was cut off, or its base64url is damaged", "truncated")
    return raw


def _object(raw: bytes) -> dict[str, Any]:
    from tokbox.tokens import strict_json

    try:
        return strict_json.read_object(raw)
    except strict_json.DuplicateName as error:
        problem, reason = str(error), "duplicate"
    except ValueError:
        problem, reason = "it does not hold JSON objects", "malformed"
    # Out here, so that what was read is not in a chained exception.
    _refuse(problem, reason)


class Parts:
    """The decoded parts of a token. Neither claims nor signature are verified."""

    __slots__ = ("algorithm", "payload", "signature", "signed")

    algorithm: str
    #: The decoded payload, which may be invalid JSON.
    payload: bytes
    signature: bytes
    #: The signed text: encoded header, dot, encoded payload.
    signed: bytes

    def __init__(
        self, algorithm: str, payload: bytes, signature: bytes, signed: bytes
    ) -> None:
        self.algorithm = algorithm
        self.payload = payload
        self.signature = signature
        self.signed = signed


#: How many bytes a signature has at least.
_MIN_SIGNATURE = {"HS256": 32, "RS256": 256}


#: The maximum length of a cached header in characters. Few different headers are in use.
_MAX_CACHED_HEADER = 1024


def _algorithm(part: str) -> str:
    """Return the algorithm that a header names."""
    if len(part) > _MAX_CACHED_HEADER:
        return _read_algorithm(part)
    return _known_algorithm(part)


def _read_algorithm(part: str) -> str:
    header = _object(_decode(part))
    algorithm = header.get("alg")
    if algorithm not in ("HS256", "RS256"):
        _refuse("its algorithm is neither HS256 nor RS256", "algorithm")
    if "crit" in header or "b64" in header:
        _refuse("its header asks for what is not supported")
    return str(algorithm)


_known_algorithm = lru_cache(maxsize=64)(_read_algorithm)


def algorithm_of(part: str) -> str | None:
    """Return the algorithm of a token with this first part; None if `split` refuses it."""
    try:
        return _algorithm(part)
    except MalformedTokenError:
        return None


def payload(token: str) -> dict[str, Any]:
    """Return the `claims` of a token that `split` is known to accept."""
    return _object(decode_base64(token.split(".")[1]) or b"")


def split(token: object) -> Parts:
    """Split a token into decoded parts. Raises MalformedTokenError.

    Only HS256 and RS256 are accepted. The caller must compare the algorithm with that of
    the verification key. Critical headers (RFC 7515, section 4.1.11) are refused.
    """
    if not isinstance(token, str):
        _refuse(f"it must be a string, not {type(token).__name__}")
    if len(token) > _MAX_CHARACTERS:
        _refuse(f"it must have at most {_MAX_CHARACTERS} characters")
    parts = token.split(".")
    if len(parts) < 3:
        _refuse("it must have three parts: it was cut off", "truncated")
    if len(parts) > 3:
        _refuse("it must have three parts")
    algorithm = _algorithm(parts[0])
    payload = _decode(parts[1])
    signature = _decode(parts[2])
    if len(signature) < _MIN_SIGNATURE[algorithm]:
        _refuse("its signature was cut off", "truncated")
    return Parts(algorithm, payload, signature, f"{parts[0]}.{parts[1]}".encode())


def claims(parts: Parts) -> dict[str, Any]:
    """Return the claims in the payload, not validated. Raises MalformedTokenError."""
    return _object(parts.payload)


def seconds(payload: dict[str, Any], name: str) -> int | None:
    """Take a claim that is a time out of *payload*; None if it is not there.

    Raises MalformedTokenError if it is no number of seconds that any clock could show.
    """
    value = payload.pop(name, None)
    if value is None:
        return None
    if type(value) not in (int, float):  # bool is a subclass of int
        _refuse(f"its {name} is not a number of seconds")
    # Large enough for any clock, small enough for a float to be exact.
    if not 0 <= value < 10**12:
        _refuse(f"its {name} is out of range")
    return int(value)


#: Other names of claims.
_ALIASES = {"connection_data": ("data",)}


def _text(payload: dict[str, Any], *names: str) -> str:
    """The first of *names* that is there, as text, or ""; all of them are taken out."""
    return _optional_text(payload, *names) or ""


def _optional_text(payload: dict[str, Any], *names: str) -> str | None:
    """The same, but None if there is none."""
    found = None
    for name in names:
        value = payload.pop(name, None)
        found = value if found is None else found
    if found is None or type(found) is str:
        return found
    if isinstance(found, bool | dict | list):
        _refuse(f"its {names[0]} is not text")
    return str(found)


def _classes(payload: dict[str, Any], *, as_form: bool) -> tuple[str, ...]:
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
    from urllib.parse import unquote_plus

    return tuple((unquote_plus(value) if as_form else value).split())


def read(algorithm: str, said: Mapping[str, Any]) -> Token:
    """Read the `claims` of a token, in the dialect of any SDK."""
    from tokbox.tokens.token import make_token

    payload = dict(said)
    application = algorithm == "RS256"
    # The PHP SDK, which sends no jti, encodes the classes as in a form.
    as_form = not application and "jti" not in payload
    issued = seconds(payload, "iat")
    created = seconds(payload, "create_time")
    create_time = issued if issued is not None else created
    expire_time = seconds(payload, "exp")
    also = seconds(payload, "expire_time")
    owner = _text(payload, "application_id" if application else "iss")
    session_id = _text(payload, "session_id")
    if not owner:
        _refuse(f"it names no {'application' if application else 'issuer'}")
    if not session_id:
        _refuse("it names no session")
    if create_time is None:
        _refuse("it does not say when it was made")
    return make_token(
        kind="jwt",
        algorithm=algorithm,
        project_id=owner.lower() if application else owner,
        session_id=session_id,
        create_time=create_time,
        expire_time=also if expire_time is None else expire_time,
        role=_text(payload, "role") or Role.PUBLISHER.value,
        nonce=_text(payload, "jti", "nonce"),
        **{name: _text(payload, jwt, *_ALIASES.get(jwt, ())) for name, _, jwt in TEXTS},
        initial_layout_class_list=_classes(payload, as_form=as_form),
        scope=_optional_text(payload, "scope"),
        not_before=seconds(payload, "nbf"),
        unknown=payload,
        raw=said,
    )
