"""Sessions, signed tokens and archives for OpenTok / Vonage Video servers.

These modules are public, and no others: :mod:`tokbox`, :mod:`tokbox.types`,
:mod:`tokbox.errors`, :mod:`tokbox.webhooks`, :mod:`tokbox.transport`,
:mod:`tokbox.emulator` and :mod:`tokbox.integrations`. Names are imported at their first
use, so a program that only signs tokens does not load HTTP.
"""

from __future__ import annotations

from tokbox import lazy
from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from tokbox import emulator as emulator
    from tokbox import errors as errors
    from tokbox import integrations as integrations
    from tokbox import transport as transport
    from tokbox import types as types
    from tokbox import webhooks as webhooks
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
        ArchivingNeedsMediaRouterWarning,
        AuthenticationError,
        BadSignatureError,
        ClockSkewError,
        ClosedError,
        ConflictError,
        ConnectError,
        ExpiredTokenError,
        InsecureTransportWarning,
        InvalidArrowError,
        InvalidClaimsError,
        InvalidInputError,
        MalformedTokenError,
        MalformedWebhookError,
        MissingDependencyError,
        NotFoundError,
        NotYetValidTokenError,
        ProtocolError,
        RateLimitError,
        RequestTimeoutError,
        ServerError,
        TLSError,
        TokboxError,
        TokenError,
        TransportError,
        UnverifiedWebhookError,
        WebhookError,
        WrongAlgorithmError,
        WrongClaimsError,
        WrongKeyError,
        WrongPurposeError,
        WrongSessionError,
    )
    from tokbox.rest.account import Account
    from tokbox.rest.aio import AsyncAccount, AsyncTokbox
    from tokbox.rest.client import Tokbox
    from tokbox.rest.resources.archives import TranscriptionProperties
    from tokbox.rest.resources.audio_connectors import AudioTransport, WebSocket
    from tokbox.rest.resources.broadcasts import Hls, RtmpTarget
    from tokbox.rest.resources.layouts import Layout
    from tokbox.rest.resources.sip import SipAuth
    from tokbox.rest.resources.storage import AzureStorage, S3Storage
    from tokbox.rest.sessions import Session
    from tokbox.tokens.derive import Derived
    from tokbox.tokens.rsa import PrivateKey, PublicKey
    from tokbox.tokens.signer import Signer
    from tokbox.tokens.token import Token
    from tokbox.tokens.verify import decode, decode_many

    __version__: str

__all__ = [
    "DAYS_30",
    "HOURS_1",
    "HOURS_2",
    "HOURS_24",
    "WEEKS_1",
    "APIError",
    "Account",
    "ArchiveMode",
    "ArchivingNeedsMediaRouterWarning",
    "AsyncAccount",
    "AsyncTokbox",
    "AudioTransport",
    "AuthenticationError",
    "AzureStorage",
    "BadSignatureError",
    "ClockSkewError",
    "ClosedError",
    "ConflictError",
    "ConnectError",
    "Derived",
    "ExpiredTokenError",
    "Hls",
    "InsecureTransportWarning",
    "InvalidArrowError",
    "InvalidClaimsError",
    "InvalidInputError",
    "Layout",
    "MalformedTokenError",
    "MalformedWebhookError",
    "MediaMode",
    "MissingDependencyError",
    "NotFoundError",
    "NotYetValidTokenError",
    "OutputMode",
    "PrivateKey",
    "ProtocolError",
    "PublicKey",
    "RateLimitError",
    "RequestTimeoutError",
    "Role",
    "RtmpTarget",
    "S3Storage",
    "ServerError",
    "Session",
    "Signer",
    "SipAuth",
    "StreamMode",
    "TLSError",
    "Tokbox",
    "TokboxError",
    "Token",
    "TokenError",
    "TranscriptionProperties",
    "TransportError",
    "UnverifiedWebhookError",
    "WebSocket",
    "WebhookError",
    "WrongAlgorithmError",
    "WrongClaimsError",
    "WrongKeyError",
    "WrongPurposeError",
    "WrongSessionError",
    "__version__",
    "decode",
    "decode_many",
    "emulator",
    "errors",
    "integrations",
    "transport",
    "types",
    "webhooks",
]

_HOMES = {
    "tokbox.enums": (
        "DAYS_30 HOURS_1 HOURS_2 HOURS_24 WEEKS_1 ArchiveMode MediaMode OutputMode Role "
        "StreamMode"
    ),
    "tokbox.errors": (
        "APIError ArchivingNeedsMediaRouterWarning AuthenticationError "
        "BadSignatureError ClockSkewError ClosedError ConflictError ConnectError "
        "ExpiredTokenError InsecureTransportWarning InvalidArrowError "
        "InvalidClaimsError InvalidInputError MalformedTokenError MalformedWebhookError "
        "MissingDependencyError NotFoundError NotYetValidTokenError ProtocolError "
        "RateLimitError RequestTimeoutError ServerError TLSError TokboxError TokenError "
        "TransportError UnverifiedWebhookError WebhookError WrongAlgorithmError "
        "WrongClaimsError WrongKeyError WrongPurposeError WrongSessionError"
    ),
    "tokbox.rest.account": "Account",
    "tokbox.rest.aio": "AsyncAccount AsyncTokbox",
    "tokbox.rest.resources.archives": "TranscriptionProperties",
    "tokbox.rest.resources.audio_connectors": "AudioTransport WebSocket",
    "tokbox.rest.resources.broadcasts": "Hls RtmpTarget",
    "tokbox.rest.client": "Tokbox",
    "tokbox.rest.resources.layouts": "Layout",
    "tokbox.rest.sessions": "Session",
    "tokbox.rest.resources.sip": "SipAuth",
    "tokbox.rest.resources.storage": "AzureStorage S3Storage",
    "tokbox.tokens.token": "Token",
    "tokbox.tokens.derive": "Derived",
    "tokbox.tokens.rsa": "PrivateKey PublicKey",
    "tokbox.tokens.signer": "Signer",
    "tokbox.tokens.verify": "decode decode_many",
}

_import = lazy.attach(
    __name__,
    _HOMES,
    ("emulator", "errors", "integrations", "transport", "types", "webhooks"),
)


def __getattr__(name: str) -> Any:
    if name != "__version__":
        return _import(name)
    from importlib.metadata import version

    return version("tokbox")


def __dir__() -> list[str]:
    return sorted(__all__)
