"""Classes of results and resources, states, and names for type annotations.

Client methods return these classes, so a program needs this module only to name them, in
an annotation or in ``isinstance``::

    def show(archive: tokbox.types.Archive) -> None:
        if archive.status == tokbox.types.ArchiveStatus.AVAILABLE:
            print(archive.url)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tokbox import lazy

if TYPE_CHECKING:
    from tokbox._memory import MemoryPool
    from tokbox.enums import (
        ArchiveModeName,
        AudioEncoding,
        AudioRate,
        AudioTransportName,
        CallbackEvent,
        CallbackGroup,
        LayoutName,
        MediaModeName,
        MessageKind,
        OutputModeName,
        RequestMethod,
        Resolution,
        RoleName,
        RowErrors,
        ScreenshareLayoutName,
        StorageEncryption,
        StorageFallback,
        StreamModeName,
        TokenKind,
        WebhookState,
    )
    from tokbox.response_enums import (
        ArchiveReason,
        ArchiveStatus,
        BroadcastStatus,
        CaptionsStatus,
        ConnectionState,
        DestroyedReason,
        HlsStatus,
        NotificationReason,
        ProjectStatus,
        ProjectStatusName,
        RenderStatus,
        RtmpStatus,
        SipCallState,
        SipReason,
        TranscriptionStatus,
        VideoType,
    )
    from tokbox.rest.aio import (
        AsyncArchives,
        AsyncAudioConnectors,
        AsyncBroadcasts,
        AsyncCallbacks,
        AsyncConnections,
        AsyncLiveCaptions,
        AsyncModeration,
        AsyncProjects,
        AsyncRenders,
        AsyncSession,
        AsyncSignals,
        AsyncSip,
        AsyncStreams,
    )
    from tokbox.rest.http.options import Limits, Options
    from tokbox.rest.models.page import Page
    from tokbox.rest.raw import APIResponse
    from tokbox.rest.resources.archive_types import Archive, Transcription
    from tokbox.rest.resources.archives import Archives
    from tokbox.rest.resources.audio_connectors import AudioConnector, AudioConnectors
    from tokbox.rest.resources.broadcast_types import (
        Broadcast,
        BroadcastSettings,
        BroadcastUrls,
        HlsSettings,
        RtmpOutput,
    )
    from tokbox.rest.resources.broadcasts import Broadcasts
    from tokbox.rest.resources.callbacks import Callback, Callbacks
    from tokbox.rest.resources.captions import Captions, LiveCaptions
    from tokbox.rest.resources.compositions import ChosenStream, Composition
    from tokbox.rest.resources.connections import Connection, Connections
    from tokbox.rest.resources.moderation import Moderation
    from tokbox.rest.resources.projects import Project, Projects
    from tokbox.rest.resources.renders import Render, Renders
    from tokbox.rest.resources.signals import Signals
    from tokbox.rest.resources.sip import Sip, SipCall
    from tokbox.rest.resources.streams import Stream, Streams
    from tokbox.rest.session_options import (
        ArchiveOptions,
        BroadcastOptions,
        CallOptions,
        CaptionsOptions,
        ClientOptions,
        DialOptions,
        JoiningOptions,
        MuteOptions,
        RenderOptions,
        SignalOptions,
    )
    from tokbox.tokens.batch import TokenBatch
    from tokbox.tokens.columns import ArrowArray, ArrowStream
    from tokbox.tokens.findings import Decoded, Verification
    from tokbox.tokens.row_columns import Column, RoleColumn
    from tokbox.tokens.rsa import PrivateKeySource, PublicKeySource
    from tokbox.tokens.session import SessionSigner
    from tokbox.transport.custom_pool import Pool

__all__ = [
    "APIResponse",
    "Archive",
    "ArchiveModeName",
    "ArchiveOptions",
    "ArchiveReason",
    "ArchiveStatus",
    "Archives",
    "ArrowArray",
    "ArrowStream",
    "AsyncArchives",
    "AsyncAudioConnectors",
    "AsyncBroadcasts",
    "AsyncCallbacks",
    "AsyncConnections",
    "AsyncLiveCaptions",
    "AsyncModeration",
    "AsyncProjects",
    "AsyncRenders",
    "AsyncSession",
    "AsyncSignals",
    "AsyncSip",
    "AsyncStreams",
    "AudioConnector",
    "AudioConnectors",
    "AudioEncoding",
    "AudioRate",
    "AudioTransportName",
    "Broadcast",
    "BroadcastOptions",
    "BroadcastSettings",
    "BroadcastStatus",
    "BroadcastUrls",
    "Broadcasts",
    "CallOptions",
    "Callback",
    "CallbackEvent",
    "CallbackGroup",
    "Callbacks",
    "Captions",
    "CaptionsOptions",
    "CaptionsStatus",
    "ChosenStream",
    "ClientOptions",
    "Column",
    "Composition",
    "Connection",
    "ConnectionState",
    "Connections",
    "Decoded",
    "DestroyedReason",
    "DialOptions",
    "HlsSettings",
    "HlsStatus",
    "JoiningOptions",
    "LayoutName",
    "Limits",
    "LiveCaptions",
    "MediaModeName",
    "MemoryPool",
    "MessageKind",
    "Moderation",
    "MuteOptions",
    "NotificationReason",
    "Options",
    "OutputModeName",
    "Page",
    "Pool",
    "PrivateKeySource",
    "Project",
    "ProjectStatus",
    "ProjectStatusName",
    "Projects",
    "PublicKeySource",
    "Render",
    "RenderOptions",
    "RenderStatus",
    "Renders",
    "RequestMethod",
    "Resolution",
    "RoleColumn",
    "RoleName",
    "RowErrors",
    "RtmpOutput",
    "RtmpStatus",
    "ScreenshareLayoutName",
    "SessionSigner",
    "SignalOptions",
    "Signals",
    "Sip",
    "SipCall",
    "SipCallState",
    "SipReason",
    "StorageEncryption",
    "StorageFallback",
    "Stream",
    "StreamModeName",
    "Streams",
    "TokenBatch",
    "TokenKind",
    "Transcription",
    "TranscriptionStatus",
    "Verification",
    "VideoType",
    "WebhookState",
]

_HOMES = {
    "tokbox._memory": "MemoryPool",
    "tokbox.enums": (
        "ArchiveModeName AudioEncoding AudioRate AudioTransportName CallbackEvent "
        "CallbackGroup LayoutName MediaModeName MessageKind OutputModeName "
        "RequestMethod Resolution RoleName RowErrors ScreenshareLayoutName "
        "StorageEncryption StorageFallback StreamModeName TokenKind WebhookState"
    ),
    "tokbox.rest.aio": (
        "AsyncArchives AsyncAudioConnectors AsyncBroadcasts AsyncCallbacks "
        "AsyncConnections AsyncLiveCaptions AsyncModeration AsyncProjects AsyncRenders "
        "AsyncSession AsyncSignals AsyncSip AsyncStreams"
    ),
    "tokbox.rest.resources.archive_types": "Archive Transcription",
    "tokbox.rest.resources.archives": "Archives",
    "tokbox.rest.resources.audio_connectors": "AudioConnector AudioConnectors",
    "tokbox.rest.resources.broadcast_types": (
        "Broadcast BroadcastSettings BroadcastUrls HlsSettings RtmpOutput"
    ),
    "tokbox.rest.resources.broadcasts": "Broadcasts",
    "tokbox.rest.session_options": (
        "ArchiveOptions BroadcastOptions CallOptions CaptionsOptions ClientOptions "
        "DialOptions JoiningOptions MuteOptions RenderOptions SignalOptions"
    ),
    "tokbox.rest.resources.callbacks": "Callback Callbacks",
    "tokbox.rest.resources.captions": "Captions LiveCaptions",
    "tokbox.rest.resources.compositions": "ChosenStream Composition",
    "tokbox.rest.resources.connections": "Connection Connections",
    "tokbox.rest.resources.moderation": "Moderation",
    "tokbox.rest.http.options": "Limits Options",
    "tokbox.rest.models.page": "Page",
    "tokbox.rest.resources.projects": "Project Projects",
    "tokbox.rest.raw": "APIResponse",
    "tokbox.rest.resources.renders": "Render Renders",
    "tokbox.rest.resources.signals": "Signals",
    "tokbox.rest.resources.sip": "Sip SipCall",
    "tokbox.rest.resources.streams": "Stream Streams",
    "tokbox.response_enums": (
        "ArchiveReason ArchiveStatus BroadcastStatus CaptionsStatus ConnectionState "
        "DestroyedReason HlsStatus NotificationReason ProjectStatus ProjectStatusName "
        "RenderStatus RtmpStatus SipCallState SipReason TranscriptionStatus VideoType"
    ),
    "tokbox.tokens.batch": "TokenBatch",
    "tokbox.tokens.columns": "ArrowArray ArrowStream",
    "tokbox.tokens.findings": "Decoded Verification",
    "tokbox.tokens.rsa": "PrivateKeySource PublicKeySource",
    "tokbox.tokens.session": "SessionSigner",
    "tokbox.tokens.row_columns": "Column RoleColumn",
    "tokbox.transport.custom_pool": "Pool",
}

_import = lazy.attach(__name__, _HOMES)


def __getattr__(name: str) -> Any:
    return _import(name)


def __dir__() -> list[str]:
    return sorted(__all__)
