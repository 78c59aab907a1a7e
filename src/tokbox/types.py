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
    from tokbox.rest.archive_types import Archive, Transcription
    from tokbox.rest.archives import Archives
    from tokbox.rest.audio_connectors import AudioConnector, AudioConnectors
    from tokbox.rest.broadcast_types import (
        Broadcast,
        BroadcastSettings,
        BroadcastUrls,
        HlsSettings,
        RtmpOutput,
    )
    from tokbox.rest.broadcasts import Broadcasts
    from tokbox.rest.call_options import (
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
    from tokbox.rest.callbacks import Callback, Callbacks
    from tokbox.rest.captions import Captions, LiveCaptions
    from tokbox.rest.compositions import ChosenStream, Composition
    from tokbox.rest.connections import Connection, Connections
    from tokbox.rest.moderation import Moderation
    from tokbox.rest.options import Limits, Options
    from tokbox.rest.paging import Page
    from tokbox.rest.projects import Project, Projects
    from tokbox.rest.raw import APIResponse
    from tokbox.rest.renders import Render, Renders
    from tokbox.rest.signals import Signals
    from tokbox.rest.sip import Sip, SipCall
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
        ProjectStatusName,
        RenderStatus,
        RtmpStatus,
        SipCallState,
        SipReason,
        TranscriptionStatus,
        VideoType,
    )
    from tokbox.tokens.batch import TokenBatch
    from tokbox.tokens.columns import ArrowArray, ArrowStream
    from tokbox.tokens.findings import Decoded, Verification
    from tokbox.tokens.row_columns import Column, RoleColumn
    from tokbox.tokens.rsa import PrivateKeySource, PublicKeySource
    from tokbox.tokens.session import SessionSigner
    from tokbox.transport.own_pool import Pool

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
    "tokbox.rest.archive_types": "Archive Transcription",
    "tokbox.rest.archives": "Archives",
    "tokbox.rest.audio_connectors": "AudioConnector AudioConnectors",
    "tokbox.rest.broadcast_types": (
        "Broadcast BroadcastSettings BroadcastUrls HlsSettings RtmpOutput"
    ),
    "tokbox.rest.broadcasts": "Broadcasts",
    "tokbox.rest.call_options": (
        "ArchiveOptions BroadcastOptions CallOptions CaptionsOptions ClientOptions "
        "DialOptions JoiningOptions MuteOptions RenderOptions SignalOptions"
    ),
    "tokbox.rest.callbacks": "Callback Callbacks",
    "tokbox.rest.captions": "Captions LiveCaptions",
    "tokbox.rest.compositions": "ChosenStream Composition",
    "tokbox.rest.connections": "Connection Connections",
    "tokbox.rest.moderation": "Moderation",
    "tokbox.rest.options": "Limits Options",
    "tokbox.rest.paging": "Page",
    "tokbox.rest.projects": "Project Projects",
    "tokbox.rest.raw": "APIResponse",
    "tokbox.rest.renders": "Render Renders",
    "tokbox.rest.signals": "Signals",
    "tokbox.rest.sip": "Sip SipCall",
    "tokbox.rest.streams": "Stream Streams",
    "tokbox.states": (
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
    "tokbox.transport.own_pool": "Pool",
}

_import = lazy.attach(__name__, _HOMES)


def __getattr__(name: str) -> Any:
    return _import(name)


def __dir__() -> list[str]:
    return sorted(__all__)
