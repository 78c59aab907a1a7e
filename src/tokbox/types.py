"""Classes of results and resources, enums of states, and names for type annotations.

Client methods return these classes, so a program needs this module only to name them, in
an annotation or in ``isinstance``::

    def show(archive: tokbox.types.Archive) -> None:
        if archive.status == tokbox.types.ArchiveStatus.AVAILABLE:
            print(archive.url)
"""

from __future__ import annotations

from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from tokbox._memory import MemoryPool as MemoryPool
    from tokbox.literals import (
        ArchiveModeName as ArchiveModeName,
        ArchiveStatusName as ArchiveStatusName,
        AudioEncoding as AudioEncoding,
        AudioRate as AudioRate,
        AudioTransportName as AudioTransportName,
        CallbackEvent as CallbackEvent,
        CallbackGroup as CallbackGroup,
        LayoutName as LayoutName,
        MediaModeName as MediaModeName,
        MessageKind as MessageKind,
        OutputModeName as OutputModeName,
        ProjectStatusName as ProjectStatusName,
        RequestMethod as RequestMethod,
        Resolution as Resolution,
        RoleName as RoleName,
        RowErrors as RowErrors,
        ScreenshareLayoutName as ScreenshareLayoutName,
        StorageEncryption as StorageEncryption,
        StorageFallback as StorageFallback,
        StreamModeName as StreamModeName,
        TokenKind as TokenKind,
        WebhookState as WebhookState,
    )
    from tokbox.response_enums import (
        ArchiveReason as ArchiveReason,
        ArchiveStatus as ArchiveStatus,
        BroadcastStatus as BroadcastStatus,
        CaptionsStatus as CaptionsStatus,
        ConnectionState as ConnectionState,
        DestroyedReason as DestroyedReason,
        HlsStatus as HlsStatus,
        NotificationReason as NotificationReason,
        ProjectStatus as ProjectStatus,
        RenderStatus as RenderStatus,
        RtmpStatus as RtmpStatus,
        SipCallState as SipCallState,
        SipReason as SipReason,
        TranscriptionStatus as TranscriptionStatus,
        VideoType as VideoType,
    )
    from tokbox.rest.aio import (
        AsyncArchives as AsyncArchives,
        AsyncAudioConnectors as AsyncAudioConnectors,
        AsyncBroadcasts as AsyncBroadcasts,
        AsyncCallbacks as AsyncCallbacks,
        AsyncConnections as AsyncConnections,
        AsyncLiveCaptions as AsyncLiveCaptions,
        AsyncModeration as AsyncModeration,
        AsyncProjects as AsyncProjects,
        AsyncRenders as AsyncRenders,
        AsyncSession as AsyncSession,
        AsyncSignals as AsyncSignals,
        AsyncSip as AsyncSip,
        AsyncStreams as AsyncStreams,
    )
    from tokbox.rest.http.options import Limits as Limits, Options as Options
    from tokbox.rest.models.page import Page as Page
    from tokbox.rest.raw import APIResponse as APIResponse
    from tokbox.rest.resources.archives import (
        Archive as Archive,
        Archives as Archives,
        Transcription as Transcription,
    )
    from tokbox.rest.resources.audio_connectors import (
        AudioConnector as AudioConnector,
        AudioConnectors as AudioConnectors,
    )
    from tokbox.rest.resources.broadcasts import (
        Broadcast as Broadcast,
        BroadcastSettings as BroadcastSettings,
        BroadcastUrls as BroadcastUrls,
        Broadcasts as Broadcasts,
        HlsSettings as HlsSettings,
        RtmpOutput as RtmpOutput,
    )
    from tokbox.rest.resources.callbacks import Callback as Callback, Callbacks as Callbacks
    from tokbox.rest.resources.captions import (
        Captions as Captions,
        LiveCaptions as LiveCaptions,
    )
    from tokbox.rest.resources.compositions import (
        ChosenStream as ChosenStream,
        Composition as Composition,
    )
    from tokbox.rest.resources.connections import (
        Connection as Connection,
        Connections as Connections,
    )
    from tokbox.rest.resources.moderation import Moderation as Moderation
    from tokbox.rest.resources.projects import Project as Project, Projects as Projects
    from tokbox.rest.resources.renders import Render as Render, Renders as Renders
    from tokbox.rest.resources.signals import Signals as Signals
    from tokbox.rest.resources.sip import Sip as Sip, SipCall as SipCall
    from tokbox.rest.resources.streams import Stream as Stream, Streams as Streams
    from tokbox.rest.session_options import (
        ArchiveOptions as ArchiveOptions,
        BroadcastOptions as BroadcastOptions,
        CallOptions as CallOptions,
        CaptionsOptions as CaptionsOptions,
        ClientOptions as ClientOptions,
        DialOptions as DialOptions,
        MuteOptions as MuteOptions,
        RenderOptions as RenderOptions,
        SignalOptions as SignalOptions,
        TokenOptions as TokenOptions,
    )
    from tokbox.tokens.batch import TokenBatch as TokenBatch
    from tokbox.tokens.columns import ArrowArray as ArrowArray, ArrowStream as ArrowStream
    from tokbox.tokens.verification.results import (
        Decoded as Decoded,
        Verification as Verification,
    )
    from tokbox.tokens.row_columns import (
        Column as Column,
        RoleColumn as RoleColumn,
        RowOptions as RowOptions,
    )
    from tokbox.tokens.rs256.keys import (
        PrivateKeySource as PrivateKeySource,
        PublicKeySource as PublicKeySource,
    )
    from tokbox.tokens.session import SessionSigner as SessionSigner
    from tokbox.transport.custom_pool import Pool as Pool
else:
    from tokbox.lazy import attach

    _HOMES = {
        "tokbox._memory": "MemoryPool",
        "tokbox.literals": (
            "ArchiveModeName ArchiveStatusName AudioEncoding AudioRate "
            "AudioTransportName CallbackEvent CallbackGroup LayoutName MediaModeName "
            "MessageKind OutputModeName ProjectStatusName RequestMethod Resolution "
            "RoleName RowErrors ScreenshareLayoutName StorageEncryption "
            "StorageFallback StreamModeName TokenKind WebhookState"
        ),
        "tokbox.response_enums": (
            "ArchiveReason ArchiveStatus BroadcastStatus CaptionsStatus ConnectionState "
            "DestroyedReason HlsStatus NotificationReason ProjectStatus RenderStatus "
            "RtmpStatus SipCallState SipReason TranscriptionStatus VideoType"
        ),
        "tokbox.rest.aio": (
            "AsyncArchives AsyncAudioConnectors AsyncBroadcasts AsyncCallbacks "
            "AsyncConnections AsyncLiveCaptions AsyncModeration AsyncProjects AsyncRenders "
            "AsyncSession AsyncSignals AsyncSip AsyncStreams"
        ),
        "tokbox.rest.http.options": "Limits Options",
        "tokbox.rest.models.page": "Page",
        "tokbox.rest.raw": "APIResponse",
        "tokbox.rest.resources.archives": "Archive Archives Transcription",
        "tokbox.rest.resources.audio_connectors": "AudioConnector AudioConnectors",
        "tokbox.rest.resources.broadcasts": (
            "Broadcast BroadcastSettings BroadcastUrls Broadcasts HlsSettings RtmpOutput"
        ),
        "tokbox.rest.resources.callbacks": "Callback Callbacks",
        "tokbox.rest.resources.captions": "Captions LiveCaptions",
        "tokbox.rest.resources.compositions": "ChosenStream Composition",
        "tokbox.rest.resources.connections": "Connection Connections",
        "tokbox.rest.resources.moderation": "Moderation",
        "tokbox.rest.resources.projects": "Project Projects",
        "tokbox.rest.resources.renders": "Render Renders",
        "tokbox.rest.resources.signals": "Signals",
        "tokbox.rest.resources.sip": "Sip SipCall",
        "tokbox.rest.resources.streams": "Stream Streams",
        "tokbox.rest.session_options": (
            "ArchiveOptions BroadcastOptions CallOptions CaptionsOptions ClientOptions "
            "DialOptions TokenOptions MuteOptions RenderOptions SignalOptions"
        ),
        "tokbox.tokens.batch": "TokenBatch",
        "tokbox.tokens.columns": "ArrowArray ArrowStream",
        "tokbox.tokens.verification.results": "Decoded Verification",
        "tokbox.tokens.row_columns": "Column RoleColumn RowOptions",
        "tokbox.tokens.rs256.keys": "PrivateKeySource PublicKeySource",
        "tokbox.tokens.session": "SessionSigner",
        "tokbox.transport.custom_pool": "Pool",
    }
    __getattr__, __dir__, __all__ = attach(__name__, _HOMES)
