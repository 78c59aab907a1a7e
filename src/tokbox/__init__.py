"""Sessions, signed tokens and archives for OpenTok / Vonage Video servers.

Everything public is here, loaded when it is first used: who signs tokens never pays
for HTTP. Read :mod:`tokbox.rest.client` for the client, :mod:`tokbox.tokens.signer`
for what signs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokbox import errors as errors
    from tokbox._fastsign import MemoryPool, kernels
    from tokbox.enums import (
        DAYS_30,
        HOURS_1,
        HOURS_2,
        HOURS_24,
        WEEKS_1,
        ArchiveMode,
        MediaMode,
        OutputMode,
        Role,
        StreamMode,
    )
    from tokbox.errors import (
        APIError,
        ArchivingNeedsMediaRouter,
        AuthenticationError,
        BadSignature,
        ClockSkew,
        Conflict,
        ConnectFailed,
        ExpiredToken,
        InvalidClaims,
        InvalidInput,
        MalformedToken,
        MissingDependency,
        NotFound,
        NotYetValidToken,
        ProtocolError,
        RateLimited,
        ServerError,
        TimedOut,
        TLSError,
        TokboxError,
        TokenError,
        TransportError,
        WrongKey,
    )
    from tokbox.rest.archive_types import Archive, Transcription
    from tokbox.rest.archives import Archives, TranscriptionProperties
    from tokbox.rest.client import Tokbox
    from tokbox.rest.layouts import Layout
    from tokbox.rest.raw import Answer
    from tokbox.rest.sessions import Session
    from tokbox.tokens.batch import TokenBatch
    from tokbox.tokens.claims import Token
    from tokbox.tokens.signer import Signer
    from tokbox.tokens.verify import Verification, decode

    __version__: str

__all__ = [
    "DAYS_30",
    "HOURS_1",
    "HOURS_2",
    "HOURS_24",
    "WEEKS_1",
    "APIError",
    "Answer",
    "Archive",
    "ArchiveMode",
    "Archives",
    "ArchivingNeedsMediaRouter",
    "AuthenticationError",
    "BadSignature",
    "ClockSkew",
    "Conflict",
    "ConnectFailed",
    "ExpiredToken",
    "InvalidClaims",
    "InvalidInput",
    "Layout",
    "MalformedToken",
    "MediaMode",
    "MemoryPool",
    "MissingDependency",
    "NotFound",
    "NotYetValidToken",
    "OutputMode",
    "ProtocolError",
    "RateLimited",
    "Role",
    "ServerError",
    "Session",
    "Signer",
    "StreamMode",
    "TLSError",
    "TimedOut",
    "Tokbox",
    "TokboxError",
    "Token",
    "TokenBatch",
    "TokenError",
    "Transcription",
    "TranscriptionProperties",
    "TransportError",
    "Verification",
    "WrongKey",
    "__version__",
    "decode",
    "errors",
    "kernels",
]

_HOMES = {
    "tokbox._fastsign": "MemoryPool kernels",
    "tokbox.enums": (
        "DAYS_30 HOURS_1 HOURS_2 HOURS_24 WEEKS_1 "
        "ArchiveMode MediaMode OutputMode Role StreamMode"
    ),
    "tokbox.errors": (
        "APIError ArchivingNeedsMediaRouter AuthenticationError BadSignature ClockSkew "
        "Conflict ConnectFailed ExpiredToken InvalidClaims InvalidInput MalformedToken "
        "MissingDependency NotFound NotYetValidToken ProtocolError RateLimited ServerError "
        "TLSError TimedOut TokboxError TokenError TransportError WrongKey"
    ),
    "tokbox.rest.archive_types": "Archive Transcription",
    "tokbox.rest.archives": "Archives TranscriptionProperties",
    "tokbox.rest.client": "Tokbox",
    "tokbox.rest.layouts": "Layout",
    "tokbox.rest.raw": "Answer",
    "tokbox.rest.sessions": "Session",
    "tokbox.tokens.batch": "TokenBatch",
    "tokbox.tokens.claims": "Token",
    "tokbox.tokens.signer": "Signer",
    "tokbox.tokens.verify": "Verification decode",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("tokbox")
    elif name == "errors":
        value = import_module("tokbox.errors")
    elif name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
    else:
        raise AttributeError(f"module 'tokbox' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
