"""Rivals in Python: the official SDKs, and libraries that sign JWTs."""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from importlib import import_module
from typing import Any

from tokbox import Signer

from .. import workloads
from . import Unavailable, verify

#: A rival's function that signs one token, with this connection data.
Sign = Callable[[str], "str | bytes"]
Work = Callable[[], object]


def load(module: str, package: str) -> Any:
    """Import *module* of *package*, or raise Unavailable."""
    try:
        return import_module(module)
    except ImportError:
        raise Unavailable(f"the package {package} is not installed") from None


def expire_time() -> int:
    return int(time.time()) + workloads.EXPIRATION


def one_by_one(make: Callable[[], Sign]) -> Callable[..., Work]:
    """Return a rival that signs one token per call of what *make* returns.

    With ``rows=True``, each token has connection data of its own.
    """

    @wraps(make)
    def prepare(n: int, rows: bool = False) -> Work:
        sign = make()
        data = workloads.connection_data(n) if rows else [workloads.CONNECTION_DATA] * n
        return lambda: [sign(each) for each in data]

    return prepare


def opentok_client(**options: Any) -> Any:
    """Return a client of the official SDK, without the warning that it is deprecated."""
    module = load("opentok", "opentok")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return module.Client(workloads.API_KEY, workloads.SECRET, **options)


def opentok(use_jwt: bool) -> Callable[..., Work]:
    """The official SDK for OpenTok."""

    @one_by_one
    def make() -> Sign:
        generate, role = (
            opentok_client().generate_token,
            load("opentok", "").Roles.publisher,
        )

        def sign(data: str) -> str:
            token: str = generate(
                workloads.SESSION_ID,
                role=role,
                expire_time=expire_time(),
                data=data,
                use_jwt=use_jwt,
            )
            return token

        verify(sign(workloads.CONNECTION_DATA))
        return sign

    return make


@one_by_one
def pyjwt() -> Sign:
    """PyJWT alone, with the claims of an OpenTok token; no claim is checked."""
    encode = load("jwt", "PyJWT").encode

    def sign(data: str) -> str:
        now = int(time.time())
        claims = {
            "iss": workloads.API_KEY,
            "ist": "project",
            "iat": now,
            "exp": now + workloads.EXPIRATION,
            "nonce": random.randrange(1_000_000),
            "session_id": workloads.SESSION_ID,
            "role": workloads.ROLE,
            "scope": "session.connect",
            "connection_data": data,
        }
        token: str = encode(claims, workloads.SECRET, algorithm="HS256")
        return token

    verify(sign(workloads.CONNECTION_DATA))
    return sign


@one_by_one
def livekit() -> Sign:
    """The SDK of another service: a token of the same life, name and room."""
    api = load("livekit.api", "livekit-api")
    life = timedelta(seconds=workloads.EXPIRATION)

    def sign(data: str) -> str:
        grants = api.VideoGrants(room_join=True, room=workloads.SESSION_ID)
        token = api.AccessToken(workloads.API_KEY, workloads.SECRET).with_identity(data)
        signed: str = token.with_ttl(life).with_grants(grants).to_jwt()
        return signed

    # It is valid for that service only, so its own verifier checks the signature.
    verifier = api.TokenVerifier(workloads.API_KEY, workloads.SECRET)
    verifier.verify(sign(workloads.CONNECTION_DATA))
    return sign


@one_by_one
def vonage() -> Sign:
    """The SDK for the Vonage Video API: it parses and checks its key for each token."""
    module, video = load("vonage", "vonage"), load("vonage_video", "vonage")
    key = workloads.private_key()
    auth = module.Auth(application_id=workloads.APPLICATION_ID, private_key=key)
    generate = module.Vonage(auth).video.generate_client_token

    def sign(data: str) -> bytes:
        token: bytes = generate(
            video.TokenOptions(
                session_id=workloads.APPLICATION_SESSION_ID,
                role=workloads.ROLE,
                connection_data=data,
                exp=expire_time(),
            )
        )
        return token

    signed = sign(workloads.CONNECTION_DATA)
    signer = Signer.from_private_key(workloads.APPLICATION_ID, key)
    signer.verify(signed if isinstance(signed, str) else signed.decode())
    return sign
