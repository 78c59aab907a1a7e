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
    from tokbox import transport as transport
    from tokbox import webhooks as webhooks
    from tokbox._fastsign import kernels
    from tokbox._memory import MemoryPool
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
    from tokbox.rest.archive_types import Archive, Transcription
    from tokbox.rest.archives import Archives, TranscriptionProperties
    from tokbox.rest.audio_connectors import (
        AudioConnector,
        AudioConnectors,
        AudioTransport,
        WebSocket,
    )
    from tokbox.rest.broadcast_types import (
        Broadcast,
        BroadcastSettings,
        BroadcastUrls,
        HlsSettings,
        RtmpOutput,
    )
    from tokbox.rest.broadcasts import Broadcasts, Hls, RtmpTarget
    from tokbox.rest.callbacks import Callback, Callbacks
    from tokbox.rest.captions import Captions, LiveCaptions
    from tokbox.rest.client import Tokbox
    from tokbox.rest.compositions import ChosenStream, Composition
    from tokbox.rest.connections import Connection, Connections
    from tokbox.rest.layouts import Layout
    from tokbox.rest.moderation import Moderation
    from tokbox.rest.paging import Page
    from tokbox.rest.projects import Project, Projects
    from tokbox.rest.raw import Answer
    from tokbox.rest.renders import Render, Renders
    from tokbox.rest.sessions import Session
    from tokbox.rest.signals import Signals
    from tokbox.rest.sip import Sip, SipAuth, SipCall
    from tokbox.rest.storage import AzureStorage, S3Storage
    from tokbox.rest.streams import Stream, Streams
    from tokbox.states import (
        ArchiveReason,
        ArchiveStatus,
        BroadcastStatus,
        CaptionsStatus,
        ConnectionState,
        DestroyedReason,
        HlsStatus,
        NotificationReason,
        ProjectStatus,
        RenderStatus,
        RtmpStatus,
        SipCallState,
        SipReason,
        TranscriptionStatus,
        VideoType,
    )
    from tokbox.tokens.batch import TokenBatch
    from tokbox.tokens.claims import Token
    from tokbox.tokens.derive import Derived
    from tokbox.tokens.findings import Decoded, Verification
    from tokbox.tokens.keyref import KeyRef
    from tokbox.tokens.rsa import PrivateKey, PublicKey
    from tokbox.tokens.signer import Signer
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
    "Answer",
    "Archive",
    "ArchiveMode",
    "ArchiveReason",
    "ArchiveStatus",
    "Archives",
    "ArchivingNeedsMediaRouterWarning",
    "AsyncAccount",
    "AsyncTokbox",
    "AudioConnector",
    "AudioConnectors",
    "AudioTransport",
    "AuthenticationError",
    "AzureStorage",
    "BadSignatureError",
    "Broadcast",
    "BroadcastSettings",
    "BroadcastStatus",
    "BroadcastUrls",
    "Broadcasts",
    "Callback",
    "Callbacks",
    "Captions",
    "CaptionsStatus",
    "ChosenStream",
    "ClockSkewError",
    "ClosedError",
    "Composition",
    "ConflictError",
    "ConnectError",
    "Connection",
    "ConnectionState",
    "Connections",
    "Decoded",
    "Derived",
    "DestroyedReason",
    "ExpiredTokenError",
    "Hls",
    "HlsSettings",
    "HlsStatus",
    "InsecureTransportWarning",
    "InvalidArrowError",
    "InvalidClaimsError",
    "InvalidInputError",
    "KeyRef",
    "Layout",
    "LiveCaptions",
    "MalformedTokenError",
    "MalformedWebhookError",
    "MediaMode",
    "MemoryPool",
    "MissingDependencyError",
    "Moderation",
    "NotFoundError",
    "NotYetValidTokenError",
    "NotificationReason",
    "OutputMode",
    "Page",
    "PrivateKey",
    "Project",
    "ProjectStatus",
    "Projects",
    "ProtocolError",
    "PublicKey",
    "RateLimitError",
    "Render",
    "RenderStatus",
    "Renders",
    "RequestTimeoutError",
    "Role",
    "RtmpOutput",
    "RtmpStatus",
    "RtmpTarget",
    "S3Storage",
    "ServerError",
    "Session",
    "Signals",
    "Signer",
    "Sip",
    "SipAuth",
    "SipCall",
    "SipCallState",
    "SipReason",
    "Stream",
    "StreamMode",
    "Streams",
    "TLSError",
    "Tokbox",
    "TokboxError",
    "Token",
    "TokenBatch",
    "TokenError",
    "Transcription",
    "TranscriptionProperties",
    "TranscriptionStatus",
    "TransportError",
    "UnverifiedWebhookError",
    "Verification",
    "VideoType",
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
    "errors",
    "kernels",
    "transport",
    "webhooks",
]

_HOMES = {
    "tokbox._fastsign": "kernels",
    "tokbox._memory": "MemoryPool",
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
    "tokbox.rest.archive_types": "Archive Transcription",
    "tokbox.rest.archives": "Archives TranscriptionProperties",
    "tokbox.rest.audio_connectors": (
        "AudioConnector AudioConnectors AudioTransport WebSocket"
    ),
    "tokbox.rest.broadcast_types": (
        "Broadcast BroadcastSettings BroadcastUrls HlsSettings RtmpOutput"
    ),
    "tokbox.rest.broadcasts": "Broadcasts Hls RtmpTarget",
    "tokbox.rest.callbacks": "Callback Callbacks",
    "tokbox.rest.captions": "Captions LiveCaptions",
    "tokbox.rest.client": "Tokbox",
    "tokbox.rest.compositions": "ChosenStream Composition",
    "tokbox.rest.connections": "Connection Connections",
    "tokbox.rest.layouts": "Layout",
    "tokbox.rest.moderation": "Moderation",
    "tokbox.rest.paging": "Page",
    "tokbox.rest.projects": "Project Projects",
    "tokbox.rest.raw": "Answer",
    "tokbox.rest.renders": "Render Renders",
    "tokbox.rest.sessions": "Session",
    "tokbox.rest.signals": "Signals",
    "tokbox.rest.sip": "Sip SipAuth SipCall",
    "tokbox.rest.storage": "AzureStorage S3Storage",
    "tokbox.rest.streams": "Stream Streams",
    "tokbox.states": (
        "ArchiveReason ArchiveStatus BroadcastStatus CaptionsStatus ConnectionState "
        "DestroyedReason HlsStatus NotificationReason ProjectStatus RenderStatus "
        "RtmpStatus SipCallState SipReason TranscriptionStatus VideoType"
    ),
    "tokbox.tokens.batch": "TokenBatch",
    "tokbox.tokens.claims": "Token",
    "tokbox.tokens.derive": "Derived",
    "tokbox.tokens.findings": "Decoded Verification",
    "tokbox.tokens.keyref": "KeyRef",
    "tokbox.tokens.rsa": "PrivateKey PublicKey",
    "tokbox.tokens.signer": "Signer",
    "tokbox.tokens.verify": "decode decode_many",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("tokbox")
    elif name in ("errors", "transport", "webhooks"):
        value = import_module(f"tokbox.{name}")
    elif name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
    else:
        raise AttributeError(f"module 'tokbox' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
